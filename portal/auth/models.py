"""Tables of identity: accounts, how they sign in, sessions, tokens, memberships."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.infra.db import Base, JsonText, UtcDateTime

REF = String(600)
HASH = String(64)


class Account(Base):
    """Somebody, or some program, that acts; `person` is their opaque name in the audit trail.

    `role_by` says who gave the role: `provider`, `scim`, `cli` or an admin's person id.
    `user_ref` is the catalog User they are. `scim_provider` is the identity provider that manages
    a person (`is_scim`, known there as `external_id`) or that a service account speaks for.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("person"),
        UniqueConstraint("name"),
        UniqueConstraint("scim_provider", "external_id"),
        Index("ix_accounts_user_ref", "user_ref"),
        Index("ix_accounts_email", "email"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    display_name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    kind: Mapped[str] = mapped_column(String(10), default="person")
    role: Mapped[str] = mapped_column(String(10))
    role_by: Mapped[str] = mapped_column(String(100))
    user_ref: Mapped[str | None] = mapped_column(REF)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_scim: Mapped[bool] = mapped_column(default=False)
    scim_provider: Mapped[str | None] = mapped_column(String(30))
    external_id: Mapped[str | None] = mapped_column(String(255))
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Identity(Base):
    """An account's name at an identity provider; (issuer, subject) is who it is, never an e-mail.

    `groups` is null while the provider never said which; `groups_cut` when it left them out.
    `is_email_trusted` says that the address was verified, in a domain the provider vouches for.
    """

    __tablename__ = "identities"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index("ix_identities_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    provider: Mapped[str] = mapped_column(String(30))
    issuer: Mapped[str] = mapped_column(String(400))
    subject: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    is_email_trusted: Mapped[bool] = mapped_column(default=False)
    groups: Mapped[Any] = mapped_column(JsonText, nullable=True)
    groups_cut: Mapped[bool] = mapped_column(default=False)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Credential(Base):
    """A local account's password, or the one-time key of the link that sets it."""

    __tablename__ = "credentials"
    __table_args__ = (UniqueConstraint("setup_hash"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    setup_hash: Mapped[str | None] = mapped_column(HASH)
    setup_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInSession(Base):
    """A browser that is signed in; only the hash of its key is kept."""

    __tablename__ = "sign_in_sessions"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        Index("ix_sign_in_sessions_account_id", "account_id"),
        Index("ix_sign_in_sessions_idp", "issuer", "subject"),
        Index("ix_sign_in_sessions_seen_at", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(HASH)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    way: Mapped[str] = mapped_column(String(30))
    issuer: Mapped[str | None] = mapped_column(String(400))
    subject: Mapped[str | None] = mapped_column(String(255))
    idp_sid: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proven_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))


class ApiToken(Base):
    """A key for programs: `prefix` is shown, only the hash of the whole is kept."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        Index("ix_api_tokens_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(HASH)
    scopes: Mapped[Any] = mapped_column(JsonText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccountTeam(Base):
    """A team an account answers for; `origin` says why. Written by the floor that knows teams."""

    __tablename__ = "account_teams"
    __table_args__ = (Index("ix_account_teams_team", "team"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    team: Mapped[str] = mapped_column(REF, primary_key=True)
    is_direct: Mapped[bool] = mapped_column()
    origin: Mapped[str] = mapped_column(Text)


class GroupRule(Base):
    """What a group of an identity provider stands for: a team, a role, or both."""

    __tablename__ = "group_rules"
    __table_args__ = (UniqueConstraint("provider", "group_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(30))
    group_name: Mapped[str] = mapped_column(String(300))
    team: Mapped[str | None] = mapped_column(REF)
    role: Mapped[str | None] = mapped_column(String(10))
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ScimUser(Base):
    """A person as an identity provider manages them over SCIM; gone once it deletes them.

    `document` is what the provider said, the keys are what it is found and sorted by. `is_active`
    is the provider's word, null when it says nothing; the account may be closed all the same.
    """

    __tablename__ = "scim_users"
    __table_args__ = (UniqueConstraint("id"), UniqueConstraint("provider", "user_name_key"))

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(32))
    provider: Mapped[str] = mapped_column(String(30))
    user_name_key: Mapped[str] = mapped_column(String(600))
    display_name_key: Mapped[str | None] = mapped_column(String(600))
    given_name_key: Mapped[str | None] = mapped_column(String(600))
    family_name_key: Mapped[str | None] = mapped_column(String(600))
    formatted_name_key: Mapped[str | None] = mapped_column(String(600))
    document: Mapped[Any] = mapped_column(JsonText)
    is_active: Mapped[bool | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class ScimEmail(Base):
    """An address of a managed person, as it is searched."""

    __tablename__ = "scim_emails"
    __table_args__ = (Index("ix_scim_emails_value_key", "value_key"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("scim_users.account_id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    value_key: Mapped[str | None] = mapped_column(String(960))
    type_key: Mapped[str | None] = mapped_column(String(180))
    is_primary: Mapped[bool | None] = mapped_column()


class Throttle(Base):
    """Failed sign-ins of an account or an address; nobody is heard before `free_at`."""

    __tablename__ = "sign_in_throttles"

    key: Mapped[str] = mapped_column(HASH, primary_key=True)
    failures: Mapped[int] = mapped_column()
    free_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class OneTimeValue(Base):
    """Something that counts once: the state of a sign-in under way, a logout token's id."""

    __tablename__ = "one_time_values"

    key: Mapped[str] = mapped_column(HASH, primary_key=True)
    value: Mapped[Any] = mapped_column(JsonText, nullable=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
