"""What entities were before, what they were called, and what people laid over their files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.models.references import REF
from portal.infra.db import Base, JsonText, UtcDateTime


class EntityOverlay(Base):
    """A field of an entity that was set in the portal and stands over what its file says.

    `pointer` is an RFC 6901 JSON Pointer into the document, without list indexes.
    """

    __tablename__ = "entity_overlays"

    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    pointer: Mapped[str] = mapped_column(String(300), primary_key=True)
    value: Mapped[Any] = mapped_column(JsonText, nullable=True)
    is_removal: Mapped[bool] = mapped_column()
    set_by: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EntityRevision(Base):
    """One change of an entity: who or what made it, and the document as it was before.

    `before` is empty where there was none. What it was afterwards is the `before` of the next
    revision, or the entity as it is: so what never changes is stored once. `fields` are the
    pointers that changed.
    """

    __tablename__ = "entity_revisions"
    __table_args__ = (
        Index("ix_entity_revisions_ref", "ref", "id"),
        Index("ix_entity_revisions_at", "at", "id"),
        Index("ix_entity_revisions_owner", "owner", "id"),
        Index("ix_entity_revisions_owner_before", "owner_before", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(REF)
    change: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(Text)
    line: Mapped[int] = mapped_column()
    owner: Mapped[str | None] = mapped_column(REF)
    owner_before: Mapped[str | None] = mapped_column(REF)
    fields: Mapped[Any] = mapped_column(JsonText)
    before: Mapped[Any] = mapped_column(JsonText, nullable=True)


class PastRelation(Base):
    """A relation that no longer holds, and from when until when it did."""

    __tablename__ = "past_relations"
    __table_args__ = (
        Index("ix_past_relations_source", "source", "until"),
        Index("ix_past_relations_target", "target", "until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    declared_by: Mapped[str] = mapped_column(REF)
    type: Mapped[str] = mapped_column(String(63))
    source: Mapped[str] = mapped_column(REF)
    target: Mapped[str] = mapped_column(REF)
    criticality: Mapped[str | None] = mapped_column(String(10))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class EntityRename(Base):
    """What an entity was called before; its old links lead to `new_ref`."""

    __tablename__ = "entity_renames"
    __table_args__ = (Index("ix_entity_renames_new_ref", "new_ref"),)

    old_ref: Mapped[str] = mapped_column(REF, primary_key=True)
    new_ref: Mapped[str] = mapped_column(REF)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(200))


class RetiredEntity(Base):
    """An entity that was retired: its document as its file had it, and who keeps its name."""

    __tablename__ = "retired_entities"
    __table_args__ = (
        Index("ix_retired_entities_retired_at", "retired_at"),
        Index("ix_retired_entities_source", "source"),
    )

    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    owner: Mapped[str | None] = mapped_column(REF)
    source: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(Text)
    document_number: Mapped[int] = mapped_column()
    line: Mapped[int] = mapped_column()
    read_as: Mapped[str] = mapped_column(String(200))
    document: Mapped[Any] = mapped_column(JsonText)
    reason: Mapped[str] = mapped_column(Text)
    retired_by: Mapped[str] = mapped_column(String(200))
    retired_at: Mapped[datetime] = mapped_column(UtcDateTime)
