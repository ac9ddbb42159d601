"""Entities, and what is drawn from their documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.models.references import REF
from portal.infra.db import Base, JsonText, UtcDateTime


class Entity(Base):
    """One entity: its document, and the columns lists are filtered and sorted by.

    `base` is the document as its file has it, where overlays make another of it.
    """

    __tablename__ = "entities"
    __table_args__ = (
        UniqueConstraint("ref"),
        UniqueConstraint("uid"),
        Index("ix_entities_sort", "sort_name", "id"),
        Index("ix_entities_kind_sort", "kind", "sort_name", "id"),
        Index("ix_entities_owner_sort", "owner", "sort_name", "id"),
        Index("ix_entities_system", "system"),
        Index("ix_entities_source", "source", "file"),
        Index("ix_entities_updated_at", "updated_at", "id"),
        Index("ix_entities_revision", "revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(REF)
    uid: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(63))
    namespace: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(63))
    sort_name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(String(200))
    entity_class: Mapped[str | None] = mapped_column(String(20))
    lifecycle: Mapped[str | None] = mapped_column(String(200))
    stage: Mapped[str | None] = mapped_column(String(20))
    tier: Mapped[int | None] = mapped_column()
    owner: Mapped[str | None] = mapped_column(REF)
    system: Mapped[str | None] = mapped_column(REF)
    domain: Mapped[str | None] = mapped_column(REF)
    tags: Mapped[Any] = mapped_column(JsonText)
    document: Mapped[Any] = mapped_column(JsonText)
    base: Mapped[Any] = mapped_column(JsonText, nullable=True)
    digest: Mapped[str] = mapped_column(String(32))
    revision: Mapped[int] = mapped_column()
    source: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(Text)
    document_number: Mapped[int] = mapped_column()
    line: Mapped[int] = mapped_column()
    read_as: Mapped[str] = mapped_column(String(200), server_default="")
    is_ephemeral: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EntityTag(Base):
    """A tag of an entity."""

    __tablename__ = "entity_tags"
    __table_args__ = (Index("ix_entity_tags_tag", "tag", "ref"),)

    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    tag: Mapped[str] = mapped_column(String(63), primary_key=True)


class EntityRelation(Base):
    """A relation in its stored direction; `declared_by` is the entity whose file states it.

    `criticality` is `hard`, `soft` or nothing when the file does not say; it holds `since` then.
    """

    __tablename__ = "relations"
    __table_args__ = (
        Index("ix_relations_source", "source"),
        Index("ix_relations_target", "target"),
    )

    declared_by: Mapped[str] = mapped_column(REF, primary_key=True)
    type: Mapped[str] = mapped_column(String(63), primary_key=True)
    source: Mapped[str] = mapped_column(REF, primary_key=True)
    target: Mapped[str] = mapped_column(REF, primary_key=True)
    criticality: Mapped[str | None] = mapped_column(String(10))
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class EntityValue(Base):
    """What stands at a path of an entity, in lower case; `original` where it is written otherwise.

    `value` is empty where there is a path but nothing to compare: no value, or one too long.
    """

    __tablename__ = "entity_values"
    __table_args__ = (
        Index("ix_entity_values_entity_id", "entity_id"),
        {"sqlite_with_rowid": False},
    )

    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    entity_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[str | None] = mapped_column(String(200))
    original: Mapped[str | None] = mapped_column(String(200))


class EntityAlias(Base):
    """Another name of an entity in some system."""

    __tablename__ = "aliases"
    __table_args__ = (Index("ix_aliases_value", "value", "system"),)

    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    system: Mapped[str] = mapped_column(String(63), primary_key=True)
    value: Mapped[str] = mapped_column(String(400), primary_key=True)
    confidence: Mapped[str] = mapped_column(String(20))
    confirmed_by: Mapped[str] = mapped_column(Text)


class EntityWords(Base):
    """The words of an entity, parted by spaces; processes read them into their search index.

    `name` are those of its name, `strong` also those of what it is and whose, `weak` all.
    """

    __tablename__ = "entity_words"

    entity_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    strong: Mapped[str] = mapped_column(Text)
    weak: Mapped[str] = mapped_column(Text)
