"""What machines ask the portal: is it alive, is it ready, how does it do; and the pattern page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app

from portal.errors import Unavailable
from portal.infra.clock import utc_now
from portal.infra.logs import get_logger
from portal.infra.metrics import CONTENT_TYPE
from portal.infra.work import measure
from portal.web.markers import public, requires
from portal.web.templating import render
from portal.web.unit import get_database

if TYPE_CHECKING:
    from portal.infra.metrics import Metrics
    from portal.infra.work import Backlog

log = get_logger("probes")
blueprint = Blueprint("web", __name__, url_prefix="/-")


@blueprint.get("/live")
@public
def live() -> Response:
    """Answer as long as the process can answer at all."""
    return Response("alive\n", mimetype="text/plain")


@blueprint.get("/ready")
@public
def ready() -> Response:
    """Answer 200 when requests can be served, 503 when not; the log says why."""
    try:
        get_database().ping()
    except Unavailable as error:
        log.warning("not_ready", reason=error.detail)
        return Response("not ready\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@blueprint.get("/metrics")
@requires("metrics:all:read")
def metrics() -> Response:
    """Return the portal's own metrics in Prometheus' text format.

    What waits is left out while the database does not answer.
    """
    found: Metrics = current_app.extensions["metrics"]
    return Response(found.render(_measure_work()), content_type=CONTENT_TYPE)


def _measure_work() -> Backlog | None:
    try:
        with get_database().unit(write=False) as session:
            return measure(session, now=utc_now())
    except Unavailable as error:
        log.warning("work_not_measured", reason=error.detail)
        return None


@blueprint.get("/patterns")
@public
def patterns() -> str:
    """Show every macro of the interface in each of its states."""
    return render("web/patterns.html", now=utc_now())
