"""SCIM's User and Group as the portal keeps them, and what it announces of itself.

Only what the portal uses is in the schemas. Everything else a provider sends is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Filter,
    InvalidValueException,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from portal.auth.core.provisioned import Address, Managed

MAX_RESULTS = 200
MAX_EMAILS = 50
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
# What Entra and Okta send beyond the letter of the RFC.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    """The parts of a person's name."""

    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    """An address of a person."""

    value: str | None = None
    type: str | None = Field(None, examples=["work", "home", "other"])
    primary: bool | None = None


class GroupMembership(ComplexAttribute):
    """A group somebody is in."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(  # noqa: UP037 it names a type
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None
    type: Annotated[str | None, Mutability.read_only] = Field(None, examples=["direct"])


class User(Resource[Any]):
    """A person."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None
    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None


class GroupMember(ComplexAttribute):
    """A person in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # noqa: UP037 it names a type
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    """A group of people."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[GroupMember] | None = None


CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MAX_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer token",
            description="A token of the portal with the scope scim:write",
            primary=True,
        )
    ],
)
SERVICE = ScimProvider(models=[User, Group], config=CONFIG, policy=POLICY)


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """What a provider says of a group; `members` are ids of its users."""

    name: str
    external_id: str | None = None
    members: tuple[str, ...] = ()


def read_user(user: User) -> Managed:
    """Return what a provider says of somebody; raises InvalidValueException."""
    name = user.name or Name()
    emails = user.emails or []
    if len(emails) > MAX_EMAILS:
        raise InvalidValueException(detail=f"emails holds more than {MAX_EMAILS} addresses")
    return Managed(
        user_name=_need(user.user_name, "userName", 200),
        external_id=_check(user.external_id, "externalId", 255),
        display_name=_check(user.display_name, "displayName", 200),
        given_name=_check(name.given_name, "name.givenName", 200),
        family_name=_check(name.family_name, "name.familyName", 200),
        formatted_name=_check(name.formatted, "name.formatted", 200),
        emails=tuple(
            Address(
                _check(email.value, "emails.value", 320),
                _check(email.type, "emails.type", 60),
                email.primary,
            )
            for email in emails
        ),
        active=user.active,
    )


def read_group(group: Group) -> GroupDraft:
    """Return what a provider says of a group; raises InvalidValueException."""
    return GroupDraft(
        name=_need(group.display_name, "displayName", 300),
        external_id=_check(group.external_id, "externalId", 255),
        members=tuple(
            dict.fromkeys(
                _need(member.value, "members.value", 64) for member in group.members or []
            )
        ),
    )


def _check(text: str | None, name: str, longest: int) -> str | None:
    if text is None:
        return None
    if len(text) > longest:
        raise InvalidValueException(detail=f"{name} is longer than {longest} characters")
    if UNSTORABLE.search(text):
        raise InvalidValueException(detail=f"{name} holds a character that no text can hold")
    return text


def _need(text: str | None, name: str, longest: int) -> str:
    found = _check(text, name, longest)
    if not found or not found.strip():
        raise InvalidValueException(detail=f"{name} is required")
    return found
