"""What lists need beside entities: revisions, tombstones, marks, stars."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.models.references import REF
from portal.infra.db import Base, UtcDateTime


class CatalogState(Base):
    """One row: the revision that grows with every change of the catalog."""

    __tablename__ = "catalog_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column()


class EntityTombstone(Base):
    """The id of an entity that is gone, for processes that hold columns in memory.

    SQLite gives ids again, so one id may stand here several times.
    """

    __tablename__ = "entity_tombstones"
    __table_args__ = (Index("ix_entity_tombstones_revision", "revision"),)

    entity_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class EntityMark(Base):
    """A value a feature shows beside an entity in lists; `rank` sorts it, `text` is read.

    Past `expires_at` it counts as stale.
    """

    __tablename__ = "entity_marks"
    __table_args__ = (
        Index("ix_entity_marks_name_rank", "name", "rank", "ref"),
        Index("ix_entity_marks_revision", "revision"),
    )

    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    rank: Mapped[int] = mapped_column()
    value: Mapped[str] = mapped_column(String(63))
    text: Mapped[str] = mapped_column(String(200))
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column()


class Star(Base):
    """An entity somebody wants at hand; gone with the account, kept while the entity is away."""

    __tablename__ = "stars"
    __table_args__ = (Index("ix_stars_ref", "ref"),)

    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True
    )
    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    starred_at: Mapped[datetime] = mapped_column(UtcDateTime)
