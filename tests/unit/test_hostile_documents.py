"""What a stranger's repository may hold changes nobody's rights and nobody else's entity.

The labels stand in tests/cases/hostile, written by somebody who had not seen the code.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.auth.models import Account, AccountTeam, GroupRule
from portal.auth.service.removal import put_demo_account
from portal.catalog.models import CatalogProblem, Entity, EntityAlias, EntityRelation
from portal.infra.clock import utc_now
from portal.ownership.service import refresh_all
from portal.sources.core.policies import Policy
from portal.sources.models import Source
from portal.sources.service.declaring import confirm_removals
from portal.sources.service.trust import set_trust
from tests.unit.managed import declare_folder, make_tools, read

FOLDER = Path(__file__).parents[1] / "cases" / "hostile"
WORLD = json.loads((FOLDER / "world.json").read_text())
CASES = [
    case
    for name in ("cases.json", "held_back.json")
    for case in json.loads((FOLDER / name).read_text())
]
ELEMENT = re.compile(r"<[a-zA-Z!][^>\n]{2,80}>")
LINK = re.compile(
    r"""(?:href|src|action)\s*=\s*["']?\s*(javascript|data|vbscript):""", re.IGNORECASE
)


class Village:
    """The two sources of the world, on disk and in the catalog."""

    def __init__(self, database, folder) -> None:
        self.database, self.folder = database, folder
        self.tools = make_tools(folder)
        for name in ("platform", "stranger"):
            for path, text in WORLD[name]["files"].items():
                self.put(name, path, text)
        kinds = tuple(kind.lower() for kind in WORLD["stranger"]["kinds"])
        self.platform = declare_folder(database, folder / "platform", "platform")
        self.stranger = declare_folder(
            database, folder / "stranger", "stranger", policy=Policy(kinds)
        )
        with database.unit(write=True) as session:
            source = session.get_one(Source, self.platform)
            set_trust(session, CLI, source, people=True, now=utc_now())
        self.read(self.platform)
        self.read(self.stranger)

    def put(self, name, path, text):
        """Write a file of a source."""
        file = self.folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("utf-8", "surrogatepass"))

    def read(self, number):
        """Read a source and let everybody's teams follow."""
        source = read(self.database, self.tools, number)
        assert not source.failure
        with self.database.unit(write=True) as session:
            refresh_all(session, "all", utc_now())

    def forget(self, number):
        """Read a source that lost something, and agree where that is held."""
        self.read(number)
        with self.database.unit(write=True) as session:
            source = session.get_one(Source, number)
            if not source.held:
                return
            confirm_removals(session, CLI, source, now=utc_now())
        self.read(number)

    def shows(self, *, of="platform"):
        """Return all that a source's own documents state, and what anybody may do."""
        with self.database.unit(write=False) as session:

            def rows(*columns, where=True):
                return sorted(map(str, session.execute(select(*columns).where(where))))

            refs = select(Entity.ref).where(Entity.source == of)
            return {
                "entities": rows(
                    Entity.ref,
                    Entity.source,
                    Entity.file,
                    Entity.document,
                    Entity.owner,
                    Entity.tier,
                    where=Entity.source == of,
                ),
                "aliases": rows(
                    EntityAlias.ref, EntityAlias.value, where=EntityAlias.ref.in_(refs)
                ),
                "relations": rows(
                    EntityRelation.declared_by,
                    EntityRelation.type,
                    EntityRelation.target,
                    where=EntityRelation.declared_by.in_(refs),
                ),
                "teams": rows(AccountTeam.account_id, AccountTeam.team),
                "accounts": rows(Account.id, Account.name, Account.role),
                "rules": rows(GroupRule.id, GroupRule.role),
                "trust": rows(Source.name, Source.is_people_authority, Source.declaration),
            }

    def refs(self, source):
        """Return the references a source holds."""
        with self.database.unit(write=False) as session:
            return set(session.scalars(select(Entity.ref).where(Entity.source == source)))

    def has_problem(self, path):
        """Whether anything is said about a file of the stranger's."""
        with self.database.unit(write=False) as session:
            query = select(CatalogProblem.id).where(
                CatalogProblem.source == "stranger", CatalogProblem.file == path
            )
            return session.scalar(query.limit(1)) is not None


@pytest.fixture
def village(database, tmp_path):
    with database.unit(write=True) as session:
        put_demo_account(
            session,
            CLI,
            "alice",
            role="member",
            user_ref="user:default/alice",
            title="Alice",
            now=utc_now(),
        )
    return Village(database, tmp_path / "village")


def test_no_case_changes_a_right_or_another_teams_entity(village, client):
    before, own = village.shows(), village.refs("stranger")
    assert "group:default/admins" in str(before["teams"])
    wrong = []
    for case in CASES:
        text = case["text"]
        if repeat := case.get("repeat"):
            text = text.replace(repeat["mark"], repeat["text"] * repeat["times"], 1)
        path = case["path"]
        if (village.folder / "stranger" / path).exists():
            continue
        village.put("stranger", path, text)
        village.read(village.stranger)
        first = village.shows(of="stranger")
        village.read(village.platform)
        village.read(village.stranger)
        wrong += [f"{case['name']}: {fault}" for fault in judge(village, client, case, before)]
        if village.shows(of="stranger") != first:
            wrong.append(f"{case['name']}: the second run gives something else")
        (village.folder / "stranger" / path).unlink()
        village.forget(village.stranger)
        if village.shows() != before or village.refs("stranger") != own:
            wrong.append(f"{case['name']}: it leaves something behind")
    assert not wrong, "\n".join(wrong)


def judge(village, client, case, before):
    """Yield what does not hold for a case."""
    after = village.shows()
    for name, held in before.items():
        if after[name] != held:
            yield f"{name} changed: {set(after[name]) ^ set(held)}"
    held = village.refs("stranger")
    if "component:default/bystander" not in held:
        yield "the bystander is gone"
    if case["expect"] == "refused" and held & set(case["refs"]):
        yield f"{held & set(case['refs'])} is there"
    if case["expect"] == "problem" and not village.has_problem(case["path"]):
        yield "nobody is told"
    yield from look(client, case, held)


def look(client, case, held):
    """Yield what a page or an answer shows that it must not."""
    addresses = ["/catalog?view=everything&q=a", "/problems?source=stranger", "/api/v1/problems"]
    for ref in sorted(held):
        kind, _, rest = ref.partition(":")
        addresses += [f"/catalog/{kind}/{rest}", f"/api/v1/entities/{kind}/{rest}"]
    elements = set(ELEMENT.findall(case["text"]))
    for address in addresses:
        answer = client.get(address)
        if answer.status_code >= 500:
            yield f"{address} answers {answer.status_code}"
        if answer.mimetype != "text/html":
            continue
        page = answer.get_data(as_text=True)
        shown = [element for element in elements if element in page]
        if shown and html.escape(shown[0]) != shown[0]:
            yield f"{address} holds {shown}"
        if LINK.search(page):
            yield f"{address} links to {LINK.search(page)[0]}"
