"""A person as an identity provider manages them, and how their texts are compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from unicodedata import normalize


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address, what it is for, and whether it is the main one."""

    value: str | None = None
    type: str | None = None
    primary: bool | None = None


@dataclass(frozen=True, slots=True)
class Managed:
    """What a provider says of somebody; `active` is None when it says nothing of that."""

    user_name: str
    external_id: str | None = None
    display_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    formatted_name: str | None = None
    emails: tuple[Address, ...] = ()
    active: bool | None = None

    @property
    def main_email(self) -> str | None:
        """Return the main address, else the first."""
        main = [email for email in self.emails if email.primary] or list(self.emails)
        value = (main[0].value if main else None) or ""
        return value.strip().lower()[:320] or None

    @property
    def title(self) -> str:
        """Return the name to show."""
        parts = " ".join(part for part in (self.given_name, self.family_name) if part)
        return self.display_name or self.formatted_name or parts or self.user_name


def fold(text: str) -> str:
    """Return a text as it is compared: NFC and lower case; at most three times as long."""
    return normalize("NFC", normalize("NFC", text).lower())


def write_document(person: Managed) -> dict[str, Any]:
    """Return what is kept of somebody beside the columns of their own."""
    document = asdict(person)
    del document["active"], document["external_id"]
    return document


def read_document(
    document: dict[str, Any], *, external_id: str | None, active: bool | None
) -> Managed:
    """Return somebody from what is kept."""
    emails = tuple(Address(**email) for email in document.get("emails", ()))
    return Managed(**{**document, "emails": emails}, external_id=external_id, active=active)


def list_changes(before: Managed, after: Managed) -> list[str]:
    """Return the names of what changed, never the values: they are somebody's own."""
    old, new = asdict(before), asdict(after)
    return sorted(name for name in new if new[name] != old[name])
