"""A proposal for any Git repository: carried by hand with the real git, and seen to be merged."""

from __future__ import annotations

import subprocess

import pytest
from sqlalchemy import select

from portal.auth.core import CLI
from portal.catalog.core.document_fields import Change
from portal.catalog.models import Entity
from portal.infra.clock import utc_now
from portal.settings.outbound import parse_allow_list
from portal.sources.core.declarations import GIT, Declaration
from portal.sources.flows.proposal_states import check_proposals
from portal.sources.flows.proposing import propose_change
from portal.sources.models import ChangeProposal
from tests.servers.git_sources import SECRET
from tests.standins.git_repository import git_environment
from tests.standins.git_server import GitHttpServer, make_repository
from tests.standins.programs import describe_missing, find_git_backend
from tests.unit.managed import declare, make_tools, read

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
]
PATH = "serv ices/ünï/catalog-info.yaml"
TEXT = """\
# Ours since May.
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till} # on the door
spec:
    type:   service
    lifecycle: "production"

    # who is woken
    owner: crew
    dependsOn:
    - resource:drawer   # stuck
    - resource:coins"""
CHANGES = [
    Change("/spec/lifecycle", "deprecated"),
    Change("/spec/dependsOn", ["resource:coins", "resource:notes"]),
    Change("/metadata/annotations", {"pager.example/key": "yes"}),
]


def test_what_git_applies_is_what_was_previewed(database, tmp_path):
    root = tmp_path / "served"
    root.mkdir()
    repo = make_repository(root, "team/one.git", {PATH: TEXT, "README.md": "# Read me\n"})
    tools = make_tools(tmp_path, allow=parse_allow_list("127.0.0.1"))
    with GitHttpServer(root, ("reader", SECRET)) as server:
        declaration = Declaration(GIT, f"{server.url}/team/one.git", user="reader")
        number = declare(database, "one", declaration, password=SECRET)
        read(database, tools, number)
        found = propose_change(
            database, tools, CLI, "component:default/till", CHANGES, dry_run=False, now=utc_now()
        )
        assert found.preview.way == "by_hand"
        assert found.proposal.number is None
        copy, patch = tmp_path / "copy", tmp_path / "change.patch"
        patch.write_bytes(found.preview.diff.encode())
        run(tmp_path, "clone", "-q", str(repo.path), str(copy))
        run(copy, "apply", "--whitespace=nowarn", str(patch))
        assert (copy / PATH).read_text() == TEXT.replace('"production"', '"deprecated"').replace(
            "{name: till}", '{name: till, annotations: {pager.example/key: "yes"}}'
        ).replace("    - resource:drawer   # stuck\n", "") + "\n    - resource:notes"
        run(copy, "commit", "-qam", "As proposed")
        run(copy, "push", "-q", "origin", "HEAD:main")
        check_proposals(database, tools)
        assert list_states(database) == ["open"]
        read(database, tools, number)
        check_proposals(database, tools)
    assert list_states(database) == ["merged"]
    with database.unit(write=False) as session:
        assert session.scalar(select(Entity.document)) == found.preview.entity


def list_states(database):
    with database.unit(write=False) as session:
        return session.scalars(select(ChangeProposal.state)).all()


def run(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, env=git_environment())
