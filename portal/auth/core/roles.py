"""Roles, from the least to the most, and what each grants.

A permission reads `area:thing:verb`; `*` in a grant stands for any one part.
"""

from __future__ import annotations

from types import MappingProxyType

VIEWER, MEMBER, AUDITOR, ADMIN = "viewer", "member", "auditor", "admin"
ROLES = (VIEWER, MEMBER, AUDITOR, ADMIN)
_READ = frozenset({"catalog:*:read", "account:*:*"})
_AUDIT = frozenset({"audit:*:read", "access:*:read"})
GRANTS = MappingProxyType(
    {
        VIEWER: _READ,
        MEMBER: _READ,
        AUDITOR: _READ | _AUDIT,
        ADMIN: frozenset({"*:*:*"}),
    }
)
# What a member may do to things that belong to one of their teams.
OWNER_GRANTS = frozenset({"catalog:entity:write", "catalog:*:write"})
DESCRIPTIONS = MappingProxyType(
    {
        VIEWER: "Reads everything that is open to all.",
        MEMBER: "Reads, and changes what belongs to their teams.",
        AUDITOR: "A member who also reads the audit trail and who may do what.",
        ADMIN: "May do everything.",
    }
)


def rank(role: str) -> int:
    """Return how much a role may, 0 for the least; raises ValueError for no role."""
    return ROLES.index(role)


def highest(roles: list[str], *, at_most: str) -> str:
    """Return the highest of `roles`, but never above `at_most`."""
    return min(max(roles, key=rank), at_most, key=rank)


def find_grant(grants: frozenset[str], permission: str) -> str | None:
    """Return the grant that covers `permission`, None when nothing does."""
    asked = permission.split(":")
    for grant in sorted(grants):
        parts = grant.split(":")
        if len(parts) == len(asked) and all(
            part in ("*", wanted) for part, wanted in zip(parts, asked, strict=True)
        ):
            return grant
    return None
