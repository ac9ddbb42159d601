"""Changes proposed to GitHub and GitLab: asked for once, found again, refused in words."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.core import CLI
from portal.catalog.core.document_fields import Change
from portal.catalog.models import Entity
from portal.errors import Conflict, InvalidInput, NotFound, Unavailable
from portal.infra.clock import utc_now
from portal.infra.outbound import Limits
from portal.settings.outbound import parse_allow_list
from portal.sources.core.declarations import GITHUB, GITLAB, Declaration
from portal.sources.flows import proposing
from portal.sources.flows.proposal_states import check_proposals
from portal.sources.flows.proposing import propose_change
from portal.sources.models import ChangeProposal
from tests.standins.scm import make_world, private_key_pem
from tests.unit.managed import declare, make_tools, read, read_requested

NAME = "catalog-info.yaml"
PATH = "deep er/catalog-info.yaml"
TEXT = """\
# Tills: ask the crew before you touch this.\r
---\r
apiVersion: backstage.io/v1alpha1\r
kind: Component\r
metadata:\r
  name: till   # as on the door\r
  description:\r
    $text: ./about.md\r
spec: {type: service, lifecycle: production, owner: crew}\r
---\r
apiVersion: backstage.io/v1alpha1\r
kind: System\r
metadata:\r
    name: tills\r
spec:\r
    owner: 'crew'"""
TILL, TILLS = "component:default/till", "system:default/tills"
OWNER = [Change("/spec/owner", "harbour"), Change("/metadata/tags", ["new"])]


@pytest.fixture
def tools(tmp_path):
    return make_tools(tmp_path, allow=parse_allow_list("127.0.0.1"))


class Site:
    """An organisation that was read, and what a test does to it."""

    def __init__(self, database, tools, home, world, number) -> None:
        self.database, self.tools, self.home, self.world = database, tools, home, world
        self.number, self.repo = number, world.repo("till")
        read(database, tools, number)

    def propose(self, ref=TILL, changes=OWNER, **more):
        options = {"dry_run": False, "now": utc_now(), **more}
        return propose_change(self.database, self.tools, CLI, ref, changes, **options)

    def read_rows(self):
        with self.database.unit(write=False) as session:
            return session.scalars(select(ChangeProposal).order_by(ChangeProposal.id)).all()

    def check(self):
        check_proposals(self.database, self.tools)
        return [row.state for row in self.read_rows()]

    def find(self, ref):
        with self.database.unit(write=False) as session:
            return session.scalar(select(Entity.document).where(Entity.ref == ref))


@pytest.fixture(params=[GITHUB, GITLAB])
def site(request, database, tools):
    world = make_world(4)
    world.create("till", {PATH: TEXT, "deep er/about.md": "Takes coins.\n", "other": "1\n"})
    kind = request.param
    with world.github() if kind == GITHUB else world.gitlab() as home:
        token = home.add_token(scopes=("repo",) if kind == GITHUB else ("api",))
        address = home.api_url if kind == GITHUB else home.api_url.removesuffix("/api/v4")
        declaration = Declaration(
            kind, address, organisation="acme", patterns=("**/catalog-info.yaml",)
        )
        number = declare(database, "acme", declaration, token=token.value)
        yield Site(database, tools, home, world, number)


def test_a_proposal_comes_back_as_it_was_previewed(site):
    found = site.propose(dry_run=True)
    assert found.proposal is None
    preview = found.preview
    assert preview.way == "by_request"
    assert preview.entity["metadata"]["description"] == "Takes coins.\n"
    assert preview.entity["spec"]["owner"] == "harbour"
    assert site.read_rows() == []
    made = site.propose(base=preview.base)
    assert made.preview == preview
    assert made.proposal.number == 1
    assert made.proposal.branch.startswith("plumbline/till-")
    # Once more, by anyone, finds the one that is open; a lost row too.
    assert site.propose().proposal.id == made.proposal.id
    with site.database.unit(write=True) as session:
        session.delete(session.get_one(ChangeProposal, made.proposal.id))
    assert site.propose().proposal.number == 1
    assert site.check() == ["open"]
    second = site.propose(TILLS, [Change("/spec/domain", "sea")]).proposal
    assert second.number == 2
    for proposal in site.repo.pulls or site.repo.merge_requests:
        if proposal.number == 1:
            site.world.merge_proposal(site.repo, proposal)
        else:
            site.world.close_proposal(site.repo, proposal)
    assert site.check() == ["merged", "closed"]
    read_requested(site.database, site.tools)
    assert site.find(TILL) == preview.entity
    with site.database.unit(write=False) as session:
        acts = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [act for act in acts if act.startswith("proposal.")] == [
        "proposal.open",
        "proposal.open",
        "proposal.open",
        "proposal.merged",
        "proposal.closed",
    ]


def test_git_makes_of_the_file_what_was_previewed(site, tmp_path):
    preview = site.propose(dry_run=True).preview
    file = tmp_path / "copy" / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(TEXT.encode())
    git = ["git", "-c", "core.autocrlf=false", "-C", str(tmp_path / "copy")]
    subprocess.run([*git, "init", "-q"], check=True)
    patch = tmp_path / "change.patch"
    patch.write_bytes(preview.diff.encode())
    subprocess.run([*git, "apply", "--whitespace=nowarn", str(patch)], check=True)
    made = site.propose().proposal
    assert made.diff == preview.diff
    site.world.merge_proposal(site.repo)
    site.check()
    read_requested(site.database, site.tools)
    assert site.find(TILL) == preview.entity


def test_a_file_that_moved_on_is_told(site):
    preview = site.propose(dry_run=True).preview
    site.world.change(site.repo, PATH, TEXT.replace("the door", "the gate"))
    with pytest.raises(Conflict, match="changed since the preview"):
        site.propose(base=preview.base)
    assert "the gate" in site.propose(dry_run=True).preview.diff
    site.world.change(site.repo, PATH, TEXT.replace("till", "tall"))
    with pytest.raises(Conflict, match="does not define"):
        site.propose()
    site.world.remove_file(site.repo, PATH)
    with pytest.raises(NotFound, match="not there any more"):
        site.propose()


def test_what_cannot_be_proposed_says_why(site):
    with pytest.raises(InvalidInput, match="another file"):
        site.propose(changes=[Change("/metadata/description", "x")])
    with pytest.raises(InvalidInput, match="nothing would change"):
        site.propose(changes=[Change("/spec/owner", "crew")])
    with pytest.raises(InvalidInput, match="cannot be changed so"):
        site.propose(changes=[Change("/metadata/name", "x")])
    with pytest.raises(InvalidInput, match="not be valid"):
        site.propose(changes=[Change("/spec/type", 3)])
    assert site.read_rows() == []


@pytest.mark.parametrize("kind", [GITHUB, GITLAB])
def test_a_missing_scope_is_named(database, tools, kind):
    world = make_world(4)
    world.create("till", {PATH: TEXT, "deep er/about.md": "Takes coins.\n"})
    with world.github() if kind == GITHUB else world.gitlab() as home:
        if kind == GITHUB:
            token = home.add_token(
                "fine-grained", owner="acme", permissions={"contents": "read", "metadata": "read"}
            )
        else:
            token = home.add_token(scopes=("read_api",))
        address = home.api_url if kind == GITHUB else home.api_url.removesuffix("/api/v4")
        declaration = Declaration(
            kind, address, organisation="acme", patterns=("**/catalog-info.yaml",)
        )
        number = declare(database, "acme", declaration, token=token.value)
        site = Site(database, tools, home, world, number)
        assert site.propose(dry_run=True).preview.diff
        with pytest.raises(Unavailable) as refused:
            site.propose()
        wanted = "Contents: write" if kind == GITHUB else "`api`"
        assert "not write" in refused.value.detail
        assert wanted in refused.value.fix


def test_an_answer_that_got_lost_is_made_up_for(site):
    for on in ("POST", "PUT"):
        site.home.fail("lost_answer", on=on)
        with suppress(Unavailable):
            site.propose(changes=[Change("/spec/system", f"s-{on.lower()}")])
        made = site.propose(changes=[Change("/spec/system", f"s-{on.lower()}")]).proposal
        assert made.number
    assert len({row.number for row in site.read_rows()}) == 2


def test_an_app_writes_only_where_it_was_granted(database, tools):
    world = make_world(4)
    repo, _ = world.create("till", {PATH: TEXT, "deep er/about.md": "Takes coins.\n"})
    with world.github() as home:
        home.install("acme", {"contents": "write", "metadata": "read"})
        declaration = Declaration(
            GITHUB,
            home.api_url,
            organisation="acme",
            patterns=("**/catalog-info.yaml",),
            app_id=str(home.app.id),
        )
        number = declare(database, "acme", declaration, app_key=private_key_pem())
        site = Site(database, tools, home, world, number)
        with pytest.raises(Unavailable, match="not granted") as refused:
            site.propose()
        assert "Pull requests: write" in refused.value.fix
        assert list(repo.branches) == ["main"]
        installation = next(iter(home.app.installations.values()))
        installation.permissions["pull_requests"] = "write"
        assert site.propose().proposal.number == 1


def test_a_branch_without_its_request_is_taken_away(database, tools):
    world = make_world(4)
    repo, _ = world.create("till", {PATH: TEXT, "deep er/about.md": "Takes coins.\n"})
    with world.github() as home:
        granted = {"contents": "write", "metadata": "read"}
        token = home.add_token("fine-grained", owner="acme", permissions=granted)
        declaration = Declaration(
            GITHUB, home.api_url, organisation="acme", patterns=("**/catalog-info.yaml",)
        )
        number = declare(database, "acme", declaration, token=token.value)
        with pytest.raises(Unavailable, match="not write"):
            Site(database, tools, home, world, number).propose()
        assert list(repo.branches) == ["main"]


def test_a_host_that_does_not_answer_is_told_in_time(site, monkeypatch):
    monkeypatch.setattr(proposing, "LIMITS", Limits(total_seconds=1.0, read_seconds=0.5))
    site.home.fail("hang", times=9)
    began = time.monotonic()
    with pytest.raises(Unavailable):
        site.propose()
    assert time.monotonic() - began < 4
    assert site.read_rows() == []


def test_somebody_elses_work_on_the_branch_is_left_alone(site):
    branch = site.propose().proposal.branch
    site.world.close_proposal(site.repo)
    assert site.check() == ["closed"]
    site.world.change(site.repo, PATH, TEXT.replace("crew", "others"), branch=branch)
    with pytest.raises(Conflict, match="branch"):
        site.propose()
