"""The tab of an entity's page that says whose it is, who confirmed that and who may get it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import render_template

from portal.catalog.core.meaning import TIER_LABELS
from portal.catalog.queries import entities
from portal.infra.clock import utc_now
from portal.ownership.queries.confirmations import find_line
from portal.ownership.queries.gone import find_gone
from portal.ownership.queries.handovers import list_of_entity
from portal.ownership.routes.confirming import STATES
from portal.ownership.routes.handing import present_offer
from portal.ownership.routes.presenting import (
    answers_for,
    entity_page,
    is_admin,
    make_team_link,
    name_people,
    page_of,
)

if TYPE_CHECKING:
    from portal.infra.contributions import PanelSubject
    from portal.web.unit import Session

WITHOUT = ("group", "user", "location")


def badge_panel(session: Session, subject: PanelSubject) -> str | None:
    """Return nothing beside the tab of what can have an owner; None for what cannot."""
    del session
    return None if subject.kind in WITHOUT else ""


def render_panel(session: Session, subject: PanelSubject) -> str:
    """Return who answers for an entity, when that was confirmed, and its hand-overs."""
    line = find_line(session, subject.ref, now=utc_now())
    if line is None:
        return render_template("ownership/_ownerless.html")
    row = line.row
    gone = find_gone(session, row.owner)
    offers = list_of_entity(session, subject.ref)
    refs = {ref for one in offers for ref in (one.giver, one.receiver) if ref} | {row.owner}
    refs |= {ref for ref in (gone.parent, gone.heir) if ref} if gone else set()
    labels = entities.list_labels(session, refs)
    people = {p for one in offers for p in (one.asked_by, one.answered_by)} | {row.confirmed_by}
    names = name_people(session, people)
    word, tone = STATES[line.standing.state]
    return render_template(
        "ownership/_panel.html",
        entity=SimpleNamespace(
            ref=row.ref,
            owner=make_team_link(row.owner, labels),
            contacts=list(line.statement["contacts"].items()),
            tier=TIER_LABELS.get(row.tier),
            state=word,
            tone=tone,
            due_at=line.standing.due_at,
            is_due=line.standing.is_open(utc_now()),
            confirmed_at=row.confirmed_at,
            confirmed_by=names.get(row.confirmed_by, row.confirmed_by),
            value=f"{line.seal}:{row.ref}",
        ),
        gone=gone,
        parent=make_team_link(gone.parent, labels) if gone and gone.parent else None,
        may_take=bool(gone and gone.heir and (is_admin() or answers_for(gone.heir))),
        heir=make_team_link(gone.heir, labels) if gone and gone.heir else None,
        may_act=not gone and answers_for(row.owner, row.ref),
        # People who own have no page to confirm on; the API takes theirs as well.
        confirm_url=page_of("ownership.confirm", row.owner)
        if row.owner.startswith("group:")
        else None,
        hand_over_url=entity_page("ownership.hand_over", row.ref),
        offers=[present_offer(one, row.title or row.name, labels, names) for one in offers],
    )
