"""Reading a managed source: ended early, it is done by the next run; unpaused, unmoved, removed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.models import Entity
from portal.infra.clock import utc_now
from portal.infra.queue import Stopped
from portal.infra.secrets import SecretBox
from portal.sources.core.declarations import GIT, GITHUB, GITLAB, Declaration
from portal.sources.jobs import expire, make_refresh, schedule
from portal.sources.models import Source, SourceRun
from portal.sources.service.declaring import pause_source, remove_source
from tests.unit.managed import component, declare, declare_folder, make_tools, read


def names(database):
    with database.unit(write=False) as session:
        return set(session.scalars(select(Entity.name)))


def test_a_run_that_is_told_to_end_is_done_by_the_next(database, tmp_path):
    tools, folder = make_tools(tmp_path), tmp_path / "many"
    number = declare_folder(database, folder, "many")
    for count in range(9):
        (folder / f"{count}.yaml").write_text(component(f"n{count}"))
    asked = []

    def pause():
        asked.append(1)
        if len(asked) == 5:
            raise Stopped

    with pytest.raises(Stopped):
        make_refresh(lambda: tools, pause)(database, str(number), utc_now())
    assert len(names(database)) < 9
    source = read(database, tools, number)
    assert len(names(database)) == 9
    assert source.requests == source.served
    with database.unit(write=False) as session:
        outcomes = session.scalars(select(SourceRun.outcome).order_by(SourceRun.id)).all()
    assert outcomes == ["cut_short", "done"]


def test_a_paused_source_is_left_alone(database, tmp_path):
    tools, folder = make_tools(tmp_path), tmp_path / "one"
    number = declare_folder(database, folder, "one")
    (folder / "a.yaml").write_text(component("a"))
    with database.unit(write=True) as session:
        pause_source(session, CLI, session.get_one(Source, number), paused=True, now=utc_now())
    read(database, tools, number)
    assert names(database) == set()
    with database.unit(write=True) as session:
        schedule(session, "", utc_now())
    with database.unit(write=True) as session:
        pause_source(session, CLI, session.get_one(Source, number), paused=False, now=utc_now())
    read(database, tools, number)
    assert names(database) == {"a"}


def test_a_removed_source_takes_what_it_brought_along(database, tmp_path):
    tools, folder = make_tools(tmp_path), tmp_path / "one"
    number = declare_folder(database, folder, "one")
    (folder / "a.yaml").write_text(component("a"))
    read(database, tools, number)
    with database.unit(write=True) as session:
        remove_source(session, CLI, session.get_one(Source, number), now=utc_now())
    expire(database, "", utc_now())
    assert names(database) == set()
    with database.unit(write=False) as session:
        assert session.get(Source, number) is None


def test_a_folder_outside_the_allowed_ones_is_not_read(database, tmp_path):
    tools = make_tools(tmp_path)
    folder = tmp_path / "secret"
    number = declare_folder(database, folder, "secret")
    (folder / "a.yaml").write_text(component("a"))
    link = tmp_path / "allowed"
    link.mkdir()
    (link / "way").symlink_to(folder)
    with database.unit(write=True) as session:
        source = session.get_one(Source, number)
        source.declaration = {**source.declaration, "address": str(link / "way")}
    narrow = type(tools)(tools.outbound, tools.box, tools.folder, (str(link),))
    source = read(database, narrow, number)
    assert "PORTAL_SOURCE_FOLDERS" in source.failure
    assert names(database) == set()


@pytest.mark.parametrize(
    "declaration",
    [
        Declaration(GIT, "https://git.example.test/shop", user="reader"),
        Declaration(GITHUB, "https://api.github.com", organisation="shop"),
        Declaration(GITLAB, "https://gitlab.com", organisation="shop"),
    ],
)
def test_a_secret_that_is_lost_is_told_and_nothing_is_called(database, tmp_path, declaration):
    number = declare(database, "shop", declaration, token="x" * 20)
    tools = make_tools(tmp_path)
    source = read(database, replace(tools, box=SecretBox("another" * 6)), number)
    assert "secret" in source.failure
    assert "enter it once more" in source.failure_fix
    assert source.failing_since is not None


def test_a_token_is_not_sent_in_the_clear(database, tmp_path):
    declaration = Declaration(GITHUB, "http://hub.example.test/api/v3", organisation="shop")
    number = declare(database, "shop", declaration, token="x" * 20)
    source = read(database, make_tools(tmp_path), number)
    assert source.failure
    assert "x" * 20 not in source.failure
