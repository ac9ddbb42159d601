"""Proves the world: always the same, about 70% described, counted calls, hostile pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import descriptors
from .checks import Client
from .world import make_world

if TYPE_CHECKING:
    from .checks import Checks


def run(check: Checks) -> None:
    """Run everything against a thousand repositories."""
    world, twin = make_world(), make_world()
    heads = [{r.full_name: r.branches for r in one.store.repos.values()} for one in (world, twin)]
    check.same("deterministic", heads[0], heads[1])
    other = {r.full_name: r.branches for r in make_world(1000, 2).store.repos.values()}
    check.that("another seed differs", other != heads[0])
    check.same("size", len(world.store.repos), 1000)
    held = sum(bool(one.paths) for one in world.expected.values())
    check.same("described", held, 700)
    defects = {one.defect for one in world.expected.values()} - {""}
    check.same("every defect", defects, set(descriptors.BROKEN))
    for kind in ("valid", "none", "broken", "several", "folder", "monorepo"):
        check.that(f"has {kind}", world.of_kind(kind))
    _hostile(check)
    _counted(check)


def _hostile(check: Checks) -> None:
    """Push every hostile descriptor, one after another, and read it back."""
    world = make_world(60, 4)
    repo, victim = world.of_kind("valid")[0], world.of_kind("valid")[1]
    for kind in (*descriptors.HOSTILE, "stolen name"):
        push = world.push_hostile(kind, repo, victim=victim.name)
        check.same(f"hostile {kind}", push.after, repo.branches[repo.default_branch])
    head = repo.resolve(None)
    data = world.store.blobs[head.files["catalog-info.yaml"].sha] if head else b""
    check.that("stolen", victim.name.encode() in data)


def _counted(check: Checks) -> None:
    """Count the calls of a plain refresh on both products: list, then one call each."""
    world = make_world(120, 5)
    with world.github() as github, world.gitlab() as gitlab:
        secret = github.add_token(scopes=("repo",)).value
        hub = Client(github.api_url, {"Authorization": f"Bearer {secret}"})
        lab = Client(gitlab.api_url, {"PRIVATE-TOKEN": gitlab.add_token().value})
        with world.counting() as counted:
            for page in (1, 2):
                for repo in hub(f"/orgs/acme/repos?per_page=100&page={page}").json():
                    hub(f"/repos/{repo['full_name']}/contents/catalog-info.yaml")
            lab("/groups/acme/projects?include_subgroups=true&per_page=100")
    check.same("list calls", counted["github GET /orgs/{owner}/repos"], 2)
    check.same("file calls", counted["github GET /repos/{o}/{r}/contents/{path*}"], 120)
    check.same("GitLab calls", counted["gitlab GET /groups/{id}/projects"], 1)
    check.same("statuses", sum(github.statuses().values()), 122)
