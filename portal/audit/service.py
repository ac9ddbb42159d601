"""Writes of the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError

from portal.audit.core.chain import GENESIS, judge_head, make_head, make_seal
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.queries.chain import (
    HEAD_ID,
    find_head,
    find_last_position,
    find_sealed,
    list_unsealed,
    read_keys,
)
from portal.errors import Conflict
from portal.infra.db import BATCH_ROWS
from portal.infra.logs import blank_secrets

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.audit.core.chain import Keys
    from portal.infra.secrets import SecretBox

ANONYMOUS = "anonymous"


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

    The session knows the request it serves, whose id and address are kept beside. A value whose
    name says secret is blanked, should anybody hand one in.
    """
    origin = session.info.get("origin")
    session.add(
        AuditEntry(
            at=now.replace(microsecond=0),
            actor=actor,
            action=action,
            subject=subject[:400],
            before=blank_secrets(before),
            after=blank_secrets(after),
            request_id=origin.request_id if origin else None,
            address=origin.address[:64] if origin else None,
        )
    )
    session.flush()


def seal_entries(session: Session, box: SecretBox) -> int:
    """Chain the oldest entries without a seal, one batch of them; returns how many.

    Only the record of the chain's end is locked, which nobody who writes an entry touches. Raises
    Conflict where the end is not as it was left: going on would hide what was done to it.
    """
    keys = read_keys(box)
    head = _take_head(session, keys)
    _check_head(session, keys, head)
    batch = list_unsealed(session, limit=BATCH_ROWS)
    if not batch:
        return 0
    sealed = []
    count, last = head.count, head.seal
    for row in batch:
        count += 1
        last = make_seal(keys, count, last, row.covered)
        sealed.append({"entry": row.id, "place": count, "made": last})
    session.connection().execute(
        update(AuditEntry)
        .where(AuditEntry.id == bindparam("entry"))
        .values(position=bindparam("place"), seal=bindparam("made")),
        sealed,
    )
    head.count, head.seal, head.proof = count, last, make_head(keys, count, last)
    session.flush()
    return len(batch)


def erase_addresses(session: Session, person: str) -> int:
    """Forget the addresses a person acted from, of one batch of entries; returns how many.

    Failed tries to sign in as them count too. The seals leave addresses out and still fit.
    """
    is_theirs = (AuditEntry.actor == person) | (
        (AuditEntry.actor == ANONYMOUS) & (AuditEntry.subject == person)
    )
    ids = session.scalars(
        select(AuditEntry.id).where(is_theirs, AuditEntry.address.is_not(None)).limit(BATCH_ROWS)
    ).all()
    session.execute(update(AuditEntry).where(AuditEntry.id.in_(ids)).values(address=None))
    return len(ids)


def _take_head(session: Session, keys: Keys) -> AuditHead:
    """Return the record of the chain's end, locked; it is made for the first seal."""
    head = find_head(session, lock=True)
    if head is not None:
        return head
    fresh = AuditHead(id=HEAD_ID, count=0, seal=GENESIS, proof=make_head(keys, 0, GENESIS))
    try:
        with session.begin_nested():
            session.add(fresh)
    except IntegrityError:
        raise Conflict("Another process seals at this moment.", fix="Try again.") from None
    return fresh


def _check_head(session: Session, keys: Keys, head: AuditHead) -> None:
    """Raise Conflict unless the chain ends where its record says."""
    last = find_sealed(session, head.count)
    is_right = (
        judge_head(keys, head.count, head.seal, head.proof) is None
        and find_last_position(session) == head.count
        and (last.seal if last else GENESIS) == head.seal
    )
    if not is_right:
        raise Conflict(
            "The end of the audit trail's chain is not as it was left, so nothing more is sealed.",
            fix="`portal audit verify` says what is wrong.",
        )
