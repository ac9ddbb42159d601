"""Backstage's own client, unmodified, against the portal; compared with what Backstage answered.

`tests/dropin/answers.json` was written down from Backstage's catalog backend 4.0.5 by
`tests/dropin/oracle.mjs`, for the same descriptors and the same calls.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from portal.auth.core import CLI
from portal.auth.service.accounts import create_account
from portal.auth.service.tokens import create_token
from portal.factory import create_app
from portal.infra.clock import utc_now
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder

FOLDER = Path(__file__).parents[1] / "dropin"
CALLS = json.loads((FOLDER / "calls.json").read_text("utf-8"))
EXPECTED = json.loads((FOLDER / "answers.json").read_text("utf-8"))
OWN = ("etag", "stack")
CURSORS = ("nextCursor", "prevCursor")
# Behind these words stands what a parser said; that it is refused, and as what, stays compared.
OWN_WORDS = ("Malformed cursor:", "Invalid query:")
UIDS = uuid.UUID("6f1d0c0e-5c39-5e0a-9a4e-6d1f5a3b7c21")
READ_ONLY = "This operation not allowed in readonly mode"
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


@pytest.fixture
def base(settings, database):
    """Serve the portal with the fixture's catalog; yields its API's address and a token."""
    Ingest(database, CLI, "fixture").run([Folder.open(str(FOLDER / "catalog"))])
    with database.unit(write=True) as session:
        account = create_account(session, CLI, "robot", role="admin", now=utc_now())
        scopes = ["catalog:read", "catalog:write"]
        token, _ = create_token(session, CLI, account, name="t", scopes=scopes, now=utc_now())
    closed = settings.model_copy(update={"anonymous_read": False, "requests_per_minute": 0})
    app = create_app(closed, database)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/catalog", token
    server.shutdown()
    server.server_close()


@pytest.fixture
def answers(base):
    address, token = base
    command = [find_node(), "client.mjs", address, "calls.json"]
    environment = {**os.environ, "CATALOG_TOKEN": token}
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
    called = {name for name, _ in [*CALLS["client"], *CALLS["own"]]}
    called |= {"streamEntities", "streamLocations"}
    assert called == set(done.stdout.strip().split(",")) - INNER


def test_every_call_is_answered_as_backstage_answers_it(answers):
    differing = []
    for part in ("client", "walks", "streams", "raw"):
        asked = CALLS.get(part) or [None] * len(EXPECTED[part])
        assert len(answers[part]) == len(EXPECTED[part]) == len(asked)
        for call, found, expected in zip(asked, answers[part], EXPECTED[part], strict=True):
            if level(found) != level(expected):
                differing.append((call, level(found), level(expected)))
    assert not differing, json.dumps(differing[:5], indent=1)
    location = {
        "id": str(uuid.uuid5(UIDS, "location file:fixture")),
        "type": "file",
        "target": "fixture",
        "entityRef": "location:default/generated-bcd8257f70bbee593ee540e0cbd9f4c6d1fc0bdb",
    }
    page = {"totalItems": 1, "pageInfo": {}, "items": [location]}
    assert answers["own"] == [
        {"result": {"items": [location]}},
        {"result": page},
        {"result": {**page, "totalItems": 0, "items": []}},
        {"result": location},
        {"result": location},
        {
            "error": {
                "name": "ResponseError",
                "status": 403,
                "cause": "NotAllowedError",
                "message": READ_ONLY,
            }
        },
        {"result": [location]},
    ]


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
