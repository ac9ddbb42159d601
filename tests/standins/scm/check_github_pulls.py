"""Proves the writing endpoints of the GitHub stand-in, from the branch to the pull request."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .checks import Client

if TYPE_CHECKING:
    from .checks import Checks
    from .github import GitHubStandIn
    from .world import World

READ = {"contents": "read", "metadata": "read"}


def pulls(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Propose a change from the branch to the pull request, stumbling on purpose."""
    repo, push = world.create("proposals", {"catalog-info.yaml": "kind: Component\n"})
    base, text = f"/repos/{repo.full_name}", base64.b64encode(b"kind: API\n").decode()
    ref = {"ref": "refs/heads/fix", "sha": push.after}
    check.same("ref", client(f"{base}/git/refs", "POST", json=ref).status_code, 201)
    check.same("ref exists", client(f"{base}/git/refs", "POST", json=ref).status_code, 422)
    wrong = ref | {"ref": "refs/heads/x", "sha": "0" * 40}
    check.same("no object", client(f"{base}/git/refs", "POST", json=wrong).status_code, 422)
    ask = {"title": "Fix", "head": "fix", "base": "main"}
    early = client(f"{base}/pulls", "POST", json=ask)
    check.that("no commits", early.status_code == 422 and "No commits" in early.text, early.text)
    put = {"message": "m", "content": text, "branch": "fix"}
    where = f"{base}/contents/catalog-info.yaml"
    check.same("sha missing", client(where, "PUT", json=put).status_code, 422)
    check.same("sha stale", client(where, "PUT", json=put | {"sha": "0" * 40}).status_code, 409)
    sha = client(f"{where}?ref=fix").json()["sha"]
    check.same("updated", client(where, "PUT", json=put | {"sha": sha}).status_code, 200)
    check.same("created", client(f"{base}/contents/new.md", "PUT", json=put).status_code, 201)
    check.same(
        "no head", client(f"{base}/pulls", "POST", json=ask | {"head": "gone"}).status_code, 422
    )
    check.same("pull", client(f"{base}/pulls", "POST", json=ask).json()["number"], 1)
    twice = client(f"{base}/pulls", "POST", json=ask)
    check.that("exists", twice.status_code == 422 and "already exists" in twice.text, twice.text)
    check.same("listed", len(client(f"{base}/pulls?head=acme:fix").json()), 1)
    check.same("bad JSON", client(f"{base}/pulls", "POST", data="{").status_code, 400)
    _refused_pulls(check, world, home, client)


def _refused_pulls(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Be refused for the token, the protection and the archive; merge in between."""
    repo = world.repo("proposals")
    base, head = f"/repos/{repo.full_name}", repo.branches["main"]
    ref, where = {"ref": "refs/heads/fix", "sha": head}, f"{base}/contents/catalog-info.yaml"
    put, ask = {"message": "m", "content": "", "branch": "main"}, {"title": "F", "head": "fix"}
    weak = home.add_token("fine-grained", owner="acme", permissions=READ)
    reader = Client(home.api_url, {"Authorization": f"Bearer {weak.value}"})
    check.same("read only", reader(f"{base}/git/refs", "POST", json=ref).status_code, 403)
    check.same(
        "anonymous write", Client(home.api_url)(f"{base}/pulls", "POST", json=ask).status_code, 401
    )
    repo.protected.add("main")
    check.same(
        "protected",
        client(where, "PUT", json=put | {"sha": head}).status_code,
        409,
    )
    check.same("merge", client(f"{base}/pulls/1/merge", "PUT", json={}).json()["merged"], True)
    world.archive(repo)
    check.same(
        "archived",
        client(f"{base}/git/refs", "POST", json=ref | {"ref": "refs/heads/z"}).status_code,
        403,
    )
