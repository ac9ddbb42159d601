"""Templates that give every entity its links."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime


class LinkTemplateRow(Base):
    """One template; `revision` grows with each change, so that two do not overwrite each other."""

    __tablename__ = "link_templates"
    __table_args__ = (UniqueConstraint("title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(Text)
    applies_to: Mapped[Any] = mapped_column(JsonText)
    environments: Mapped[Any] = mapped_column(JsonText)
    revision: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
