"""Who else stands beside an owner: co-owners and typed contacts, as annotations name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CO_OWNERS = "plumbline.dev/co-owners"
CONTACTS = {
    "on-call": "plumbline.dev/contact-on-call",
    "product": "plumbline.dev/contact-product",
    "security": "plumbline.dev/contact-security",
}


def read_contacts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the co-owners and contacts a document names, by what they are for."""
    annotations = (document.get("metadata") or {}).get("annotations") or {}
    named = {"co-owners": CO_OWNERS, **CONTACTS}
    return {
        word: annotations[key].strip()
        for word, key in named.items()
        if isinstance(annotations.get(key), str) and annotations[key].strip()
    }
