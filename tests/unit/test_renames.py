"""New names recognised in files, given by hand, and followed by what hangs on a name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account
from portal.auth.service.accounts import create_account
from portal.catalog.core.document_fields import Change
from portal.catalog.core.runs import group_changes
from portal.catalog.models import CatalogProblem, EntityMark, EntityOverlay, RemovedEntity, Star
from portal.catalog.service.editing import edit_entity
from portal.catalog.service.marks import MarkValue, write_marks
from portal.infra.clock import utc_now
from portal.ownership.models import Confirmation
from portal.sources.core.renames import Known, match_renames
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from tests.unit.managed import component

TELLING = {"description": "Takes money", "links": [{"url": "https://x.example"}]}


def known(name, file="a.yaml", number=1, kind="component", spec=None, **metadata):
    spec = spec or {"type": "service", "lifecycle": "production", "owner": "crew"}
    document = {"metadata": {"name": name, **metadata}, "spec": spec}
    return Known(f"{kind}:default/{name}", kind, file, number, document)


def match(gone, fresh, **stood):
    found = match_renames(gone, fresh, lambda path, number: stood.get(f"{path[0]}{number}"))
    return {old.rpartition("/")[2]: new.rpartition("/")[2] for old, new in found.items()}


@pytest.mark.parametrize(
    ("gone", "fresh", "expected"),
    [
        # The same place of the same file, whatever it says.
        ([known("a")], [known("b", spec={"type": "job"})], {"a": "b"}),
        ([known("a")], [known("b", number=2)], {}),
        ([known("a")], [known("b", kind="resource")], {}),
        # Elsewhere only what says the same of itself, and says something.
        ([known("a", **TELLING)], [known("b", "b.yaml", **TELLING)], {"a": "b"}),
        ([known("a")], [known("b", "b.yaml")], {}),
        (
            [known("a", **TELLING)],
            [known("b", "b.yaml", **{**TELLING, "description": "Takes it all"})],
            {"a": "b"},
        ),
        (
            [known("a", **TELLING)],
            [known("b", "b.yaml", **{**TELLING, "links": [], "description": "Else"})],
            {},
        ),
        ([known("a", **TELLING)], [known("b", "b.yaml", spec={"type": "x"}, **TELLING)], {}),
        # Two that could be meant: nothing.
        (
            [known("a", **TELLING)],
            [known("b", "b.yaml", **TELLING), known("c", "c.yaml", **TELLING)],
            {},
        ),
        (
            [known("a", **TELLING), known("z", "z.yaml", **TELLING)],
            [known("b", "b.yaml", **TELLING)],
            {},
        ),
        ([known("a", **TELLING)], [known("b"), known("c", "c.yaml", **TELLING)], {}),
    ],
)
def test_only_what_is_surely_the_same_is_a_new_name(gone, fresh, expected):
    assert match(gone, fresh) == expected


def test_who_takes_over_the_place_of_somebody_that_stays_is_nobodys_new_name():
    gone, fresh = [known("a", **TELLING)], [known("c", "b.yaml", **TELLING)]
    assert match(gone, fresh, b1="component:default/b") == {}
    assert match(gone, fresh, b1="component:default/a") == {"a": "c"}


class Row:
    def __init__(self, number, change="created", source="s", actor="job", at=None) -> None:
        self.id, self.change, self.source, self.actor = number, change, source, actor
        self.at = at or utc_now().replace(microsecond=0)


def test_many_changes_of_one_run_are_one_line():
    at = utc_now()
    rows = [Row(9, "updated", at=at), *(Row(n, at=at) for n in range(8, 2, -1)), Row(2, "renamed")]
    assert [(g.count, g.last) for g in group_changes(rows)] == [(1, 9), (6, 3), (1, 2)]
    assert [g.count for g in group_changes([Row(n, "renamed", at=at) for n in range(9)])] == [1] * 9
    few = [Row(n, at=at) for n in range(3)]
    assert [g.count for g in group_changes(few)] == [1, 1, 1]


def ingest(database, folder):
    return Ingest(database, CLI, "files").run([Folder.open(str(folder))])


def test_what_hangs_on_a_name_follows_it(database, tmp_path):
    """One file names its entity otherwise, though most of the source goes on as it was."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "till.yaml").write_text(component("till"))
    (folder / "shop.yaml").write_text(component("shop", dependsOn="[component:till]"))
    followed = []
    database.contributions = replace(
        database.contributions,
        followers=(
            *database.contributions.followers,
            lambda _, old, new, __: followed.append((old, new)),
        ),
    )
    ingest(database, folder)
    old, new = "component:default/till", "component:default/checkout"
    with database.unit(write=True) as session:
        account = create_account(session, CLI, "pat", role="viewer", now=utc_now())
        session.add(Star(account_id=account.id, ref=old, starred_at=utc_now()))
        write_marks(session, CLI, "health", marks=[MarkValue(old, 1, "ok", "fine", utc_now())])
        confirmed = {"confirmed_by": "p", "confirmed_at": utc_now(), "confirmed": {}}
        session.add(Confirmation(ref=old, owner="group:default/crew", **confirmed))
        title = [Change("/metadata/title", "The till")]
        edit_entity(session, CLI, old, changes=title, version=None, now=utc_now())
    (folder / "till.yaml").write_text(component("checkout"))
    outcome = ingest(database, folder)
    counts = outcome.created, outcome.renamed, outcome.removed, outcome.held
    # Half of the source vanished and nothing is held: a new name is no loss.
    assert counts == (0, 1, 0, 0)
    assert followed == [(old, new)]
    with database.unit(write=False) as session:
        assert find_account(session, "pat") is not None
        for column in (Star.ref, EntityMark.ref, EntityOverlay.ref, Confirmation.ref):
            assert session.scalars(select(column)).all() == [new]
        assert session.scalars(select(RemovedEntity.ref)).all() == []
        problem = session.scalar(
            select(CatalogProblem.message).where(
                CatalogProblem.rule == "dangling", CatalogProblem.message.contains("till")
            )
        )
        assert problem == f"Nothing is called `{old}`. It was renamed to `{new}`."
