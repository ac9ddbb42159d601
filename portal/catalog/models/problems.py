"""What is wrong with files and references, and what is gone from its source."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalog.models.references import REF
from portal.infra.db import Base, JsonText, UtcDateTime


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
