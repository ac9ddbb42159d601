"""What owners confirm, and when it is due again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portal.catalog.core.contacts import list_co_owners, list_contacts

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERY = timedelta(days=182)
AHEAD = timedelta(days=14)
NEVER, CONFIRMED, OVERDUE, NEW_OWNER = "never", "confirmed", "overdue", "new_owner"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an entity stands confirmed: `state`, and when its owner is to look again."""

    state: str
    due_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Whether it is asked for by now."""
        return self.due_at <= now + AHEAD


def make_statement(document: Mapping[str, Any], owner: str, tier: int | None) -> dict[str, Any]:
    """Return what is confirmed of an entity: its owner, who stands beside them, its tier."""
    contacts = {contact.role: contact.value for contact in list_contacts(document)}
    beside = ", ".join(list_co_owners(document))
    if beside:
        contacts = {"co-owners": beside, **contacts}
    return {"owner": owner, "contacts": contacts, "tier": tier}


def make_seal(statement: Mapping[str, Any]) -> str:
    """Return a short text that differs when what was looked at is not what is there now."""
    text = json.dumps(statement, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def judge(
    *,
    first_seen: datetime,
    confirmed_at: datetime | None,
    is_new_owner: bool,
    now: datetime,
) -> Standing:
    """Return how an entity stands; a new owner is to confirm at once."""
    if is_new_owner:
        return Standing(NEW_OWNER, min(now, confirmed_at or now))
    due_at = (confirmed_at or first_seen) + EVERY
    if due_at <= now:
        return Standing(OVERDUE, due_at)
    return Standing(NEVER if confirmed_at is None else CONFIRMED, due_at)
