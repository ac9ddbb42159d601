"""Writes of the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.audit.core import compute_seal
from portal.audit.models import AuditEntry
from portal.audit.queries import entry_values, get_last_seal, list_unsealed
from portal.infra import work

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

SEAL_TOPIC = "audit.seal"


def record_act(  # noqa: PLR0913 every part is named
    session: Session,
    actor: str,
    subject: str,
    *,
    action: str,
    before: Any = None,
    after: Any = None,
    now: datetime,
) -> None:
    """Write one act into the trail, in the unit of the change it tells of.

    The session knows the request it serves, whose id and address are kept beside.
    """
    origin = session.info.get("origin")
    session.add(
        AuditEntry(
            at=now.replace(microsecond=0),
            actor=actor,
            action=action,
            subject=subject[:400],
            before=before,
            after=after,
            request_id=origin.request_id if origin else None,
            address=origin.address if origin else None,
        )
    )
    work.publish(session, SEAL_TOPIC, "trail", due_at=now)
    session.flush()


def seal_entries(session: Session, subject: str, now: datetime) -> None:
    """Chain what is not sealed yet; more than one batch is left for the next turn."""
    del subject
    previous = get_last_seal(session)
    batch = list_unsealed(session)
    for entry in batch:
        previous = entry.seal = compute_seal(previous, entry_values(entry))
    session.flush()
    if len(batch) == 1000:  # noqa: PLR2004 the number says it best here
        work.publish(session, SEAL_TOPIC, "trail", due_at=now)
