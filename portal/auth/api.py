"""Who may do what, as JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from pydantic import BaseModel

from portal.auth.forms import AccessApiQuery
from portal.auth.queries.access import Asker, answer
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.permissions import check_permission
from portal.web.unit import get_session
from portal.web.visitor import get_extension

blueprint = Blueprint("auth_api", __name__, url_prefix="/api/v1")


class AccessStep(BaseModel):
    """One rule that was asked, what it found, and whether it `allows`, `denies` or `goes on`."""

    rule: str
    value: str
    outcome: str


class AccessAnswer(BaseModel):
    """Whether somebody may do something, and every rule that was asked, the deciding one last."""

    actor: str
    permission: str
    subject: str | None
    allowed: bool
    reason: str
    steps: list[AccessStep]


@blueprint.get("/access")
@requires("access:decision:read")
@declare(query=AccessApiQuery, answer=AccessAnswer)
def show_access() -> dict[str, Any]:
    """Say whether an account, a token or anonymous visitors may do something, and why."""
    query = parse_arguments(AccessApiQuery, request.args)
    check_permission(query.permission)
    _, decision = answer(
        get_session(),
        get_extension("asker", Asker),
        query.actor,
        permission=query.permission,
        subject=query.subject,
        now=utc_now(),
    )
    return AccessAnswer(
        actor=query.actor,
        permission=query.permission,
        subject=query.subject or None,
        allowed=decision.allowed,
        reason=decision.reason,
        steps=[
            AccessStep(rule=step.rule, value=step.value, outcome=step.outcome)
            for step in decision.steps
        ],
    ).model_dump()
