"""The one place for stored secrets: the table `secrets`, by name, encrypted.

Whoever puts or deletes one records the act with its name; the value goes nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, Text, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from portal.errors import InvalidInput, NotFound, Problem, Unreadable
from portal.infra.db import BATCH_ROWS, Base, UtcDateTime
from portal.infra.secrets import SECRETS, SecretBox, name_place

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

NAME = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,199}")


class StoredSecret(Base):
    """A secret under its name; `key_id` is the secret key its ciphertext needs."""

    __tablename__ = "secrets"
    __table_args__ = (Index("ix_secrets_key_id", "key_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    ciphertext: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def __repr__(self) -> str:
        return f"<StoredSecret {self.name}>"


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be shown of a stored secret."""

    name: str
    key_id: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """One batch of a key change: how many moved, which could not be read, and its last row."""

    moved: int
    unreadable: tuple[str, ...]
    last_id: int


def put_secret(session: Session, box: SecretBox, name: str, text: str, *, now: datetime) -> None:
    """Store `text` under `name`, in place of what was there."""
    _check_name(name)
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(StoredSecret).values(
        name=name,
        ciphertext=box.seal(SECRETS, _place(name), text),
        key_id=box.key_id,
        created_at=now,
        updated_at=now,
    )
    new = statement.excluded
    changed = {"ciphertext": new.ciphertext, "key_id": new.key_id, "updated_at": new.updated_at}
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))


def find_secret(session: Session, box: SecretBox, name: str) -> str | None:
    """Return the secret, None when there is none; raises Unreadable."""
    query = select(StoredSecret.ciphertext).where(StoredSecret.name == name)
    ciphertext = session.scalar(query)
    return None if ciphertext is None else box.open(SECRETS, _place(name), ciphertext)


def get_secret(session: Session, box: SecretBox, name: str) -> str:
    """Return the secret; raises NotFound or Unreadable."""
    found = find_secret(session, box, name)
    if found is None:
        raise NotFound(f"No secret called {name} is stored.", fix="Enter it once more.")
    return found


def delete_secret(session: Session, name: str) -> bool:
    """Forget a secret; False when there was none."""
    statement = delete(StoredSecret).where(StoredSecret.name == name).returning(StoredSecret.id)
    return session.execute(statement).one_or_none() is not None


def list_secrets(session: Session, *, prefix: str = "") -> list[SecretInfo]:
    """Return what may be shown of every stored secret whose name begins so, by name."""
    row = StoredSecret
    query = select(row.name, row.key_id, row.created_at, row.updated_at).order_by(row.name)
    if prefix:
        query = query.where(row.name.startswith(prefix, autoescape=True))
    return [SecretInfo(*found) for found in session.execute(query)]


def count_by_key(session: Session) -> dict[str, int]:
    """Return how many secrets need each key id."""
    query = select(StoredSecret.key_id, func.count()).group_by(StoredSecret.key_id)
    return dict(session.execute(query).all())


def rotate_secrets(
    session: Session, box: SecretBox, *, after_id: int = 0, limit: int = BATCH_ROWS
) -> Rotation | None:
    """Encrypt a batch of older secrets under the current key; None when none is left."""
    batch = session.execute(
        select(StoredSecret.id, StoredSecret.name, StoredSecret.ciphertext)
        .where(StoredSecret.key_id != box.key_id, StoredSecret.id > after_id)
        .order_by(StoredSecret.id)
        .limit(limit)
    ).all()
    moved, unreadable = 0, []
    for row_id, name, ciphertext in batch:
        try:
            moved += _move(session, box, row_id, name, ciphertext)
        except Unreadable:
            unreadable.append(name)
    return Rotation(moved, tuple(unreadable), batch[-1].id) if batch else None


def _move(session: Session, box: SecretBox, row_id: int, name: str, ciphertext: str) -> bool:
    """Encrypt one secret again, unless somebody put another one there meanwhile."""
    place = _place(name)
    fresh = box.seal(SECRETS, place, box.open(SECRETS, place, ciphertext))
    done = session.execute(
        update(StoredSecret)
        .where(StoredSecret.id == row_id, StoredSecret.ciphertext == ciphertext)
        .values(ciphertext=fresh, key_id=box.key_id)
        .returning(StoredSecret.id)
        .execution_options(synchronize_session=False)
    )
    return done.one_or_none() is not None


def _place(name: str) -> str:
    return name_place("secrets", "ciphertext", name)


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        message = "A secret's name is lower-case letters, digits and . _ / : - (at most 200)."
        raise InvalidInput(message, (Problem("name", "secret_name", message),))
