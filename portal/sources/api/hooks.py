"""Webhooks: a host says that something was pushed, and proves that it is the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from portal.errors import Unreadable
from portal.infra.clock import utc_now
from portal.infra.logs import get_logger
from portal.infra.vault import find_secret
from portal.sources.api.blueprint import blueprint
from portal.sources.api.shapes import Accepted
from portal.sources.core.webhooks import check_webhook
from portal.sources.models import Source
from portal.sources.queries.pushes import find_pushed
from portal.sources.service.declaring import WEBHOOK, name_secret
from portal.sources.service.requests import take_delivery
from portal.web.markers import public, unforgeable
from portal.web.openapi import declare
from portal.web.unit import get_session
from portal.web.visitor import get_box

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

log = get_logger("sources")
EVENTS = {"X-GitHub-Event": "github", "X-Gitlab-Event": "gitlab"}


@blueprint.post("/sources/<int:source_id>/webhook")
@public
@unforgeable
@declare(answer=Accepted)
def receive(source_id: int) -> Response:
    """Take a signed delivery of GitHub, GitLab or anything that signs the generic way."""
    session, body = get_session(), request.get_data(cache=False)
    source = session.get(Source, source_id)
    # Without a source or a secret every delivery is refused in the same words.
    secret = _find_secret(source_id) if source is not None else ""
    kind = find_kind(request.headers)
    push = check_webhook(kind, secret, dict(request.headers), body, now=utc_now())
    if source is None:
        raise RuntimeError("a delivery was taken without a source")
    target = find_pushed(session, source, push)
    take_delivery(session, source, digest=push.digest, target=target, now=utc_now())
    status = "requested" if target is not None else "nothing_to_do"
    told = Accepted(source=(target or source).name, status=status)
    return Response(told.model_dump_json(), 202, mimetype="application/json")


def _find_secret(source_id: int) -> str:
    """Return what deliveries for a source are signed with, '' where nothing is or it is lost."""
    try:
        return find_secret(get_session(), get_box(), name_secret(source_id, WEBHOOK)) or ""
    except Unreadable as error:  # whoever knocks is not told
        log.warning("webhook_secret_lost", source_id=source_id, reason=error.detail)
        return ""


def find_kind(headers: Headers) -> str:
    """Return who a delivery says it is from."""
    return next((kind for name, kind in EVENTS.items() if name in headers), "generic")
