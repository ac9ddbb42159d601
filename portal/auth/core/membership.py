"""Which teams and which role somebody has, from what three kinds of sources say.

SCIM beats the claims of a sign-in, claims beat files. A source that says nothing about somebody
decides nothing; one that says "no groups" does.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.auth.core.roles import highest, rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portal.auth.core.people import ProviderRules

ALL = "*"


@dataclass(frozen=True, slots=True)
class Membership:
    """A team somebody is in, and where that is from."""

    team: str
    origin: str


def is_plain(name: str) -> bool:
    """Whether lower case makes no other name of a name: the Kelvin sign becomes a `k`."""
    return unicodedata.normalize("NFKC", name) == name


def map_groups(groups: Iterable[str], teams: Mapping[str, str], provider: str) -> list[Membership]:
    """Return the teams that a provider's groups stand for.

    `teams` maps a group to a team's reference. The group `*` stands for every other one and names
    a pattern such as `group:default/*`.
    """
    found: dict[str, Membership] = {}
    for group in groups:
        by_pattern = teams.get(ALL, "").replace(ALL, group) if is_plain(group) else ""
        named = teams.get(group) or by_pattern
        if named:
            team = named.lower() if named.lower().startswith("group:") else f"group:{named.lower()}"
            found.setdefault(team, Membership(team, f"group {group} of {provider}"))
    return list(found.values())


def map_role(groups: Iterable[str], roles: Mapping[str, str], *, default: str, at_most: str) -> str:
    """Return the highest role a provider's groups give, its default without any, never above."""
    given = [roles[group] for group in groups if group in roles]
    return highest([default, *given], at_most=at_most)


def explain_role(
    groups: Iterable[str], ruled: Mapping[str, str], rules: ProviderRules
) -> tuple[str, str]:
    """Return the role a provider gives today, and which setting or rule makes it so.

    `ruled` are the roles that admins gave groups; they beat those of the settings.
    """
    prefix = f"PORTAL_OIDC_{rules.name.upper()}"
    roles = {**rules.group_roles, **ruled}
    given = {group: roles[group] for group in groups if group in roles}
    best = max(given, key=lambda group: rank(given[group]), default=None)
    if best is None or rank(given[best]) <= rank(rules.default_role):
        role, why = rules.default_role, f"{prefix}_DEFAULT_ROLE={rules.default_role}"
    else:
        by = "the rule of an admin" if best in ruled else f"{prefix}_GROUP_ROLES"
        role, why = given[best], f"{by} gives {given[best]} to the group {best}"
    if rank(role) > rank(rules.highest_role):
        why = f"{why}, held down by {prefix}_HIGHEST_ROLE={rules.highest_role}"
        role = rules.highest_role
    return role, why


def choose_memberships(
    scim: list[Membership] | None, claims: list[Membership] | None, files: list[Membership]
) -> list[Membership]:
    """Return what the strongest source says that says anything; None says nothing."""
    if scim is not None:
        return scim
    return claims if claims is not None else files
