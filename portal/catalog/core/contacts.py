"""Who stands beside the accountable owner: co-owners, and whom to turn to for what.

Both are annotations, so that files may state them as well. Nothing is rolled up by them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from portal.catalog.core.fields import is_safe_link
from portal.catalog.core.findings import Finding, show
from portal.catalog.core.refs import DEFAULT_NAMESPACE, EntityRef, parse_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CO_OWNERS = "plumbline.dev/co-owners"
CONTACT = "plumbline.dev/contact-"
ROLES: Mapping[str, str] = MappingProxyType(
    {"on-call": "On-call", "product": "Product", "security": "Security"}
)
"""What somebody may be turned to for, and how that reads."""

ENTITY, EMAIL, ADDRESS, CHANNEL = "entity", "email", "address", "channel"
OWNER_KINDS = ("group", "user")
LONGEST = 300
FORMS = (
    "a team or person (`group:checkout`, `user:ana`), an e-mail address, a web address or a "
    "channel (`#checkout`)"
)
_EMAIL = re.compile(r"[^\s@<>\"',;:/]+@[^\s@<>\"',;:/]+\.[^\s@<>\"',;:/.]+")
_CHANNEL = re.compile(r"#[^\s#,;]{1,80}")


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to turn to: `form` says what `value` is; a reference is canonical."""

    role: str
    form: str
    value: str

    @property
    def label(self) -> str:
        """Return what this contact is for, in a word."""
        return ROLES[self.role]

    @property
    def url(self) -> str | None:
        """Return what a click leads to; None for entities and channels."""
        return {EMAIL: f"mailto:{self.value}", ADDRESS: self.value}.get(self.form)


def parse_owner(text: str, namespace: str = DEFAULT_NAMESPACE) -> EntityRef:
    """Return the group or user a text names, a bare one a group; raises ValueError."""
    found = parse_ref(text.strip(), default_kind="Group", default_namespace=namespace)
    if found.kind.lower() not in OWNER_KINDS:
        raise ValueError("it is neither a group nor a user")
    if any(re.search(r"[\s,;:/]", part) for part in (found.namespace, found.name)):
        raise ValueError("a name holds no spaces and no signs like these")
    return found


def split_names(text: str) -> list[str]:
    """Return the names between the commas of a text."""
    return [part.strip() for part in text.split(",") if part.strip()]


def list_co_owners(entity: Mapping[str, Any]) -> list[str]:
    """Return the canonical references of who owns an entity as well, without what is none."""
    found = []
    for name in split_names(_read(entity, CO_OWNERS)):
        try:
            found.append(parse_owner(name, _namespace(entity)).canonical)
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def read_contact(role: str, text: str, namespace: str = DEFAULT_NAMESPACE) -> Contact | None:
    """Return the contact a text names; None when it is no form a contact may have."""
    text = text.strip()
    form, value = _tell(text, namespace) if 0 < len(text) <= LONGEST else ("", "")
    return Contact(role, form, value) if form else None


def _tell(text: str, namespace: str) -> tuple[str, str]:
    """Return what form a text has, and what it names in it; two empty texts for none."""
    address = text.removeprefix("mailto:")
    if _CHANNEL.fullmatch(text):
        return CHANNEL, text
    if _EMAIL.fullmatch(address):
        return EMAIL, address
    if "://" in text:
        return (ADDRESS, text) if is_safe_link(text) else ("", "")
    try:
        return ENTITY, parse_owner(text, namespace).canonical
    except ValueError:
        return "", ""


def list_contacts(entity: Mapping[str, Any]) -> list[Contact]:
    """Return whom to turn to for what, without what cannot be read."""
    found = (
        read_contact(role, _read(entity, f"{CONTACT}{role}"), _namespace(entity)) for role in ROLES
    )
    return [contact for contact in found if contact is not None]


def list_named(entity: Mapping[str, Any]) -> list[str]:
    """Return the references of all groups and users that are co-owners or contacts."""
    contacts = (each.value for each in list_contacts(entity) if each.form == ENTITY)
    return list(dict.fromkeys([*list_co_owners(entity), *contacts]))


def check_contacts(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the annotations of a checked entity that name co-owners and contacts."""
    path = f"metadata.annotations.{CO_OWNERS}"
    for name in split_names(_read(entity, CO_OWNERS)):
        try:
            parse_owner(name, _namespace(entity))
        except ValueError as error:
            yield Finding(
                path,
                "co-owner",
                f"`{CO_OWNERS}` names {show(name)}: {error}.",
                "Name groups or users between commas, such as `checkout, user:ana`.",
            )
    for role in ROLES:
        key = f"{CONTACT}{role}"
        text = _read(entity, key)
        if text.strip() and read_contact(role, text, _namespace(entity)) is None:
            yield Finding(
                f"metadata.annotations.{key}",
                "contact",
                f"`{key}` is {show(text)}, which nobody can be reached by.",
                f"Write {FORMS}.",
            )


def _read(entity: Mapping[str, Any], key: str) -> str:
    value = (entity["metadata"].get("annotations") or {}).get(key)
    return value if isinstance(value, str) else ""


def _namespace(entity: Mapping[str, Any]) -> str:
    return str(entity["metadata"].get("namespace") or DEFAULT_NAMESPACE)
