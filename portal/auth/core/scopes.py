"""Scopes of tokens: an area and a verb; writes narrowed by `@entity=`, `@owner=`, `@system=`.

Reading is granted by area, for everything in it or not at all, so only writing can be narrowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.errors import InvalidInput, Problem

AREAS = ("catalog", "account", "audit", "access", "metrics", "scim", "sources", "demo", "jobs")
# Areas whose writes are about entities, which have an owner and a system.
OWNED_AREAS = ("catalog",)
READ, WRITE = "read", "write"
VERBS = (READ, WRITE)
LIMITS = ("entity", "owner", "system")
SCOPE = re.compile(r"^(?P<area>[a-z]+|\*):(?P<verb>[a-z]+|\*)(?:@(?P<limit>[a-z]+)=(?P<ref>\S+))?$")
REF = re.compile(r"^[a-z][a-z0-9-]*:[^/:\s]+/[^/:\s]+$")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token may be used for; `limit` and `ref` narrow it to some things."""

    area: str
    verb: str
    limit: str = ""
    ref: str = ""

    def __str__(self) -> str:
        """Return the scope as people write it."""
        narrowed = f"@{self.limit}={self.ref}" if self.limit else ""
        return f"{self.area}:{self.verb}{narrowed}"

    def covers(self, permission: str) -> bool:
        """Whether the permission `area:thing:verb` falls under this scope, whatever it is about.

        A narrowed scope covers no reading, for lists, counts and graphs are the same for all.
        """
        area, _, verb = permission.split(":")
        wanted = READ if verb == READ else WRITE
        if self.limit and wanted == READ:
            return False
        return self.area in ("*", area) and self.verb in ("*", wanted)


def parse_scope(text: str) -> Scope:
    """Return the scope of a text; raises InvalidInput naming the part that is wrong."""
    match = SCOPE.match(text.strip().lower())
    if match is None:
        raise _refuse(text, "form", "write area:verb, such as catalog:read")
    area, verb, limit = match["area"], match["verb"], match["limit"] or ""
    if area != "*" and area not in AREAS:
        raise _refuse(text, "area", f"the area is one of: {', '.join(AREAS)}")
    if verb != "*" and verb not in VERBS:
        raise _refuse(text, "verb", "the verb is read or write")
    if limit and limit not in LIMITS:
        raise _refuse(text, "limit", f"narrow it by one of: {', '.join(LIMITS)}")
    return Scope(area, verb, limit, match["ref"] or "")


def check_narrowing(scope: Scope) -> None:
    """Raise InvalidInput when a scope is narrowed in a way that could not be kept."""
    if not scope.limit:
        return
    if scope.verb != WRITE:
        raise _refuse(
            str(scope),
            "narrow_read",
            f"reading is granted for a whole area; use {scope.area}:read, "
            f"and narrow only {scope.area}:write@{scope.limit}={scope.ref}",
        )
    if scope.area not in OWNED_AREAS:
        areas = ", ".join(f"{area}:write" for area in OWNED_AREAS)
        raise _refuse(str(scope), "narrow_area", f"only {areas} can be narrowed")
    if not REF.match(scope.ref):
        raise _refuse(
            str(scope), "narrow_ref", "write the whole reference, such as group:default/payments"
        )


def _refuse(text: str, rule: str, fix: str) -> InvalidInput:
    problem = Problem("scope", rule, f"`{text}` is not a scope: {fix}.", "Correct the scope.")
    return InvalidInput(f"`{text}` is not a scope: {fix}.", (problem,))
