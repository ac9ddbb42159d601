"""Settings of identity providers, each under `PORTAL_OIDC_<NAME>_…`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, model_validator


def _split_list(value: Any) -> Any:
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    is_here = parts.scheme == "http" and parts.hostname == "127.0.0.1"
    return bool(parts.hostname) and (parts.scheme == "https" or is_here)


NameList = Annotated[tuple[str, ...], BeforeValidator(_split_list)]
Role = Literal["viewer", "member", "auditor", "admin"]


class ProviderSettings(BaseModel):
    """One identity provider; field `x_y` is read from `PORTAL_OIDC_<NAME>_X_Y`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[a-z0-9]{1,30}$", description="Name in the addresses.")
    kind: Literal["oidc", "github"] = Field(
        "oidc", description="OpenID Connect, or GitHub's plain OAuth."
    )
    title: str = Field("", max_length=60, description="Text of the button; default: the name.")
    issuer: str = Field(
        "",
        description="Issuer, exactly as its discovery document writes it; for kind github the "
        "address of an Enterprise Server, empty for github.com.",
    )
    client_id: str = Field("", description="Id the provider gave the portal.")
    client_secret: str = Field("", repr=False, description="Secret the provider gave the portal.")
    client_secret_file: Path | None = Field(None, description="File that holds the secret.")
    scopes: str = Field("", description="Scopes to ask for; default by kind.")
    groups_claim: str = Field("groups", description="Claim that lists a person's groups.")
    user_claim: str = Field(
        "", description="Claim that names the catalog User; empty: by verified e-mail."
    )
    email_domains: NameList = Field(
        (), description="Domains whose verified e-mail addresses this provider vouches for."
    )
    default_role: Role = Field("member", description="Role of whoever signs in.")
    highest_role: Role = Field("member", description="Highest role its groups can give.")
    group_roles: Json[dict[str, Role]] | dict[str, Role] = Field(
        default_factory=dict, description='Roles by group, as JSON: `{"sre": "admin"}`.'
    )
    group_teams: Json[dict[str, str]] | dict[str, str] = Field(
        default_factory=dict,
        description='Teams by group, as JSON: `{"pay-eng": "group:default/payments"}`; '
        "the group `*` with `group:default/*` takes every name as it is.",
    )
    max_age_minutes: int | None = Field(
        None, ge=1, description="Longest time since the person last proved who they are there."
    )
    acr_values: str = Field("", description="Authentication classes of which one is required.")

    @property
    def secret(self) -> str:
        """Return the client secret, read from its file where one is named."""
        if self.client_secret_file is None:
            return self.client_secret
        return self.client_secret_file.read_text("utf-8").strip()

    @model_validator(mode="after")
    def _check_whole(self) -> ProviderSettings:
        if not self.client_id:
            raise ValueError("CLIENT_ID is missing")
        is_needed = self.kind == "oidc" or self.issuer
        if is_needed and not _is_address(self.issuer):
            raise ValueError("ISSUER must be an https:// address (http://127.0.0.1 for trying out)")
        if self.client_secret_file is not None and not self.client_secret_file.is_file():
            raise ValueError(f"CLIENT_SECRET_FILE {self.client_secret_file} cannot be read")
        return self
