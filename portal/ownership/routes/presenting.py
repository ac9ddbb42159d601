"""What pages of ownership have in common: links to teams and entities, names, who may act."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.auth.core import Actor, Subject, decide
from portal.auth.queries.accounts import list_names
from portal.catalog.service.permissions import WRITE
from portal.errors import Forbidden, NotFound
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portal.web.unit import Session

LONGEST_REF = 600
BY_THEMSELVES = {"cli": "the command line", "ownership": "the portal"}


def make_team_ref(namespace: str, name: str) -> str:
    """Return a team's reference from the parts of an address; raises NotFound when too long."""
    ref = f"group:{namespace}/{name}".lower()
    if len(ref) > LONGEST_REF:
        raise NotFound("No team has a name that long.", fix="Look through the list of teams.")
    return ref


def make_team_link(ref: str, labels: Mapping[str, Any]) -> SimpleNamespace:
    """Return a link to the page of a team or person; without `url` when they are not there."""
    row = labels.get(ref)
    name = ref.partition(":")[2].partition("/")[2]
    is_team = ref.startswith("group:")
    page = page_of("ownership.show", ref) if is_team else entity_page("catalog.show", ref)
    url = page if row else None
    return SimpleNamespace(ref=ref, label=(row.title or row.name) if row else name, url=url)


def page_of(endpoint: str, team: str, **query: Any) -> str:
    """Return the address of a page of a team."""
    namespace, _, name = team.partition(":")[2].partition("/")
    return url_for(endpoint, namespace=namespace, name=name, **query)


def entity_page(endpoint: str, ref: str, **query: Any) -> str:
    """Return the address of a page of an entity."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return url_for(endpoint, kind=kind, namespace=namespace, name=name, **query)


def answers_for(team: str | None, ref: str = "") -> bool:
    """Whether whoever asks may change what a team owns."""
    return decide(get_actor(Actor), WRITE, Subject(ref or team or "-", team)).allowed


def check_answers_for(team: str) -> None:
    """Raise Forbidden unless whoever asks may change what a team owns."""
    decision = decide(get_actor(Actor), WRITE, Subject(team, team))
    if not decision.allowed:
        raise Forbidden(
            f"You do not answer for {team}: {decision.reason}.",
            fix="Look at the team's page for who does.",
        )


def is_admin() -> bool:
    """Whether whoever asks may change everything."""
    return decide(get_actor(Actor), WRITE).allowed


def name_people(session: Session, persons: Collection[str | None]) -> dict[str, str]:
    """Return the names of those of the trail's people who have one."""
    return {**BY_THEMSELVES, **list_names(session, {person for person in persons if person})}
