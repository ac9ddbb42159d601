"""Checks of the faults, the claim variants and the logout tokens of the OpenID provider."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Response, request

from .checks_oidc import USER, provider
from .faults import FAULTS, VARIANT_NAMES
from .server import BackgroundServer, json_answer
from .standin import StandInProvider
from .token_rules import check_logout_token

EXPECTATIONS = Path(__file__).with_name("expectations.json")


class Receiver(BackgroundServer):
    """The back-channel endpoint of the minimal client."""

    def __init__(self, idp: StandInProvider) -> None:
        super().__init__()
        self.idp = idp
        self.seen: set[str] = set()
        self.app.add_url_rule("/backchannel", "backchannel", self._take, methods=["POST"])

    def _take(self) -> Response:
        """Accept the logout token with 200 or name its problems with 400."""
        problems = check_logout_token(
            request.form["logout_token"],
            self.idp.keys.jwks(),
            self.idp.issuer,
            self.idp.client_id,
            self.seen,
        )
        return json_answer(problems, 400 if problems else 200)


def expectations(provider: str) -> list[dict[str, Any]]:
    """The expectations of one kind of provider."""
    rows = json.loads(EXPECTATIONS.read_text("utf-8"))
    return [row for row in rows if row["provider"] == provider]


def check_faults() -> None:
    """Each fault makes the correct client name exactly the expected claim, and nothing else."""
    rows = expectations("oidc")
    named = {row["fault"] for row in rows}
    assert named == FAULTS | VARIANT_NAMES, named ^ (FAULTS | VARIANT_NAMES)
    with provider() as (idp, client), Receiver(idp) as receiver:
        for row in rows:
            if row["kind"] == "variant":
                continue
            with idp.faulty(row["fault"]):
                if row["kind"] == "logout":
                    check_logout_fault(idp, receiver, row)
                    continue
                aged = replace(client, max_age=3600 if row["kind"] == "step_up" else None)
                problems = aged.login().problems
            assert problems == ([] if row["accept"] else [row["hint"]]), (row, problems)
        assert idp.count("foreign_jwks") == 0
        assert client.login().problems == []


def check_logout_fault(idp: StandInProvider, receiver: Receiver, row: dict[str, Any]) -> None:
    """The receiver refuses this logout token for the expected reason."""
    reply = idp.back_channel_logout(f"{receiver.base_url}/backchannel", sid="a", sub="alice")
    assert reply.status == 400, (row, reply.text)
    if row["fault"] == "logout_typ_id_token":
        assert reply.json() == ["typ", "events", "nonce", "jti"], reply.text
    else:
        assert reply.json() == [row["hint"]], (row, reply.text)


def check_logout_delivery() -> None:
    """Good logout tokens arrive, by sid or by sub, and overrides replace or drop claims."""
    with provider() as (idp, _), Receiver(idp) as receiver:
        url = f"{receiver.base_url}/backchannel"
        assert idp.back_channel_logout(url, sid="a").status == 200
        assert idp.back_channel_logout(url, sub="alice").status == 200
        assert idp.back_channel_logout(url, sub="alice", exp=1).json() == ["exp"]
        assert idp.back_channel_logout(url, sub="alice", typ="JWT").json() == ["typ"]
        with idp.faulty("logout_replayed"):
            idp.back_channel_logout(url, sid="a")
        assert [answer.status for answer in idp.logout_answers[-2:]] == [200, 400]


def check_variants() -> None:
    """Every variant is a valid login whose claims have the promised shape."""
    shapes: dict[str, tuple[str, object]] = {
        "groups_string": ("groups", "platform"),
        "groups_absent": ("groups", None),
        "groups_hasgroups": ("hasgroups", True),
        "groups_overage": ("_claim_names", {"groups": "src1"}),
        "email_verified_string": ("email_verified", "true"),
        "email_verified_absent": ("email_verified", None),
        "email_verified_false": ("email_verified", False),
    }
    with provider() as (idp, client):
        idp.sign_in_as("alice", groups=["platform"], **USER)
        for name in sorted(VARIANT_NAMES):
            with idp.variant(name):
                outcome = client.login()
            assert outcome.problems == [], (name, outcome.problems)
            claim, value = shapes.get(name, ("sub", "alice"))
            assert outcome.claims.get(claim) == outcome.userinfo.get(claim) == value, name
        with idp.variant("groups_10000", "email_verified_string"):
            assert len(client.login().claims["groups"]) == 10_000


CHECKS = (check_faults, check_logout_delivery, check_variants)
