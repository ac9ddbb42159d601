"""What people type when they sign in and look after their account."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SignInQuery(BaseModel):
    """Where a sign-in leads, and whether it only proves again who somebody is."""

    model_config = ConfigDict(extra="forbid")

    next: str | None = Field(None, max_length=2000)
    again: bool = False


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""


class PasswordForm(_Form):
    """A name and a password."""

    name: str = Field(max_length=200)
    password: str = Field(max_length=1000, repr=False)
    next: str | None = Field(None, max_length=2000)


class DemoForm(_Form):
    """Which of the demo's accounts to be."""

    account: str = Field(max_length=200)
    next: str | None = Field(None, max_length=2000)


class NewPasswordForm(_Form):
    """A password, typed twice."""

    password: str = Field(max_length=1000, repr=False)
    again: str = Field("", max_length=1000, repr=False)
    old: str = Field("", max_length=1000, repr=False)


class TokenForm(_Form):
    """A new token: what it is for, what it may be used for, how long."""

    name: str = Field(max_length=100)
    scope: str = Field(max_length=2000)
    days: int = 90


class LogoutTokenForm(BaseModel):
    """What a provider posts when somebody signed out there."""

    model_config = ConfigDict(extra="ignore")

    logout_token: str = Field(max_length=16_000, repr=False)


class EmptyForm(_Form):
    """A button."""


class PeopleQuery(BaseModel):
    """Filters and page of the list of accounts."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=200)
    role: Literal["", "viewer", "member", "auditor", "admin"] = ""
    state: Literal["", "active", "ended", "deactivated"] = ""
    cursor: str | None = Field(None, max_length=2000)


class AccessApiQuery(BaseModel):
    """The question whether `actor` may do `permission` to `subject`."""

    model_config = ConfigDict(extra="forbid")

    actor: str = Field(max_length=200, description="Account, `anonymous`, or a token's beginning.")
    permission: str = Field(max_length=100, description="Such as catalog:entity:write.")
    subject: str = Field("", max_length=600, description="Reference of an entity.")


class AccessQuery(BaseModel):
    """The same, as a page that also asks who may; everything may still be empty."""

    model_config = ConfigDict(extra="forbid")

    actor: str = Field("", max_length=200)
    permission: str = Field("", max_length=100)
    subject: str = Field("", max_length=600)
    cursor: str | None = Field(None, max_length=2000)


class AccountForm(_Form):
    """A new account."""

    name: str = Field(max_length=200)
    display_name: str = Field("", max_length=200)
    email: str = Field("", max_length=320)
    role: str = Field(max_length=10)
    kind: Literal["person", "service"] = "person"


class VersionForm(_Form):
    """A button that changes an account; `version` is what whoever presses it looked at."""

    version: int


class RoleForm(VersionForm):
    """The role of an account; `provider` leaves it to the identity provider."""

    role: str = Field(max_length=10)


class EndForm(VersionForm):
    """The first day on which an account may do nothing; empty: it does not end."""

    ends_on: date | None = None


class MoveForm(_Form):
    """The account an identity moves to."""

    to: str = Field(max_length=200)


class GroupRuleForm(_Form):
    """What a provider's group stands for; `seen` is what the rule said when the form was shown."""

    provider: str = Field(max_length=30)
    group: str = Field(max_length=300)
    team: str = Field("", max_length=600)
    role: str = Field("", max_length=10)
    is_change: bool = False
    seen_team: str = Field("", max_length=600)
    seen_role: str = Field("", max_length=10)
