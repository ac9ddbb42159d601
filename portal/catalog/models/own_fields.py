"""Own fields: what admins declare, the values entities have, how far they are read again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime

KEY = String(40)
VALUE = String(400)


class OwnFieldRow(Base):
    """One own field as declared; `required_for` is null where nobody must fill it.

    Names, kinds and classes are in lower case; `version` grows with every change.
    """

    __tablename__ = "own_fields"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(KEY)
    title: Mapped[str] = mapped_column(String(60))
    help: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(10))
    choices: Mapped[Any] = mapped_column(JsonText)
    location: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(200))
    kinds: Mapped[Any] = mapped_column(JsonText)
    classes: Mapped[Any] = mapped_column(JsonText)
    required_for: Mapped[Any] = mapped_column(JsonText, nullable=True)
    is_facet: Mapped[bool] = mapped_column()
    is_column: Mapped[bool] = mapped_column()
    position: Mapped[int] = mapped_column()
    version: Mapped[int] = mapped_column()
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str] = mapped_column(String(200))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OwnFieldValue(Base):
    """A value of an own field, in lower case; `original` where it is written otherwise."""

    __tablename__ = "own_field_values"
    __table_args__ = (
        Index("ix_own_field_values_value", "key", "value"),
        {"sqlite_with_rowid": False},
    )

    # First, so that what one entity has stands together: lists ask for a page of entities.
    entity_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(VALUE)
    original: Mapped[str | None] = mapped_column(VALUE)


class OwnFieldReading(Base):
    """One row: how far all entities are read again since a declaration changed.

    `after_id` is the last entity that was; `finished_at` is empty while it goes on.
    """

    __tablename__ = "own_field_reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    after_id: Mapped[int] = mapped_column()
    done: Mapped[int] = mapped_column()
    total: Mapped[int] = mapped_column()
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
