"""Tables of teams: the groups an identity provider manages over SCIM, and who is in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, UtcDateTime


class ScimGroup(Base):
    """A group of one provider; two providers' groups of one name stay two."""

    __tablename__ = "scim_groups"
    __table_args__ = (
        UniqueConstraint("provider", "name_key"),
        UniqueConstraint("provider", "external_id"),
        Index("ix_scim_groups_created_at", "provider", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    provider: Mapped[str] = mapped_column(String(30))
    external_id: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(String(900))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class ScimMember(Base):
    """Who is in a group."""

    __tablename__ = "scim_members"
    __table_args__ = (Index("ix_scim_members_account_id", "account_id"),)

    group_id: Mapped[str] = mapped_column(ForeignKey("scim_groups.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("scim_users.account_id"), primary_key=True)
