"""Scopes of tokens: `area:read`, `area:write`, narrowed by `@entity=`, `@owner=` or `@system=`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.errors import InvalidInput, Problem

AREAS = ("catalog", "account", "audit", "access", "metrics", "scim", "sources", "demo")
VERBS = ("read", "write")
LIMITS = ("entity", "owner", "system")
SCOPE = re.compile(r"^(?P<area>[a-z]+|\*):(?P<verb>[a-z]+|\*)(?:@(?P<limit>[a-z]+)=(?P<ref>\S+))?$")


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
        """Whether the permission `area:thing:verb` falls under this scope, whatever it is about."""
        area, _, verb = permission.split(":")
        wanted = "read" if verb == "read" else "write"
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


def _refuse(text: str, rule: str, fix: str) -> InvalidInput:
    problem = Problem("scope", rule, f"`{text}` is not a scope: {fix}.", "Correct the scope.")
    return InvalidInput(f"`{text}` is not a scope: {fix}.", (problem,))
