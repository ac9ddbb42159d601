"""Tables of teams: groups kept over SCIM, what owners confirmed, hand-overs, reorganisations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime

REF = String(600)
PERSON = String(200)


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


class Confirmation(Base):
    """What was last confirmed of an entity: its owner, contacts and tier; the trail has the rest.

    `owner` is the one of then: with another the confirmation says nothing any more.
    """

    __tablename__ = "confirmations"

    ref: Mapped[str] = mapped_column(REF, primary_key=True)
    owner: Mapped[str] = mapped_column(REF)
    confirmed_by: Mapped[str] = mapped_column(PERSON)
    confirmed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed: Mapped[Any] = mapped_column(JsonText)


class Handover(Base):
    """An entity that its owner gives away, and what became of that.

    `receiver` is the team that is asked, empty where only an admin can say whose it is;
    `is_unknown` where the giver did not know. Nothing changes hands before it is accepted.
    """

    __tablename__ = "handovers"
    __table_args__ = (
        Index("ix_handovers_ref", "ref", "id"),
        Index("ix_handovers_receiver", "receiver", "state"),
        Index("ix_handovers_giver", "giver", "state"),
        Index("ix_handovers_state", "state", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(REF)
    giver: Mapped[str] = mapped_column(REF)
    receiver: Mapped[str | None] = mapped_column(REF)
    is_unknown: Mapped[bool] = mapped_column()
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    asked_by: Mapped[str] = mapped_column(PERSON)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_by: Mapped[str | None] = mapped_column(PERSON)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(Text)


class Reorganisation(Base):
    """Teams that were renamed, merged, split or closed, and how far that is.

    `wish` is what was asked for; its steps are rows of their own.
    """

    __tablename__ = "reorganisations"
    __table_args__ = (Index("ix_reorganisations_at", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    wish: Mapped[Any] = mapped_column(JsonText)
    state: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(PERSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by: Mapped[str | None] = mapped_column(PERSON)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str] = mapped_column(Text)


class ReorganisationStep(Base):
    """One thing a reorganisation changes: what it is to be, and what it was when it was changed."""

    __tablename__ = "reorganisation_steps"
    __table_args__ = (
        Index("ix_reorganisation_steps_state", "reorganisation_id", "state", "number"),
    )

    reorganisation_id: Mapped[int] = mapped_column(
        ForeignKey("reorganisations.id"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    act: Mapped[str] = mapped_column(String(10))
    ref: Mapped[str] = mapped_column(REF)
    pointer: Mapped[str] = mapped_column(String(300))
    value: Mapped[Any] = mapped_column(JsonText, nullable=True)
    was: Mapped[Any] = mapped_column(JsonText, nullable=True)
    state: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text)
