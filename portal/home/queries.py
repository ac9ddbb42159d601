"""What somebody's home page shows: their teams, their services, their stars, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.auth.core import decide
from portal.auth.queries.accounts import list_teams
from portal.catalog.core.filters import EntityFilter
from portal.catalog.queries.lists import cut_page, select_entities
from portal.catalog.queries.stars import list_starred_ids
from portal.infra.contributions import Need, get_contributions
from portal.ownership.queries import get_teams

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor

SHOWN_SERVICES, SHOWN_STARS, SHOWN_NEEDS = 12, 20, 10


@dataclass(frozen=True, slots=True)
class OwnTeam:
    """A team somebody is in, why, and how much it owns itself."""

    ref: str
    origin: str
    owned: int
    members: int


@dataclass(frozen=True, slots=True)
class Home:
    """One person's page; `services_total` counts beyond what is shown."""

    teams: tuple[OwnTeam, ...]
    services: tuple[Any, ...]
    services_total: int
    stars: tuple[Any, ...]
    needs: tuple[Need, ...]


def read_home(session: Session, actor: Actor, *, now: datetime) -> Home:
    """Return what the home page of a signed-in person shows."""
    owners = frozenset(actor.teams)
    wanted = EntityFilter(only_running=True, owners=owners)
    services = cut_page(
        session,
        select_entities(session, wanted, sort="tier", now=now),
        after=None,
        limit=SHOWN_SERVICES,
    )
    return Home(
        tuple(_list_own_teams(session, actor)),
        services.items,
        services.total,
        _read_stars(session, actor, now),
        tuple(list_needs(session, actor, now)),
    )


def list_needs(session: Session, actor: Actor, now: datetime) -> list[Need]:
    """Return what waits for somebody, the most pressing first."""
    teams = frozenset(actor.teams)
    found = [
        need
        for source in get_contributions(session).needs
        if not source.permission or decide(actor, source.permission).allowed
        for need in source.list_needs(session, teams, now)
    ]
    return sorted(found, key=lambda need: (need.rank, need.text))[:SHOWN_NEEDS]


def _list_own_teams(session: Session, actor: Actor) -> list[OwnTeam]:
    known = get_teams(session)
    return [
        OwnTeam(row.team, row.origin, known.owned.get(row.team, 0), known.members.get(row.team, 0))
        for row in list_teams(session, actor.account_id or 0)
        if row.is_direct
    ]


def _read_stars(session: Session, actor: Actor, now: datetime) -> tuple[Any, ...]:
    ids = list_starred_ids(session, actor.account_id or 0)
    if not ids:
        return ()
    selection = select_entities(session, EntityFilter(ids=ids), sort="name", now=now)
    return cut_page(session, selection, after=None, limit=SHOWN_STARS).items
