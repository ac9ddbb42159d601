"""Proves the GitLab stand-in: the good path, then every refusal and fault."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .checks import Client
from .world import make_world

if TYPE_CHECKING:
    from .checks import Checks
    from .gitlab import GitLabStandIn
    from .world import World


def run(check: Checks) -> None:
    """Run everything against a small world."""
    world = make_world(250, 3)
    with world.gitlab() as home:
        token = home.add_token(scopes=("read_api",))
        client = Client(home.api_url, {"PRIVATE-TOKEN": token.value})
        for part in (lists, files, refusals, moves, proposals):
            part(check, world, home, client)
        limits(check, home, client)


def lists(check: Checks, world: World, home: GitLabStandIn, client: Client) -> None:
    """Walk the pages by offset and by keyset."""
    base = "/groups/acme/projects?include_subgroups=true&per_page=100"
    page, seen = "1", []
    while page:
        answer = client(f"{base}&page={page}")
        seen += [one["id"] for one in answer.json()]
        page = answer.headers["x-next-page"]
    check.same("all projects", len(set(seen)), 250)
    check.same("x-total", answer.headers["x-total"], "250")
    last = client(f"{base}&page=3").headers
    check.same("last page", (last["x-next-page"], last["x-prev-page"]), ("", "2"))
    check.same("no subgroups", client("/groups/acme/projects").json(), [])
    nested = client("/groups/acme%2Fpayments/projects").json()
    check.that("encoded group", nested and nested[0]["namespace"]["full_path"] == "acme/payments")
    check.same("unencoded group", client("/groups/acme/payments/projects").status_code, 404)
    kept = client(f"{base}&archived=false").headers["x-total"]
    live = sum(not repo.archived for repo in world.store.repos.values())
    check.same("archived=false", kept, str(live))
    check.same("keyset on groups", client(f"{base}&pagination=keyset").status_code, 405)
    url, found = "/projects?pagination=keyset&order_by=id&sort=asc&per_page=100", []
    while url:
        answer = client(url)
        found += [one["id"] for one in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    check.same("keyset", found, sorted(seen))
    check.that("keyset has no totals", "x-total" not in answer.headers)
    check.same("keyset order", client("/projects?pagination=keyset&order_by=name").status_code, 405)
    check.same("offset too far", client("/projects?page=501&per_page=100").status_code, 405)
    check.same("bad order", client(f"{base}&order_by=colour").status_code, 400)
    check.same("bad page", client(f"{base}&page=x").status_code, 400)
    check.that("subgroups", len(client("/groups/acme/subgroups").json()) > 1)
    check.same("headers", answer.headers["RateLimit-Limit"], str(home.limit_per_minute))


def files(check: Checks, world: World, _: GitLabStandIn, client: Client) -> None:
    """Read trees, files and branches, by id and by path."""
    repo = world.of_kind("monorepo")[0]
    base, ref = f"/projects/{repo.path.replace('/', '%2F')}", repo.default_branch
    check.same("by path", client(base).json()["id"], repo.id)
    url, paths = f"{base}/repository/tree?recursive=true&pagination=keyset&per_page=4", []
    while url:
        answer = client(url)
        paths += [row["path"] for row in answer.json() if row["type"] == "blob"]
        url = answer.links.get("next", {}).get("url", "")
    head = repo.resolve(None)
    check.same("tree", sorted(paths), sorted(head.files if head else []))
    tree = client(f"{base}/repository/tree?recursive=true&per_page=100&ref={ref}")
    check.same("tree by offset", tree.headers["x-total"], str(len(tree.json())))
    bare = client(f"{base}/repository/tree?pagination=none")
    check.same("none needs recursive", bare.status_code, 400)
    check.same("no ref", client(f"{base}/repository/tree?ref=gone").status_code, 404)
    where = f"{base}/repository/files/packages%2F{repo.name}-api%2Fcatalog-info.yaml"
    one = client(f"{where}?ref={ref}")
    raw = client(f"{where}/raw")
    check.same("file", base64.b64decode(one.json()["content"]), raw.content)
    check.same("blob header", one.headers["X-Gitlab-Blob-Id"], one.json()["blob_id"])
    check.same("HEAD", client(f"{where}?ref={ref}", "HEAD").headers["X-Gitlab-Ref"], ref)
    check.same("ref required", client(where).json(), {"error": "ref is missing"})
    plain = where.replace("packages%2F", "packages/")
    check.same("unencoded path", client(f"{plain}?ref={ref}").status_code, 404)
    check.same(
        "no file",
        client(f"{base}/repository/files/no?ref={ref}").json()["message"],
        "404 File Not Found",
    )
    branch = client(f"{base}/repository/branches/{ref}").json()
    check.same("branch", branch["commit"]["id"], repo.branches[ref])
    check.same("no branch", client(f"{base}/repository/branches/no").status_code, 404)
    again = client(f"{where}/raw", headers={"If-None-Match": raw.headers["ETag"]})
    check.same("304", (again.status_code, again.content), (304, b""))
    spent = int(again.headers["RateLimit-Observed"]) - int(raw.headers["RateLimit-Observed"])
    check.that("304 counts", spent != 0, spent)


def refusals(check: Checks, world: World, home: GitLabStandIn, client: Client) -> None:
    """Be refused for the token, its scope or its role."""
    repo, _ = world.create("hidden", {"a b.yaml": "1"}, visibility="private")
    path, bare = f"/projects/{repo.id}", Client(home.api_url)
    check.same("anonymous", bare(path).status_code, 404)
    check.same("wrong token", bare(path, headers={"PRIVATE-TOKEN": "no"}).status_code, 401)
    bearer = client.headers["PRIVATE-TOKEN"]
    check.same("Bearer", bare(path, headers={"Authorization": f"Bearer {bearer}"}).status_code, 200)

    def status(where: str = path, **more: object) -> int:
        token = home.add_token(**more)
        return bare(where, headers={"PRIVATE-TOKEN": token.value}).status_code

    file = f"{path}/repository/files/a%20b.yaml/raw"
    check.same("revoked", status(revoked=True), 401)
    check.same("expired", status(expires_at=1.0), 401)
    check.same("scope", status(scopes=("read_repository",)), 403)
    check.same("read_repository reads files", status(file, scopes=("read_repository",)), 200)
    check.same("other group", status(groups=("elsewhere",)), 404)
    check.same("guest sees", status(level=10), 200)
    check.same("guest reads no code", status(file, level=10), 403)
    check.same("no group", client("/groups/none").json()["message"], "404 Group Not Found")
    check.same("anonymous /user", bare("/user").status_code, 401)


def moves(check: Checks, world: World, _: GitLabStandIn, client: Client) -> None:
    """Follow a moved project by its id."""
    repo = world.of_kind("valid")[0]
    old = repo.path.replace("/", "%2F")
    world.move(repo, group="acme/mobile")
    world.rename(repo, "moved-away")
    answer = client(f"/projects/{old}/repository/branches?per_page=5")
    check.same("moved", answer.status_code, 301)
    target = answer.headers["Location"]
    check.that("by id", f"/projects/{repo.id}/repository/branches?per_page=5" in target, target)
    check.same("followed", client(target).status_code, 200)
    world.delete(repo)
    check.same("deleted", client(f"/projects/{old}").status_code, 404)


def proposals(check: Checks, world: World, home: GitLabStandIn, client: Client) -> None:
    """Propose a change from the commit to the merge request, stumbling on purpose."""
    repo, _ = world.create("proposals", {"catalog-info.yaml": "kind: Component\n"})
    base, token = f"/projects/{repo.id}", home.add_token(scopes=("api",))
    writer = Client(home.api_url, {"PRIVATE-TOKEN": token.value})
    update = {"action": "update", "file_path": "catalog-info.yaml", "content": "kind: API\n"}
    ask = {"branch": "fix", "commit_message": "m", "actions": [update]}
    commits, merges = f"{base}/repository/commits", f"{base}/merge_requests"
    check.same("read_api cannot write", client(commits, "POST", json=ask).status_code, 403)
    check.same("no branch", writer(commits, "POST", json=ask).status_code, 400)
    check.same("no actions", writer(commits, "POST", json={"branch": "x"}).status_code, 400)
    start = ask | {"start_branch": "main"}
    create = start | {"actions": [update | {"action": "create"}]}
    check.that("file exists", "already exists" in writer(commits, "POST", json=create).text)
    stale = start | {"actions": [update | {"last_commit_id": "0" * 40}]}
    check.that("stale", "has changed" in writer(commits, "POST", json=stale).text)
    gone = start | {"actions": [update | {"file_path": "gone"}]}
    check.that("no such file", "doesn't exist" in writer(commits, "POST", json=gone).text)
    climb = start | {"actions": [update | {"action": "create", "file_path": "../x"}]}
    check.same("traversal", writer(commits, "POST", json=climb).status_code, 400)
    check.same("committed", writer(commits, "POST", json=start).status_code, 201)
    check.same("branch exists", writer(commits, "POST", json=start).status_code, 400)
    merge = {"source_branch": "fix", "target_branch": "main", "title": "Fix"}
    check.same("merge request", writer(merges, "POST", json=merge).json()["iid"], 1)
    check.same("twice", writer(merges, "POST", json=merge).status_code, 409)
    same = merge | {"source_branch": "main"}
    check.same("into itself", writer(merges, "POST", json=same).status_code, 422)
    check.same("listed", len(writer(f"{merges}?state=opened&source_branch=fix").json()), 1)
    closed = writer(f"{merges}/1", "PUT", json={"state_event": "close"})
    check.same("closed", closed.json()["state"], "closed")
    branches = f"{base}/repository/branches?branch=fix&ref=main"
    check.same("branch taken", writer(branches, "POST").status_code, 400)
    repo.protected.add("main")
    direct = ask | {"branch": "main"}
    check.same("protected", writer(commits, "POST", json=direct).status_code, 403)


def limits(check: Checks, home: GitLabStandIn, client: Client) -> None:
    """Run out of the limit, wait, and strike with the faults."""
    home.advance(60)
    home.limit_per_minute = 2
    answers = [client("/version") for _ in range(3)]
    check.same("limit", [one.status_code for one in answers], [200, 200, 429])
    check.that("Retry-After", int(answers[2].headers["Retry-After"]) > 0)
    home.advance(60)
    check.same("a minute later", client("/version").status_code, 200)
    home.limit_per_minute = 2000
    codes = {"rate_limited": 429, "unauthorized": 401, "token_expired": 401, "forbidden": 403}
    for name, code in (codes | {"maintenance": 503, "bad_gateway": 502}).items():
        home.fail(name, on="/version")
        check.same(f"fault {name}", client("/version").status_code, code)
    home.fail("truncated_body")
    check.breaks("fault truncated_body", lambda: client("/version"))
