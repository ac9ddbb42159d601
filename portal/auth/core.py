"""Who acts and whether they may: one decision function, deny by default."""

from __future__ import annotations

from dataclasses import dataclass

from portal.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever asks; `grants` are permissions `area:thing:verb`, `*` stands for any one part."""

    name: str
    grants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done, and why."""

    allowed: bool
    reason: str


ANONYMOUS = Actor("anonymous", frozenset({"catalog:*:read"}))
CLI = Actor("cli", frozenset({"catalog:*:*", "sources:*:*", "demo:*:*"}))


def decide(actor: Actor, permission: str) -> Decision:
    """Judge whether `actor` holds `permission`; anything not granted is denied."""
    asked = permission.split(":")
    for grant in actor.grants:
        parts = grant.split(":")
        if len(parts) == len(asked) and all(
            part in ("*", wanted) for part, wanted in zip(parts, asked, strict=True)
        ):
            return Decision(allowed=True, reason=f"{actor.name} holds {grant}")
    return Decision(allowed=False, reason=f"{actor.name} does not hold {permission}")


def authorise(actor: Actor, permission: str) -> None:
    """Raise Forbidden unless `actor` holds `permission`."""
    decision = decide(actor, permission)
    if not decision.allowed:
        raise Forbidden(decision.reason, fix="Ask whoever runs the portal for this permission.")
