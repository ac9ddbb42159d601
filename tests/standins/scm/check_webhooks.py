"""Proves the deliveries: known signatures, every vector over HTTP, and sending a world's pushes."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from . import payloads, webhooks
from .receiver import Receiver
from .server import Quiet
from .world import make_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .checks import Checks
    from .webhooks import Vector

KNOWN = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
CODES = {"accepted": 202, "ignored": 204, "refused": 401}


def run(check: Checks) -> None:
    """Run everything."""
    made = webhooks.github(b"Hello, World!", "It's a Secret to Everybody")
    check.same("GitHub's documented example", made.headers["X-Hub-Signature-256"], KNOWN)
    vectors = webhooks.load_vectors()
    by_name = {one.name: one for one in vectors}
    check.same("names are unique", len(by_name), len(vectors))
    check.that("enough", len(vectors) > 50, len(vectors))
    for vector in vectors:
        with _listening(vector) as url:
            for before in vector.after:
                by_name[before].delivery.send(url)
            status, _ = vector.delivery.send(url)
        check.same(f"vector {vector.name}", status, CODES[vector.outcome])
    shapes(check)


@contextlib.contextmanager
def _listening(vector: Vector) -> Iterator[str]:
    """Serve a receiver set up for one vector."""
    receiver = Receiver()

    def app(environ: dict[str, Any], start: Any) -> Any:
        request = Request(environ)
        headers, body = dict(request.headers), request.get_data()
        said = receiver.take(vector.product, vector.secret, headers, body, vector.received_at)
        return Response("", CODES[said])(environ, start)

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def shapes(check: Checks) -> None:
    """Compare payloads with what was pushed."""
    world = make_world(40, 2)
    repo, first = world.create("hooked", {"catalog-info.yaml": "a: 1\n"})
    check.that("created", payloads.github_push(first)["created"])
    push = world.change(repo, "catalog-info.yaml", "a: 2\n")
    made = payloads.github_push(push)
    check.same("modified", made["commits"][0]["modified"], ["catalog-info.yaml"])
    check.same("after", made["after"], repo.branches["main"])
    world.change(repo, "x", "1", "side")
    gone = payloads.github_push(world.delete_branch(repo, "side"))
    check.same("deletion", (gone["deleted"], gone["head_commit"]), (True, None))
    check.that("forced", payloads.github_push(world.force_push(repo, {"b": "1"}))["forced"])
    tag = payloads.gitlab_push(world.tag(repo, "v1"))
    check.same("tag", tag["object_kind"], "tag_push")
    check.same("tag commits", tag["commits"], [])
    event = payloads.github_repository(repo, "renamed", repository={"name": {"from": "old"}})
    check.same("repository event", event["action"], "renamed")
