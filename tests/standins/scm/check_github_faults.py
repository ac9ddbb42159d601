"""Proves the limits, the faults and the App endpoints of the GitHub stand-in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .checks import Client
from .rs256 import sign_jwt

if TYPE_CHECKING:
    import requests

    from .checks import Checks
    from .github import GitHubStandIn
    from .world import World


def limits(check: Checks, home: GitHubStandIn, client: Client) -> None:
    """Run out of the primary limit, wait, and hit the secondary one."""
    home.limits.set("core", 3)
    codes = [client("/orgs/acme").status_code for _ in range(4)]
    check.same("primary limit", codes, [200, 200, 200, 403])
    answer = client("/orgs/acme")
    check.same("remaining", answer.headers["x-ratelimit-remaining"], "0")
    check.that("reset ahead", int(answer.headers["x-ratelimit-reset"]) > home.now())
    check.same("/rate_limit is free", client("/rate_limit").status_code, 200)
    home.limits.status = 429
    check.same("primary as 429", client("/orgs/acme").status_code, 429)
    home.advance(3601)
    home.limits.set("core", 5000)
    home.limits.points_per_minute = 2
    codes = [client("/orgs/acme").status_code for _ in range(3)]
    check.same("points per minute", codes, [200, 200, 403])
    home.limits.points_per_minute, home.limits.status = None, 403


def faults(check: Checks, home: GitHubStandIn, client: Client) -> None:
    """Strike with every fault once."""
    codes = {
        "server_error": 500, "bad_gateway": 502, "unavailable": 503, "gateway_timeout": 504,
        "secondary_403": 403, "secondary_429": 429, "secondary_without_retry_after": 403,
        "legal_451": 451, "login_attempts": 403, "ip_allow_list": 403, "bad_credentials": 401,
        "not_json": 200, "wrong_shape": 200, "redirect_away": 301, "redirect_loop": 301,
        "primary_limit": 403,
    }  # fmt: skip
    for name, code in codes.items():
        home.fail(name, on="/orgs/acme")
        answer = client("/orgs/acme")
        check.same(f"fault {name}", answer.status_code, code)
        if name in {"secondary_403", "secondary_429"}:
            check.same("retry-after", answer.headers["Retry-After"], "60")
    home.advance(3601)
    for name, options in (("truncated_body", {}), ("dropped_connection", {})):
        home.fail(name, **options)
        check.breaks(f"fault {name}", lambda: client("/orgs/acme"))
    home.fail("hang", seconds=5)
    check.breaks("fault hang", lambda: client("/orgs/acme", timeout=0.3))
    home.fail("slow_drip", size=20, pause=0.02)
    began = time.monotonic()
    check.that("fault slow_drip", client("/orgs/acme").json() and time.monotonic() - began > 0.1)
    home.fail("huge_body", size=3_000_000)
    check.that("fault huge_body", len(client("/orgs/acme").content) > 2_900_000)
    home.fail("unavailable", after=1, times=2)
    codes_seen = [client("/orgs/acme").status_code for _ in range(4)]
    check.same("after and times", codes_seen, [200, 503, 503, 200])


def apps(check: Checks, world: World, home: GitHubStandIn) -> None:
    """Authenticate as an App, in every wrong way first."""
    one = home.install("acme", {"contents": "read", "metadata": "read"})
    path, now = f"/app/installations/{one.id}/access_tokens", int(home.now())
    good = {"iat": now - 60, "exp": now + 540, "iss": home.app.client_id}

    def ask(
        claims: dict[str, object], body: object = None, alg: str = "RS256"
    ) -> requests.Response:
        jwt = sign_jwt(claims, alg=alg)
        return Client(home.api_url, {"Authorization": f"Bearer {jwt}"})(path, "POST", json=body)

    for name, claims in (
        ("exp too far", {"exp": now + 1200}), ("expired", {"exp": now - 1}),
        ("iat ahead", {"iat": now + 120}), ("no iss", {"iss": None}), ("no iat", {"iat": None}),
    ):  # fmt: skip
        check.same(f"JWT {name}", ask(good | claims).status_code, 401)
    check.same("JWT other alg", ask(good, alg="HS256").status_code, 401)
    check.same("JWT other app", ask(good | {"iss": "Iv23other"}).status_code, 404)
    check.same("too much asked", ask(good, {"permissions": {"contents": "write"}}).status_code, 422)
    check.same("no such repo", ask(good, {"repositories": ["nope"]}).status_code, 422)
    made = ask(good)
    check.same("token", made.status_code, 201)
    client = Client(home.api_url, {"Authorization": f"Bearer {made.json()['token']}"})
    total = client("/installation/repositories?per_page=100").json()["total_count"]
    check.same(
        "installation sees all", total, sum(r.owner == "acme" for r in world.store.repos.values())
    )
    check.same("no user", client("/user").status_code, 403)
    check.same("token is no JWT", client("/app").status_code, 401)
    one.suspended = True
    check.same("suspended", ask(good).status_code, 403)
    home.advance(3601)
    check.same("token over", client("/installation/repositories").status_code, 401)
