"""Writes of link templates."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.core.link_templates import MOST_TEMPLATES, LinkTemplate, check_template
from portal.catalog.models import LinkTemplateRow
from portal.catalog.queries.links import get_template, read_template
from portal.catalog.service.permissions import LINKS
from portal.catalog.service.revisions import bump_revision
from portal.errors import Conflict, InvalidInput, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def add_template(
    session: Session, actor: Actor, template: LinkTemplate, *, now: datetime
) -> LinkTemplateRow:
    """Add a template; raises InvalidInput naming fields."""
    authorise(actor, LINKS)
    check_template(template)
    if (session.scalar(select(func.count(LinkTemplateRow.id))) or 0) >= MOST_TEMPLATES:
        raise Conflict(
            f"There are {MOST_TEMPLATES} templates already.", fix="Remove one that is not needed."
        )
    row = LinkTemplateRow(changed_by=actor.name, changed_at=now)
    _fill(row, template)
    _flush(session, row)
    _record(session, actor, "catalog.add_link_template", None, template, now)
    return row


def change_template(
    session: Session,
    actor: Actor,
    template_id: int,
    *,
    template: LinkTemplate,
    revision: int,
    now: datetime,
) -> LinkTemplateRow:
    """Change a template; `revision` is the one that was looked at. Raises Conflict."""
    authorise(actor, LINKS)
    row = get_template(session, template_id)
    session.refresh(row, with_for_update=True)
    if row.revision != revision:
        raise Conflict(
            f"{row.title} was changed since you opened it.",
            fix="Look at it as it is now, then change it again.",
        )
    check_template(template)
    before = read_template(row)
    if before == template:
        return row
    _fill(row, template)
    row.revision, row.changed_by, row.changed_at = revision + 1, actor.name, now
    _flush(session, row)
    _record(session, actor, "catalog.change_link_template", before, template, now)
    return row


def remove_template(session: Session, actor: Actor, template_id: int, *, now: datetime) -> None:
    """Take a template away, and with it the links it made."""
    authorise(actor, LINKS)
    row = get_template(session, template_id)
    before = read_template(row)
    session.delete(row)
    session.flush()
    _record(session, actor, "catalog.remove_link_template", before, None, now)


def _fill(row: LinkTemplateRow, template: LinkTemplate) -> None:
    row.title, row.url = template.title, template.url
    row.applies_to, row.environments = list(template.applies_to), list(template.environments)


def _flush(session: Session, row: LinkTemplateRow) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        message = f"There is a template called {row.title} already."
        raise InvalidInput(
            message, (Problem("title", "unique", message, "Choose another title."),)
        ) from None


def _record(
    session: Session,
    actor: Actor,
    action: str,
    before: LinkTemplate | None,
    after: LinkTemplate | None,
    now: datetime,
) -> None:
    bump_revision(session)  # each process reads the templates again
    title = (after or before or LinkTemplate("", "")).title
    record_act(
        session,
        actor.name,
        f"link-template:{title}",
        action=action,
        before=asdict(before) if before else None,
        after=asdict(after) if after else None,
        now=now,
    )
