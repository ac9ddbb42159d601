"""`make run SSO=1`: the portal beside a local OpenID provider that knows the demo's people.

The provider ends with the portal. Its port is 9400, or what SSO_PORT says.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "portal" / "demo" / "company" / "people.yaml"
ADMINS = "buyer-experience"
START_SECONDS = 20


def list_people() -> Iterator[dict[str, Any]]:
    """Yield the claims of everybody in the demo company; their teams are their groups."""
    for document in yaml.safe_load_all(PEOPLE.read_text("utf-8")):
        if document["kind"] == "User":
            profile = document["spec"]["profile"]
            yield {
                "sub": document["metadata"]["name"],
                "preferred_username": document["metadata"]["name"],
                "name": profile["displayName"],
                "email": profile["email"],
                "email_verified": True,
                "groups": document["spec"]["memberOf"],
            }


def make_environment(port: int) -> dict[str, str]:
    """Return the environment of the portal; what is set already stays."""
    allowed = [os.environ.get("PORTAL_OUTBOUND_ALLOW", ""), f"127.0.0.1:{port}"]
    return {
        "PORTAL_OIDC_DEMO_ISSUER": f"http://127.0.0.1:{port}",
        "PORTAL_OIDC_DEMO_TITLE": "Larkmoor",
        "PORTAL_OIDC_DEMO_CLIENT_ID": "plumbline",
        "PORTAL_OIDC_DEMO_CLIENT_SECRET": secrets.token_urlsafe(24),
        "PORTAL_OIDC_DEMO_EMAIL_DOMAINS": "larkmoor.example",
        "PORTAL_OIDC_DEMO_GROUP_TEAMS": '{"*": "group:default/*"}',
        "PORTAL_OIDC_DEMO_GROUP_ROLES": json.dumps({ADMINS: "admin"}),
        "PORTAL_OIDC_DEMO_HIGHEST_ROLE": "admin",
        **os.environ,
        "PORTAL_OUTBOUND_ALLOW": ",".join(filter(None, allowed)),
    }


def is_taken(port: int) -> bool:
    """Whether something else uses the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def start_provider(port: int) -> subprocess.Popen[bytes]:
    """Start the provider and wait until it listens."""
    people = [part for claims in list_people() for part in ("--user-claims", json.dumps(claims))]
    command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(port), *people]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    process.kill()
    sys.exit(f"The local identity provider did not start on 127.0.0.1:{port}.")


def main() -> int:
    """Run provider and portal until the portal ends."""
    port = int(os.environ.get("SSO_PORT", "9400"))
    if is_taken(port):
        sys.exit(f"127.0.0.1:{port} is taken; stop what listens there, or set SSO_PORT.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    provider = start_provider(port)
    portal = None
    sys.stderr.write(
        f"A local identity provider is at http://127.0.0.1:{port}. It asks for no password: "
        "marit.solheim-adu is an admin, noor.van-heerden owns services. The portal may call "
        "this port of the machine, and no other.\n"
    )
    try:
        command = [str(Path(sys.executable).parent / "portal"), "serve"]
        portal = subprocess.Popen(command, env=make_environment(port))
        return portal.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        for process in (portal, provider):
            if process is not None:
                process.terminate()
        for process in (portal, provider):
            if process is not None:
                process.wait(timeout=12)


if __name__ == "__main__":
    sys.exit(main())
