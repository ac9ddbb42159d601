"""Proves the GitHub stand-in: the good path, then every refusal and fault."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import requests

from .check_github_faults import apps, faults, limits
from .check_github_pulls import READ, pulls
from .checks import Client
from .gitobjects import Content
from .world import make_world

if TYPE_CHECKING:
    from .checks import Checks
    from .github import GitHubStandIn
    from .world import World


def run(check: Checks) -> None:
    """Run everything against a small world."""
    world = make_world(250, 3)
    with world.github() as home:
        token = home.add_token(scopes=("repo",))
        client = Client(home.api_url, {"Authorization": f"Bearer {token.value}"})
        for part in (lists, files, conditions, searching, refusals, permissions, renames, pulls):
            part(check, world, home, client)
        limits(check, home, client)
        faults(check, home, client)
        apps(check, world, home)
    check.that("stopped", _refused(home.base_url))


def _refused(url: str) -> bool:
    try:
        requests.get(url, timeout=1)
    except requests.ConnectionError:
        return True
    return False


def lists(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Walk the pages by the Link header."""
    url, names = "/orgs/acme/repos?per_page=100", []
    with home.counting() as counted:
        while url:
            answer = client(url)
            names += [repo["name"] for repo in answer.json()]
            url = answer.links.get("next", {}).get("url", "")
    check.same("all repositories", len(set(names)), 250)
    check.same("pages", sum(counted.values()), 3)
    first = client("/orgs/acme/repos?per_page=1000")
    check.same("per_page is capped", len(first.json()), 100)
    check.that("link by id", "/organizations/" in first.links["next"]["url"], first.links)
    check.same("last", first.links["last"]["url"].rpartition("=")[2], "3")
    forks = client("/orgs/acme/repos?type=forks&per_page=100").json()
    check.that("forks", forks and all(repo["fork"] for repo in forks))
    check.same("user has none", client("/users/ada/repos").json(), [])
    check.same("no such org", client("/orgs/nobody/repos").status_code, 404)
    bare = Client(home.api_url)("/orgs/acme/repos?per_page=100").json()
    check.that("anonymous sees public only", bare and not any(repo["private"] for repo in bare))
    pushed = client("/orgs/acme/repos?sort=pushed&direction=desc").json()
    check.same(
        "sorted", [r["pushed_at"] for r in pushed], sorted(r["pushed_at"] for r in pushed)[::-1]
    )
    check.that("empty exists", any(not repo.commits for repo in world.of_kind("none")))


def files(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Read branches, trees, contents and blobs."""
    repo = world.of_kind("monorepo")[0]
    base, head = f"/repos/{repo.full_name}", repo.branches[repo.default_branch]
    check.same(
        "branch", client(f"{base}/branches/{repo.default_branch}").json()["commit"]["sha"], head
    )
    check.same("no branch", client(f"{base}/branches/nope").json()["message"], "Branch not found")
    tree = client(f"{base}/git/trees/{head}?recursive=1").json()
    paths = [row["path"] for row in tree["tree"] if row["path"].endswith("catalog-info.yaml")]
    check.same("tree paths", sorted(paths), sorted(world.expected[repo.name].paths))
    check.same("not truncated", tree["truncated"], False)
    home.tree_limit = 3
    cut = client(f"{base}/git/trees/{head}?recursive=1").json()
    check.same("truncated", (cut["truncated"], len(cut["tree"])), (True, 3))
    home.tree_limit = 100_000
    sub = next(row["sha"] for row in tree["tree"] if row["path"] == "packages")
    check.that("subtree by id", client(f"{base}/git/trees/{sub}").json()["tree"])
    one = client(f"{base}/contents/catalog-info.yaml?ref={head}").json()
    data = base64.b64decode(one["content"])
    raw = client(
        f"{base}/contents/catalog-info.yaml", headers={"Accept": "application/vnd.github.raw+json"}
    )
    check.same("raw equals base64", raw.content, data)
    blob = client(f"{base}/git/blobs/{one['sha']}").json()
    check.same("blob", base64.b64decode(blob["content"]), data)
    check.that("directory", isinstance(client(f"{base}/contents/packages").json(), list))
    check.same("no file", client(f"{base}/contents/nope.yaml").status_code, 404)
    check.same("no ref", client(f"{base}/contents/README.md?ref=gone").status_code, 404)
    _odd_files(check, world, client)


def _odd_files(check: Checks, world: World, client: Client) -> None:
    """Read big files, symlinks and an empty repository."""
    odd, _ = world.create(
        "odd-one",
        {
            "big.yaml": "x" * 1_048_577,
            "link.yaml": Content(b"real.yaml", "120000"),
            "real.yaml": "a: 1",
            "out.yaml": Content(b"../../etc/passwd", "120000"),
            "vast.bin": Content(b"", pretended_size=101 * 1_048_576),
        },
    )
    odd_base = f"/repos/{odd.full_name}/contents"
    big = client(f"{odd_base}/big.yaml").json()
    check.same("past 1 MB", (big["content"], big["encoding"]), ("", "none"))
    check.same(
        "past 100 MB", client(f"{odd_base}/vast.bin").json()["errors"][0]["code"], "too_large"
    )
    check.same(
        "symlink followed",
        base64.b64decode(client(f"{odd_base}/link.yaml").json()["content"]),
        b"a: 1",
    )
    check.same("symlink out", client(f"{odd_base}/out.yaml").json()["type"], "symlink")
    empty = next(repo for repo in world.of_kind("none") if not repo.commits)
    check.same("empty tree", client(f"/repos/{empty.full_name}/git/trees/main").status_code, 409)
    check.same("empty contents", client(f"/repos/{empty.full_name}/contents").status_code, 404)


def conditions(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Ask conditionally: a 304 is free with a token and not without."""
    repo = world.of_kind("valid")[0]
    repo.visibility = "public"
    path = f"/repos/{repo.full_name}/contents/catalog-info.yaml"
    first = client(path)
    again = client(path, headers={"If-None-Match": first.headers["ETag"]})
    check.same("304", (again.status_code, again.content), (304, b""))
    used = (first.headers["x-ratelimit-used"], again.headers["x-ratelimit-used"])
    check.same("304 is free", used[0], used[1])
    check.that("304 uncounted", not home.records[-1].counted)
    since = client(path, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    check.same("If-Modified-Since", since.status_code, 304)
    world.change(repo, "catalog-info.yaml", "kind: API\n")
    changed = client(path, headers={"If-None-Match": first.headers["ETag"]})
    check.same("changed", changed.status_code, 200)
    bare = Client(home.api_url)
    one = bare(path)
    two = bare(path, headers={"If-None-Match": one.headers["ETag"]})
    spent = int(two.headers["x-ratelimit-used"]) - int(one.headers["x-ratelimit-used"])
    check.same("anonymous 304 counts", (two.status_code, spent), (304, 1))


def searching(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Search for descriptors until the limit of ten a minute."""
    query = "/search/code?q=filename:catalog-info.yaml+org:acme&per_page=100"
    answer = client(query)
    holding = [r for r in world.store.repos.values() if not r.fork and r.resolve(None)]
    wanted = sum(
        path.endswith("catalog-info.yaml") and entry.size < 384 * 1024
        for repo in holding
        for path, entry in repo.resolve(None).files.items()  # type: ignore[union-attr]
    )
    check.same("search total", answer.json()["total_count"], wanted)
    check.same("resource", answer.headers["x-ratelimit-resource"], "code_search")
    check.same("past 1,000", client(f"{query}&page=11").status_code, 422)
    check.same("no terms", client("/search/code?q=org:acme").status_code, 422)
    check.same("anonymous search", Client(home.api_url)(query).status_code, 401)
    codes = [client(query).status_code for _ in range(9)]
    check.that("ten a minute", codes[-1] == 403 and codes[:6] == [200] * 6, codes)
    home.advance(61)
    check.same("a minute later", client(query).status_code, 200)


def refusals(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Be refused for what is wrong with the request itself."""
    path = f"/repos/{world.of_kind('valid')[0].full_name}"
    agentless = client(path, headers={"User-Agent": ""})
    check.that("User-Agent", agentless.status_code == 403 and "User-Agent" in agentless.text)
    check.same(
        "version", client(path, headers={"X-GitHub-Api-Version": "1999-01-01"}).status_code, 400
    )
    check.same(
        "known version",
        client(path, headers={"X-GitHub-Api-Version": "2022-11-28"}).status_code,
        200,
    )
    check.same("Accept", client(path, headers={"Accept": "image/png"}).status_code, 415)
    check.same("bad token", client(path, headers={"Authorization": "Bearer no"}).status_code, 401)
    check.same("query token", client(f"{path}?access_token=x").status_code, 400)
    gone = home.add_token(scopes=("repo",), expires_at=home.now() - 1)
    check.same(
        "expired", client(path, headers={"Authorization": f"token {gone.value}"}).status_code, 401
    )
    check.same("no route", client("/nothing/here").status_code, 404)
    repo = world.of_kind("valid")[1]
    repo.blocked = {"reason": "dmca", "created_at": "2026-01-05T08:00:00Z", "html_url": "https://x"}
    check.same("451", client(f"/repos/{repo.full_name}").status_code, 451)
    repo.blocked = None


def permissions(check: Checks, world: World, home: GitHubStandIn, _: Client) -> None:
    """Compare tokens on a private repository: 404, 403 or 200."""
    repo, other = (world.create(f"private-{n}", {"a": "1"}, visibility="private")[0] for n in "ab")

    def status(want: str = "contents/a", name: str = repo.full_name, **more: object) -> int:
        kind = str(more.pop("kind", "classic"))
        token = home.add_token(kind, **more)
        client = Client(home.api_url, {"Authorization": f"Bearer {token.value}"})
        return client(f"/repos/{name}/{want}").status_code

    fine = {"kind": "fine-grained", "owner": "acme", "repositories": {repo.name}}
    check.same("classic without scope", status(), 404)
    check.same("classic with repo", status(scopes=("repo",)), 200)
    check.same("fine-grained", status(permissions=READ, **fine), 200)
    check.same("not selected", status(name=other.full_name, permissions=READ, **fine), 404)
    check.same("no contents permission", status(permissions={}, **fine), 403)
    check.same("anonymous", Client(home.api_url)(f"/repos/{repo.full_name}").status_code, 404)
    account = world.store.accounts["acme"]
    account.sso = True
    check.same("single sign-on", status(scopes=("repo",), sso_authorized=False), 403)
    account.sso, account.forbids_classic = False, True
    check.same("classic forbidden", status(scopes=("repo",)), 403)
    account.forbids_classic = False


def renames(check: Checks, world: World, home: GitHubStandIn, client: Client) -> None:
    """Follow a rename, a transfer and a renamed branch; find nothing after a deletion."""
    repo = world.of_kind("valid")[2]
    old = repo.full_name
    world.rename(repo, "brand-new-name")
    moved = client(f"/repos/{old}/contents/catalog-info.yaml?ref=HEAD")
    check.same(
        "renamed", (moved.status_code, "/repositories/" in moved.headers["Location"]), (301, True)
    )
    check.same("followed", client(moved.headers["Location"]).status_code, 200)
    world.move(repo, owner="acme-labs")
    check.same(
        "transferred",
        client(f"/repos/{old}", allow_redirects=True).json()["full_name"],
        "acme-labs/brand-new-name",
    )
    branch = repo.default_branch
    world.rename_default_branch(repo, "stable")
    check.same(
        "branch renamed", client(f"/repos/{repo.full_name}/branches/{branch}").status_code, 301
    )
    world.delete(repo)
    check.same("deleted", client(f"/repos/{old}").status_code, 404)
