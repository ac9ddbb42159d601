"""Reads of the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.audit.core import GENESIS, compute_seal
from portal.audit.models import AuditEntry

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def list_entries(session: Session, *, limit: int = 100) -> list[AuditEntry]:
    """Return the newest entries first."""
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)))


def list_unsealed(session: Session, *, limit: int = 1000) -> list[AuditEntry]:
    """Return entries without a seal, oldest first."""
    return list(
        session.scalars(
            select(AuditEntry).where(AuditEntry.seal.is_(None)).order_by(AuditEntry.id).limit(limit)
        )
    )


def get_last_seal(session: Session) -> str:
    """Return the newest seal, or the genesis value."""
    found = session.scalar(
        select(AuditEntry.seal)
        .where(AuditEntry.seal.is_not(None))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return found or GENESIS


def entry_values(entry: AuditEntry) -> dict[str, Any]:
    """Return what a seal covers."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "before": entry.before,
        "after": entry.after,
    }


def find_broken_seal(session: Session) -> int | None:
    """Return the id of the first entry whose seal does not fit its content, None when all do."""
    previous = GENESIS
    for entry in session.scalars(
        select(AuditEntry).where(AuditEntry.seal.is_not(None)).order_by(AuditEntry.id)
    ):
        if compute_seal(previous, entry_values(entry)) != entry.seal:
            return entry.id
        previous = entry.seal
    return None
