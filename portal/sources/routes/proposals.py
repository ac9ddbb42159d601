"""The page of a proposed change, and what proposals add to the pages of entities."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import Response, flash, redirect, render_template, request, url_for

from portal.auth.core import Actor, Subject, decide
from portal.catalog.queries.entities import find_subject
from portal.catalog.service.permissions import WRITE
from portal.infra.clock import utc_now
from portal.sources.core.proposals import OPEN
from portal.sources.forms import SourceForm
from portal.sources.queries.files import find_beside
from portal.sources.queries.proposals import (
    find_name,
    get_proposal,
    list_proposals,
)
from portal.sources.queries.sources import find_source
from portal.sources.routes.blueprint import blueprint
from portal.sources.routes.explaining import make_entity_url
from portal.sources.routes.presenting import say_place
from portal.sources.service.proposals import withdraw_proposal
from portal.web.forms import parse_arguments
from portal.web.highlight import highlight
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor, may

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from portal.infra.contributions import PanelSubject
    from portal.sources.models import ChangeProposal
    from portal.web.unit import Session

STATES = {
    "open": ("Open", "warn"),
    "merged": ("Merged", "ok"),
    "closed": ("Closed", ""),
    "unknown": ("Not known any more", "bad"),
}


@blueprint.get("/proposals/<int:proposal_id>")
@requires("catalog:entity:read")
def proposal(proposal_id: int) -> str:
    """Show a proposal: what it changes, how it stands, the difference to copy."""
    session = get_session()
    found = get_proposal(session, proposal_id)
    facts = find_subject(session, found.ref)
    about = Subject(found.ref, facts.owner, facts.system) if facts else Subject(found.ref)
    may_withdraw = found.state == OPEN and found.number is None
    return render(
        "sources/proposal.html",
        proposal=present(session, found),
        difference=highlight(found.diff, "diff"),
        source=_present_source(session, found),
        has_windows_lines="\r\n" in found.diff,
        may_withdraw=may_withdraw and decide(get_actor(Actor), WRITE, about).allowed,
    )


@blueprint.get("/proposals/<int:proposal_id>/patch")
@requires("catalog:entity:read")
def patch(proposal_id: int) -> Response:
    """Hand out the difference byte for byte, as `git apply` takes it."""
    found = get_proposal(get_session(), proposal_id)
    answer = Response(found.diff.encode(), mimetype="text/x-patch")
    answer.headers["Content-Disposition"] = f'attachment; filename="proposal-{found.id}.patch"'
    return answer


@blueprint.post("/proposals/<int:proposal_id>/withdraw")
@requires("catalog:entity:write", by_object=True)
def withdraw(proposal_id: int) -> AnyResponse:
    """Give up a proposal that is carried by hand."""
    parse_arguments(SourceForm, request.form)
    withdraw_proposal(get_session(), get_actor(Actor), proposal_id, now=utc_now())
    flash("The proposal is withdrawn; the file stays as it is.")
    return redirect(url_for("sources.proposal", proposal_id=proposal_id), 303)


def badge_proposals(session: Session, subject: PanelSubject) -> str | None:
    """Return how many proposals are open, nothing for none of them, None where there were none."""
    beside = find_beside(session, subject.ref, subject.source, subject.file)
    opened = beside.open_proposals
    return (str(opened) if opened else "") if beside.proposals else None


def render_proposals(session: Session, subject: PanelSubject) -> str:
    """Return the proposals for an entity, the latest first."""
    found = [present(session, each) for each in list_proposals(session, subject.ref)]
    return render_template("sources/_proposals.html", proposals=found)


def present(session: Session, found: ChangeProposal) -> SimpleNamespace:
    """Return a proposal as pages show it."""
    word, tone = STATES[found.state]
    return SimpleNamespace(
        id=found.id,
        ref=found.ref,
        entity_url=make_entity_url(found.ref),
        url=url_for("sources.proposal", proposal_id=found.id),
        patch_url=url_for("sources.patch", proposal_id=found.id),
        source=found.source,
        file=found.file,
        changes=[_present_change(each) for each in found.changes],
        diff=found.diff,
        branch=found.branch,
        number=found.number,
        request_url=found.url,
        word=word,
        tone=tone,
        is_open=found.state == OPEN,
        by=found.proposed_by,
        by_name=find_name(session, found.proposed_by),
        at=found.proposed_at,
        checked_at=found.checked_at,
        settled_at=found.settled_at,
    )


def _present_change(change: dict[str, Any]) -> SimpleNamespace:
    """Return a field by its name, as people write it, and whether it goes."""
    parts = change["pointer"][1:].split("/")
    field = ".".join(part.replace("~1", "/").replace("~0", "~") for part in parts)
    return SimpleNamespace(field=field, is_removal=bool(change.get("remove")))


def _present_source(session: Session, found: ChangeProposal) -> SimpleNamespace | None:
    """Return where the file is kept, for whoever may look at sources."""
    source = find_source(session, found.source) if may("catalog:source:read") else None
    if source is None:
        return None
    url = url_for("sources.show", source_id=source.id)
    return SimpleNamespace(url=url, place=say_place(source))
