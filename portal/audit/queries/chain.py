"""Reads of the chain: rows exactly as they are stored, its end, and whether all of it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Text, cast, func, or_, select, type_coerce

from portal.audit.core.chain import FORMAT, GENESIS, ChainRow, Keys, judge_head, judge_seal
from portal.audit.models import AuditEntry, AuditHead
from portal.infra.secrets import AUDIT, KEY_ID_BYTES, SecretBox

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

HEAD_ID = 1
KEY_ID_CHARACTERS = 2 * KEY_ID_BYTES
ROWS_AT_ONCE = 1000
COVERED = ("at", "actor", "action", "subject", "before", "after", "request_id")
STORED_TIME = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the chain does not hold; `entry_id` is None where no row is left."""

    position: int
    entry_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: entries that hold, the first that does not, and those still to seal."""

    sealed: int
    last_seal: str
    broken: Break | None
    unsealed: int
    unsealed_since: datetime | None


def read_keys(box: SecretBox) -> Keys:
    """Return the keys of the chain, of the current secret key and the older ones."""
    return Keys(box.key_id, {key_id: box.derive_key(AUDIT, key_id) for key_id in box.key_ids})


def find_head(session: Session, *, lock: bool = False) -> AuditHead | None:
    """Return the record of the chain's end; `lock` keeps others from extending it meanwhile."""
    return session.get(AuditHead, HEAD_ID, with_for_update=lock, populate_existing=True)


def find_last_position(session: Session) -> int:
    """Return the highest position any row claims, 0 without one."""
    return session.scalar(select(func.max(AuditEntry.position))) or 0


def find_sealed(session: Session, position: int) -> ChainRow | None:
    """Return the row at a position of the chain."""
    found = list_chain(session, after=position - 1, limit=1)
    return found[0] if found and found[0].position == position else None


def list_chain(session: Session, *, after: int, limit: int = ROWS_AT_ONCE) -> list[ChainRow]:
    """Return rows of the chain in its order, from the one behind `after` on."""
    condition = AuditEntry.position > after
    return _list(session, condition, AuditEntry.position, limit)


def list_unsealed(session: Session, *, limit: int) -> list[ChainRow]:
    """Return rows that wait for their seal, oldest first."""
    condition = AuditEntry.position.is_(None) & AuditEntry.seal.is_(None)
    return _list(session, condition, AuditEntry.id, limit)


def list_key_ids(session: Session) -> set[str]:
    """Return the ids of the secret keys that seals were made under."""
    begin = len(f"{FORMAT}.") + 1
    found = session.scalars(
        select(func.substr(AuditEntry.seal, begin, KEY_ID_CHARACTERS))
        .where(AuditEntry.seal.is_not(None))
        .distinct()
    )
    return set(found)


def verify_chain(
    session: Session, box: SecretBox, *, known: tuple[int, str] | None = None
) -> Verdict:
    """Check every seal and that none is missing.

    `known` is a position and its seal, noted elsewhere: it shows a chain that was cut back to an
    older state or built anew. Rows that others seal meanwhile are checked too.
    """
    keys = read_keys(box)
    walked, last, broken = _walk(session, keys)
    broken = broken or _check_stray(session) or _check_known(session, known, walked)
    waits = AuditEntry.position.is_(None)
    unsealed, since = session.execute(
        select(func.count(), func.min(AuditEntry.at)).where(waits)
    ).one()
    return Verdict(walked, last, broken, unsealed, since)


def _walk(session: Session, keys: Keys) -> tuple[int, str, Break | None]:
    """Follow the chain to its end; returns how far it holds, the last seal, the first break."""
    walked, last = 0, GENESIS
    while True:
        rows = list_chain(session, after=walked)
        if not rows:
            head = find_head(session)
            if head is None or head.count <= walked:
                return walked, last, _check_end(keys, head, walked, last)
            rows = list_chain(session, after=walked)  # sealed since, or gone
            if not rows:
                gone = f"entries {walked + 1} to {head.count} of the chain are gone"
                return walked, last, Break(walked + 1, None, gone)
        for row in rows:
            broken = _check_row(keys, walked + 1, last, row)
            if broken is not None:
                return walked, last, broken
            walked, last = walked + 1, row.seal or ""


def _check_row(keys: Keys, position: int, previous: str, row: ChainRow) -> Break | None:
    if row.position != position:
        reason = f"entry {position} of the chain is gone; the next one there is has the id {row.id}"
        return Break(position, None, reason)
    reason = judge_seal(keys, position, previous, row) or ""
    return Break(position, row.id, reason) if reason else None


def _check_end(keys: Keys, head: AuditHead | None, walked: int, last: str) -> Break | None:
    if head is None:
        return Break(walked, None, "the record of the chain's end is gone") if walked else None
    reason = judge_head(keys, head.count, head.seal, head.proof)
    if reason is not None:
        return Break(walked, None, f"the record of the chain's end: {reason}")
    if (head.count, head.seal) != (walked, last):
        return Break(head.count + 1, None, "the chain is longer than its end was recorded")
    return None


def _check_stray(session: Session) -> Break | None:
    """Find rows that are half in the chain."""
    found = session.scalar(
        select(AuditEntry.id)
        .where(
            or_(
                AuditEntry.position.is_(None) & AuditEntry.seal.is_not(None),
                AuditEntry.position < 1,
            )
        )
        .order_by(AuditEntry.id)
        .limit(1)
    )
    return None if found is None else Break(0, found, "it is sealed, but has no place in the chain")


def _check_known(session: Session, known: tuple[int, str] | None, walked: int) -> Break | None:
    if known is None:
        return None
    position, seal = known
    row = find_sealed(session, position) if position <= walked else None
    if row is not None and row.seal == seal:
        return None
    return Break(position, row.id if row else None, "it is not the entry whose seal was noted")


def _list(
    session: Session, condition: ColumnElement[bool], order: Any, limit: int
) -> list[ChainRow]:
    stored = {name: _as_stored(session, getattr(AuditEntry, name)) for name in COVERED}
    seal = _as_stored(session, AuditEntry.seal).label("stored_seal")
    rows = session.execute(
        select(
            AuditEntry.id,
            AuditEntry.position,
            seal,
            *(column.label(f"stored_{name}") for name, column in stored.items()),
        )
        .where(condition)
        .order_by(order)
        .limit(limit)
    ).all()
    return [_make_row(row) for row in rows]


def _as_stored(session: Session, column: Any) -> ColumnElement[Any]:
    """Return a column without any reading of its value, so that no change of it stays unseen."""
    if session.get_bind().dialect.name == "sqlite":
        return cast(column, LargeBinary)
    return type_coerce(column, Text)


def _make_row(row: Any) -> ChainRow:
    covered = {name: _read(getattr(row, f"stored_{name}")) for name in COVERED}
    covered["at"] = _read_time(covered["at"])
    return ChainRow(row.id, row.position, _read(row.stored_seal), {"id": row.id, **covered})


def _read(value: Any) -> Any:
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else value


def _read_time(value: Any) -> str:
    """Return a time as ISO 8601; a text that is not exactly as it is written stays apart."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    try:
        found = datetime.strptime(str(value), STORED_TIME).replace(tzinfo=UTC)
    except ValueError:
        return f"not a time: {value}"
    is_exact = found.strftime(STORED_TIME) == value
    return found.isoformat() if is_exact else f"not a time: {value}"
