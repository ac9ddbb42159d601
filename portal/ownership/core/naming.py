"""How people write teams."""

from __future__ import annotations

from portal.catalog.core.refs import parse_ref

LONGEST = 600


def parse_team(text: str) -> str:
    """Return the reference of a team by its name or reference; raises ValueError that says why."""
    ref = parse_ref(text.strip(), default_kind="group").canonical
    if not ref.startswith("group:"):
        raise ValueError("a team is a group, such as `group:default/payments`")
    if len(ref) > LONGEST:
        raise ValueError("a reference has at most 600 characters")
    return ref
