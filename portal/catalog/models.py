"""Tables of the catalog.

Everything refers to entities by canonical reference, so a relation may point at something that
does not exist (yet).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime

REF = String(600)


class Entity(Base):
    """One entity: its document as read, and the columns lists are filtered and sorted by."""

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

    `criticality` is `hard`, `soft` or nothing when the file does not say.
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


class CatalogProblem(Base):
    """Something wrong with a file, a document or a reference of a source.

    `about` is a reference it does not belong to: what a policy refused, say.
    """

    __tablename__ = "catalog_problems"
    __table_args__ = (
        Index("ix_catalog_problems_file", "source", "file"),
        Index("ix_catalog_problems_ref", "ref"),
        Index("ix_catalog_problems_severity", "severity", "id"),
        Index("ix_catalog_problems_about", "about"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    severity: Mapped[str] = mapped_column(String(10))
    rule: Mapped[str] = mapped_column(String(40))
    ref: Mapped[str | None] = mapped_column(REF)
    about: Mapped[str | None] = mapped_column(REF)
    source: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(Text)
    document_number: Mapped[int] = mapped_column()
    line: Mapped[int] = mapped_column()
    path: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    fix: Mapped[str] = mapped_column(Text)


class RemovedEntity(Base):
    """An entity that vanished from its source, kept while it can be brought back."""

    __tablename__ = "removed_entities"
    __table_args__ = (Index("ix_removed_entities_removed_at", "removed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(REF)
    source: Mapped[str] = mapped_column(String(200))
    file: Mapped[str] = mapped_column(Text)
    document_number: Mapped[int] = mapped_column()
    line: Mapped[int] = mapped_column()
    read_as: Mapped[str] = mapped_column(String(200), server_default="")
    document: Mapped[Any] = mapped_column(JsonText)
    removed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    run_id: Mapped[int] = mapped_column()


class EntityWords(Base):
    """The words of an entity, parted by spaces; processes read them into their search index.

    `name` are those of its name, `strong` also those of what it is and whose, `weak` all.
    """

    __tablename__ = "entity_words"

    entity_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    strong: Mapped[str] = mapped_column(Text)
    weak: Mapped[str] = mapped_column(Text)


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


class CatalogState(Base):
    """One row: the revision that grows with every change of the catalog."""

    __tablename__ = "catalog_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column()
