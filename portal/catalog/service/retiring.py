"""Services retired for good: archived with their history, and their name kept from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete

from portal.audit.service import record_act
from portal.auth.core import Actor, Subject, authorise
from portal.catalog.core.changes import BROUGHT_BACK, RETIRED
from portal.catalog.core.records import Place
from portal.catalog.models import RemovedEntity, RetiredEntity
from portal.catalog.queries.retired import count_direct_dependents, get_retired
from portal.catalog.service.editing import open_for_change
from portal.catalog.service.overlays import lay_overlays, make_record
from portal.catalog.service.permissions import WRITE
from portal.catalog.service.problems import refresh_near
from portal.catalog.service.records import write_records
from portal.catalog.service.removals import take_out
from portal.catalog.service.revisions import hold_revision
from portal.errors import Conflict, InvalidInput, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

LONGEST_REASON = 500


def retire_entity(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    ref: str,
    *,
    reason: str,
    despite_dependents: bool = False,
    version: int | None,
    now: datetime,
) -> None:
    """Archive an entity and keep its name from others.

    Raises InvalidInput without a reason, Conflict while something stands on it unless that is
    meant.
    """
    entity = open_for_change(session, actor, ref, version=version)
    if not 0 < len(reason) <= LONGEST_REASON:
        message = f"A reason has 1 to {LONGEST_REASON} characters."
        raise InvalidInput(
            message, (Problem("reason", "length", message, "Say why it is retired."),)
        )
    standing = count_direct_dependents(session, ref)
    if standing and not despite_dependents:
        raise Conflict(
            f"{standing} still stand on {ref}.",
            fix="Move them first, or say that it is retired all the same.",
        )
    session.add(
        RetiredEntity(
            ref=ref,
            owner=entity.owner,
            source=entity.source,
            file=entity.file,
            document_number=entity.document_number,
            line=entity.line,
            read_as=entity.read_as,
            document=entity.document if entity.base is None else entity.base,
            reason=reason,
            retired_by=actor.name,
            retired_at=now,
        )
    )
    session.flush()
    before = {"owner": entity.owner, "source": entity.source, "file": entity.file}
    take_out(session, actor, [ref], run_id=0, change=RETIRED, now=now)
    # It comes back from where it is archived, and not with what a run took.
    session.execute(delete(RemovedEntity).where(RemovedEntity.ref == ref))
    refresh_near(session, [ref])
    record_act(
        session,
        actor.name,
        ref,
        action="catalog.retire",
        before=before,
        after={"reason": reason, "dependents": standing},
        now=now,
    )


def bring_back(session: Session, actor: Actor, ref: str, *, now: datetime) -> None:
    """Take a retired entity out of the archive, with what was set in the portal over its file."""
    hold_revision(session)
    row = get_retired(session, ref)
    authorise(actor, WRITE, Subject(row.ref, row.owner))
    place = Place(row.source, row.file, row.document_number, row.line, row.read_as)
    records, _ = lay_overlays(session, [make_record(session, row.document, place)])
    session.delete(row)
    session.flush()
    write_records(session, actor, fresh=records, changed=(), change=BROUGHT_BACK, now=now)
    refresh_near(session, [ref])
    record_act(session, actor.name, ref, action="catalog.bring_back", now=now)
