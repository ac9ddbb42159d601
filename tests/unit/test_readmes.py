"""READMEs that cannot be read are told of, and what was read last stays."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from portal.auth.core import CLI
from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

URL = "/catalog/component/default/a?tab=readme"
COMPONENT = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n"
    "spec: {type: service, lifecycle: production, owner: crew}\n"
)


def ingest(database, folder):
    return Ingest(database, CLI, "s", remove=True).run([Folder.open(str(folder))])


def list_problems(client):
    found = client.get("/api/v1/problems").get_json()["items"]
    return [(p["file"], p["message"]) for p in found if p["rule"] == "readme"]


@pytest.fixture
def readme(database, tmp_path):
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "a.yaml").write_text(COMPONENT)
    (folder / "README.md").write_text("# Hello")
    ingest(database, folder)
    return folder / "README.md"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff\xfe\x00broken", "not text in UTF-8"),
        (b"binary\x00", "binary"),
        (b"a" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_unreadable_readme_stays_and_is_listed(client, database, readme, raw, reason):
    readme.write_bytes(raw)
    ingest(database, readme.parent)
    assert "<h2>Hello</h2>" in client.get(URL).text
    [(file, message)] = list_problems(client)
    assert file == "README.md"
    assert reason in message
    tag = {"If-None-Match": client.get("/api/v1/problems").headers["ETag"]}
    ingest(database, readme.parent)
    assert client.get("/api/v1/problems", headers=tag).status_code == 304
    readme.write_text("# Again")
    ingest(database, readme.parent)
    assert "<h2>Again</h2>" in client.get(URL).text
    assert list_problems(client) == []


@pytest.mark.parametrize("call", ["open", "is_file"])
def test_no_permission_is_listed(client, database, readme, monkeypatch, call):
    real = getattr(Path, call)

    def refuse(self, *args, **options):
        if self.name == "README.md":
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, call, refuse)
    ingest(database, readme.parent)
    monkeypatch.undo()
    assert list_problems(client) == [
        (
            "README.md",
            "The README cannot be read: README.md cannot be read: Permission denied.",
        )
    ]
    assert "<h2>Hello</h2>" in client.get(URL).text


def test_a_readme_that_is_gone_goes(client, database, readme):
    readme.write_bytes(b"\xff")
    ingest(database, readme.parent)
    readme.unlink()
    ingest(database, readme.parent)
    assert client.get(URL).status_code == 404
    assert list_problems(client) == []


def test_readmes_stay_while_a_descriptor_cannot_be_read(client, database, readme):
    (readme.parent / "a.yaml").write_text(COMPONENT + "x: [")
    ingest(database, readme.parent)
    assert "<h2>Hello</h2>" in client.get(URL).text


def test_problems_that_go_change_the_tag(client, database, readme):
    broken = readme.parent / "b.yaml"
    broken.write_text("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: '?'}\n")
    ingest(database, readme.parent)
    before = client.get("/api/v1/problems")
    assert before.get_json()["items"]
    broken.unlink()
    ingest(database, readme.parent)
    tag = {"If-None-Match": before.headers["ETag"]}
    assert client.get("/api/v1/problems", headers=tag).status_code == 200
