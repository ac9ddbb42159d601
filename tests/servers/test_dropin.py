"""Backstage's own client, unmodified, against the portal; compared with what Backstage answered.

`tests/dropin/answers.json` was written down from Backstage's catalog backend 4.0.5 by
`tests/dropin/oracle.mjs`, for the same descriptors and the same calls.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response

from portal.auth.core import CLI
from portal.auth.service.accounts import create_account
from portal.auth.service.tokens import create_token
from portal.factory.application import create_app
from portal.infra.clock import utc_now
from portal.sources.core.policies import EVERYTHING
from portal.sources.models import Source
from tests.unit.managed import declare_folder, make_tools, read

FOLDER = Path(__file__).parents[1] / "dropin"
CALLS = json.loads((FOLDER / "calls.json").read_text("utf-8"))
EXPECTED = json.loads((FOLDER / "answers.json").read_text("utf-8"))
OWN = ("etag", "stack")
CURSORS = ("nextCursor", "prevCursor")
# Behind these words stands what a parser said; that it is refused, and as what, stays compared.
OWN_WORDS = ("Malformed cursor:", "Invalid query:")
# Said of a call in calls.json: what is refused is said in the portal's words; Backstage keeps the
# reference of a location's entity when its target changes.
WORDS, REFERENCE = "own words", "own ref"
INNER = {
    "constructor",
    "queryEntitiesByPredicate",
    "getEntityFacetsByPredicate",
    "requestIgnored",
    "requestRequired",
    "requestOptional",
    "getFilterValue",
}


class Silent(WSGIRequestHandler):
    """Leaves out a line for each request."""

    def log(self, *_: object) -> None:
        pass


def find_node():
    """Return Node.js: the machine's, or the one `make setup` installed."""
    here = str(Path(sys.executable).parent)
    return shutil.which("node", path=os.pathsep.join((here, os.environ["PATH"])))


@contextmanager
def serve(app):
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def base(settings, database, tmp_path):
    """Serve the portal with the fixture's catalog; yields where it is, and tokens."""
    number = declare_folder(database, FOLDER / "catalog", "fixture", policy=EVERYTHING)
    read(database, make_tools(tmp_path), number)
    keys = {}
    with database.unit(write=True) as session:
        account = create_account(session, CLI, "robot", role="admin", now=utc_now())
        for name, more in (("CATALOG_TOKEN", []), ("CATALOG_WRITER", ["sources:write"])):
            scopes = ["catalog:read", "catalog:write", *more]
            keys[name], _ = create_token(
                session, CLI, account, name=name, scopes=scopes, now=utc_now()
            )
    changed = {"anonymous_read": False, "requests_per_minute": 0, "outbound_allow": "127.0.0.1"}
    app = create_app(settings.model_copy(update=changed), database)
    files = SharedDataMiddleware(Response(status=404), {"/": str(FOLDER / "files")})
    with serve(app) as address, serve(files) as elsewhere:
        yield f"{address}/api/catalog", {**keys, "CATALOG_FILES": elsewhere}


@pytest.fixture
def answers(base):
    address, given = base
    command = [find_node(), "client.mjs", address, "calls.json"]
    environment = {**os.environ, **given}
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_method_of_the_client_is_called():
    script = (
        "import('@backstage/catalog-client').then(m => "
        "console.log(Object.getOwnPropertyNames(m.CatalogClient.prototype).join()))"
    )
    done = subprocess.run(
        [find_node(), "-e", script], cwd=FOLDER, capture_output=True, text=True, check=True
    )
    called = {call[0] for part in ("client", "own", "locations") for call in CALLS[part]}
    called |= {"streamEntities", "streamLocations"}
    assert called == set(done.stdout.strip().split(",")) - INNER


def test_every_call_is_answered_as_backstage_answers_it(answers, database):
    differing = []
    for part in ("client", "locations", "walks", "streams", "raw"):
        asked = CALLS.get(part) or [None] * len(EXPECTED[part])
        assert len(answers[part]) == len(EXPECTED[part]) == len(asked)
        for call, *both in zip(asked, answers[part], EXPECTED[part], strict=True):
            found, expected = (level(loosen(call, answer)) for answer in both)
            if found != expected:
                differing.append((call, found, expected))
    assert not differing, json.dumps(differing[:5], indent=1)
    # Backstage removes it until its file is read again; here it stays as long as its file says so.
    [refused] = answers["own"]
    assert refused["error"]["cause"] == "NotAllowedError"
    # What was registered is a source, and one that was changed keeps its name.
    with database.unit(write=False) as session:
        staying = select(Source).where(Source.kind == "url", Source.expires_at.is_(None))
        [changed] = session.scalars(staying)
        assert changed.declaration["address"].endswith("/several.yaml")
        assert "two" in changed.name
        refreshed = session.scalars(select(Source).where(Source.name == "fixture")).one()
        assert refreshed.requests > refreshed.served


def loosen(call, answer):
    """Return an answer without what a call says is each side's own; lists have no order."""
    kind = call[2] if isinstance(call, list) and len(call) > 2 else ""
    if kind == WORDS:
        assert answer["error"].pop("message")
    text = json.dumps(answer)
    if kind == REFERENCE:
        text = re.sub(r"generated-sha1\([^)]*\)", "generated", text)
    found = json.loads(text)
    if isinstance(call, list) and call[0] in ("getLocations", "queryLocations"):
        found.get("result", {}).get("items", []).sort(key=lambda item: item["target"])
    return found


def level(value):
    """Return an answer without what is each portal's own: etags, cursors, words of judgement."""
    if isinstance(value, list):
        return [level(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {name: level(item) for name, item in value.items() if name not in OWN}
    if "errors" in found:  # what validation says of an entity
        found["errors"] = bool(found["errors"])
    if isinstance(found.get("message"), str) and found["message"].startswith(OWN_WORDS):
        found["message"] = found["message"].split(":")[0]
    return {name: bool(item) if name in CURSORS else item for name, item in found.items()}
