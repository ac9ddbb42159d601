"""Proposed changes over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Response, request, url_for
from pydantic import BaseModel

from portal.auth.core import Actor
from portal.catalog.forms import make_ref
from portal.infra.clock import utc_now
from portal.sources.api.blueprint import blueprint
from portal.sources.flows.opening import Tools
from portal.sources.flows.proposing import propose_change
from portal.sources.forms.proposals import ProposalBody
from portal.sources.queries.proposals import get_proposal, list_proposals
from portal.sources.service.proposals import withdraw_proposal
from portal.web.forms import parse_document
from portal.web.markers import requires
from portal.web.openapi import declare
from portal.web.unit import get_database, get_session, short_unit
from portal.web.visitor import get_actor, get_extension

if TYPE_CHECKING:
    from portal.sources.flows.proposing import Preview
    from portal.sources.models import ChangeProposal


class ProposalItem(BaseModel):
    """A proposal: `state` is open, merged, closed or unknown; `number` and `url` of its request."""

    id: int
    ref: str
    source: str
    file: str
    changes: list[dict[str, Any]]
    diff: str
    base: str
    branch: str
    url: str
    number: int | None
    state: str
    proposed_by: str
    proposed_at: datetime
    checked_at: datetime
    settled_at: datetime | None


class ProposalList(BaseModel):
    """The proposals for an entity, the latest first; 50 at most."""

    items: list[ProposalItem]


class PreviewItem(BaseModel):
    """What a change comes to: the entity the file would define, and with what lies over it.

    `way` is by_request where its host takes pull or merge requests, else by_hand.
    """

    file: str
    where: str
    way: str
    entity: dict[str, Any]
    effective: dict[str, Any]
    diff: str
    base: str


class ProposalAnswer(BaseModel):
    """The preview, and the proposal unless it was a dry run."""

    preview: PreviewItem
    proposal: ProposalItem | None


def _write(proposal: ChangeProposal) -> ProposalItem:
    return ProposalItem.model_validate(proposal, from_attributes=True)


def _write_preview(preview: Preview) -> PreviewItem:
    return PreviewItem.model_validate(preview, from_attributes=True)


def _json(model: BaseModel, status: int = 200) -> Response:
    return Response(model.model_dump_json(), status, mimetype="application/json")


@blueprint.get("/entities/<string:kind>/<string:namespace>/<string:name>/proposals")
@requires("catalog:entity:read")
@declare(answer=ProposalList)
def list_of_entity(kind: str, namespace: str, name: str) -> Response:
    """List what was proposed for the file of an entity."""
    found = list_proposals(get_session(), make_ref(kind, namespace, name))
    return _json(ProposalList(items=[_write(each) for each in found]))


@blueprint.post("/entities/<string:kind>/<string:namespace>/<string:name>/proposals")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ProposalAnswer)
def propose(kind: str, namespace: str, name: str) -> Response:
    """Preview a change of an entity's file (`dry_run`), or propose it to whoever keeps the file."""
    body = parse_document(ProposalBody, request)
    found = propose_change(
        get_database(),
        get_extension("source_tools", Tools),
        get_actor(Actor),
        make_ref(kind, namespace, name),
        body.make_changes(),
        dry_run=body.dry_run,
        base=body.base,
        record_in=short_unit,
        now=utc_now(),
    )
    proposal = None if found.proposal is None else _write(found.proposal)
    shown = ProposalAnswer(preview=_write_preview(found.preview), proposal=proposal)
    answer = _json(shown, 200 if proposal is None else 201)
    if proposal is not None:
        where = url_for("sources_api.show_proposal", proposal_id=proposal.id)
        answer.headers["Location"] = where
    return answer


@blueprint.get("/proposals/<int:proposal_id>")
@requires("catalog:entity:read")
@declare(answer=ProposalItem)
def show_proposal(proposal_id: int) -> Response:
    """Show one proposal."""
    return _json(_write(get_proposal(get_session(), proposal_id)))


@blueprint.post("/proposals/<int:proposal_id>/withdraw")
@requires("catalog:entity:write", by_object=True)
@declare(answer=ProposalItem)
def withdraw(proposal_id: int) -> Response:
    """Give up a proposal that is carried by hand; a request is closed at its host."""
    found = withdraw_proposal(get_session(), get_actor(Actor), proposal_id, now=utc_now())
    return _json(_write(found))
