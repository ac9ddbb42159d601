"""Forms of sources: only what a kind needs, problems by field, secrets that never come back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from portal.factory.tools import create_secret_box
from portal.infra.vault import find_secret
from portal.sources.core.declarations import Declaration
from portal.sources.models import Source
from portal.sources.service.declaring import name_secret
from tests.unit.source_looks import get_source, post

TOKEN = "ghp_never_shown_again"


def test_choice_then_only_the_fields_of_a_kind(admin):
    choice = admin.get("/sources/new").text
    kinds = set(re.findall(r"/sources/new\?kind=(\w+)", choice))
    assert kinds == {"folder", "git", "url", "github", "gitlab"}

    def fields(kind):
        return set(re.findall(r' name="(\w+)"', admin.get(f"/sources/new?kind={kind}").text))

    assert not {"token", "private_key", "include", "organisation"} & fields("folder")
    assert {"private_key", "host_key", "password", "branch"} <= fields("git")
    assert "patterns" not in fields("url")
    assert {"app_key", "token", "include", "forks"} <= fields("github")
    assert "app_id" not in fields("gitlab")
    assert admin.get("/sources/new?kind=ftp").status_code == 422


def test_problems_keep_what_was_typed_but_no_secret(admin, database):
    answer = post(
        admin,
        "/sources/new",
        kind="github",
        name="larkmoor",
        organisation="",
        address="ftp://hub.example.com",
        token=TOKEN,
        exclude="docs-*\r\nold-*",
        kinds="component",
    )
    assert answer.status_code == 422
    assert TOKEN not in answer.text
    assert 'value="ftp://hub.example.com"' in answer.text
    assert "docs-*\nold-*" in answer.text
    assert 'id="field-organisation-error"' in answer.text
    assert 'id="field-address-error"' in answer.text
    assert re.findall(r'name="kinds" value="(\w+)" checked', answer.text) == ["component"]
    with database.unit(write=False) as session:
        assert session.scalar(select(Source.id)) is None


@pytest.mark.parametrize("name", ["", "Shop", "a b", "-a", "a" * 101])
def test_wrong_name_is_told_at_its_field(admin, tmp_path, name):
    answer = post(admin, "/sources/new", kind="folder", name=name, address=str(tmp_path))
    assert answer.status_code == 422
    assert 'id="field-name-error"' in answer.text


def test_everything_that_is_wrong_is_told_at_once(admin):
    answer = post(admin, "/sources/new", kind="folder", name="A b", address="/etc")
    assert 'id="field-name-error"' in answer.text
    assert 'id="field-address-error"' in answer.text


def test_folder_outside_the_allowed_ones_is_refused(admin):
    answer = post(admin, "/sources/new", kind="folder", name="etc", address="/etc")
    assert answer.status_code == 422
    assert "PORTAL_SOURCE_FOLDERS" in answer.text


def test_name_that_is_taken_is_told(admin, shop, tmp_path):
    answer = post(admin, "/sources/new", kind="folder", name="shop", address=str(tmp_path))
    assert answer.status_code == 422
    assert "A source called" in answer.text


def test_added_source_is_asked_for_and_shown(admin, database, settings):
    answer = post(
        admin,
        "/sources/new",
        kind="github",
        name="larkmoor",
        organisation="larkmoor",
        address="https://hub.example.com/api/v3",
        token=TOKEN,
        patterns="a.yaml\r\nb.yaml",
        every_minutes="30",
        exclude="old-*",
    )
    assert answer.status_code == 303
    number = int(answer.location.rpartition("/")[2])
    declared = Declaration.read(get_source(database, number).declaration)
    assert declared.patterns == ("a.yaml", "b.yaml")
    assert declared.discovery.exclude == ("old-*",)
    assert declared.every_minutes == 30
    assert "user" not in declared.policy.kinds
    with database.unit(write=False) as session:
        box = create_secret_box(settings)
        assert find_secret(session, box, name_secret(number, "token")) == TOKEN
    page = admin.get(answer.location).text
    assert "is asked for and read as soon as a worker is free" in page
    assert f'hx-get="/sources/{number}"' in page
    assert f"http://localhost:8900/api/v1/sources/{number}/webhook" in page
    assert TOKEN not in page


def test_change_keeps_secrets_that_are_left_empty(admin, database, settings):
    number = int(
        post(
            admin,
            "/sources/new",
            kind="url",
            name="one",
            address="https://files.example.com/a.yaml",
            token=TOKEN,
            webhook="hook-secret",
        ).location.rpartition("/")[2]
    )
    page = admin.get(f"/sources/{number}/edit").text
    assert page.count("One is kept") == 2
    assert TOKEN not in page
    answer = post(
        admin,
        f"/sources/{number}/edit",
        kind="url",
        revision="1",
        address="https://files.example.com/b.yaml",
        by_hand="1",
        forget="webhook",
    )
    assert answer.status_code == 303
    box = create_secret_box(settings)
    with database.unit(write=False) as session:
        assert find_secret(session, box, name_secret(number, "token")) == TOKEN
        assert find_secret(session, box, name_secret(number, "webhook")) is None
    source = get_source(database, number)
    assert Declaration.read(source.declaration).every_minutes is None
    assert source.next_run_at is None


def test_two_who_change_at_once_are_told(admin, database, shop, tmp_path):
    url, same = f"/sources/{shop}/edit", {"kind": "folder", "address": str(tmp_path / "shop")}
    assert post(admin, url, revision="1", every_minutes="7", **same).status_code == 303
    late = post(admin, url, revision="1", every_minutes="9", **same)
    assert late.status_code == 409
    assert "Somebody else changed this source" in late.text
    assert 'value="9"' in late.text
    assert Declaration.read(get_source(database, shop).declaration).every_minutes == 7
    revision = re.search(r'name="revision" value="(\d+)"', late.text)[1]
    assert post(admin, url, revision=revision, every_minutes="9", **same).status_code == 303
    assert Declaration.read(get_source(database, shop).declaration).every_minutes == 9


def test_forms_need_their_token(admin, shop):
    assert admin.post(f"/sources/{shop}/pause").status_code == 400
