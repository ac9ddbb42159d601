"""What people type when they sign in and look after their account."""

from __future__ import annotations

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
