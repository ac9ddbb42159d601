"""What of ownership waits for somebody: confirming, hand-overs, owners that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.infra.contributions import Need
from portal.ownership.core import list_above
from portal.ownership.core.handovers import DECLINED, REMIND_AFTER
from portal.ownership.models import Handover
from portal.ownership.queries import get_teams
from portal.ownership.queries.confirmations import count_open
from portal.ownership.queries.gone import list_all_gone
from portal.ownership.queries.handovers import count_waiting, list_answered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

HANDOVER_RANK, LATE_RANK, GONE_RANK, CONFIRM_RANK, DECLINED_RANK = 20, 10, 30, 50, 35
GONE_URL = "/teams/owner-gone"
OFFERS_URL = "/teams/handovers"


def list_needs(session: Session, teams: Collection[str], now: datetime) -> list[Need]:
    """Return what of ownership waits for whoever answers for some teams."""
    if not teams:
        return []
    return [
        *_list_offers(session, teams, now),
        *_list_given(session, teams, now),
        *_list_gone(session, teams),
        *_list_unconfirmed(session, teams, now),
    ]


def list_admin_needs(session: Session, teams: Collection[str], now: datetime) -> list[Need]:
    """Return what waits for an admin: things nobody knows the owner of, owners that are gone."""
    found = []
    waiting = count_waiting(session, Handover.receiver.is_(None)).get("")
    if waiting:
        count, since = waiting
        words = "entry waits" if count == 1 else "entries wait"
        rank = LATE_RANK if now - since >= REMIND_AFTER else HANDOVER_RANK
        found.append(Need(rank, f"{count:,} {words} for you to say whose", OFFERS_URL))
    heirless = [one for one in list_all_gone(session) if one.heir is None or one.heir not in teams]
    if heirless:
        count = sum(one.owned for one in heirless)
        words = "entry has" if count == 1 else "entries have"
        found.append(Need(GONE_RANK, f"{count:,} {words} an owner that is gone", GONE_URL))
    return found


def _page(team: str, part: str) -> str:
    return f"/teams/{team.partition(':')[2]}/{part}"


def _name(team: str) -> str:
    return team.partition("/")[2]


def _list_offers(session: Session, teams: Collection[str], now: datetime) -> Iterator[Need]:
    waiting = count_waiting(session, Handover.receiver.in_(teams))
    for team, (count, since) in sorted(waiting.items()):
        words = "entry is" if count == 1 else "entries are"
        is_late = now - since >= REMIND_AFTER
        detail = f"The first has waited for {(now - since).days} days." if is_late else ""
        yield Need(
            LATE_RANK if is_late else HANDOVER_RANK,
            f"{count:,} {words} offered to {_name(team)}",
            _page(team, "handovers"),
            detail,
        )


def _list_given(session: Session, teams: Collection[str], now: datetime) -> Iterator[Need]:
    late = count_waiting(
        session, Handover.giver.in_(teams) & (Handover.asked_at <= now - REMIND_AFTER)
    )
    for team, (count, since) in sorted(late.items()):
        words = "entry" if count == 1 else "entries"
        whom = _name(team) if team else "an admin"
        text = f"{whom} has not answered for {count:,} {words} of yours"
        days = (now - since).days
        url = _page(team, "handovers") if team else OFFERS_URL
        yield Need(DECLINED_RANK, text, url, f"Offered {days} days ago; you answer for it still.")
    for row in list_answered(session, teams, state=DECLINED, since=now - REMIND_AFTER):
        text = f"{row.ref.partition('/')[2]} was declined by {_name(row.receiver or '/an admin')}"
        detail = f"“{row.answer}”" if row.answer else "It is yours still."
        yield Need(DECLINED_RANK, text, _page(row.giver, "handovers"), detail)


def _list_gone(session: Session, teams: Collection[str]) -> Iterator[Need]:
    for one in list_all_gone(session):
        if one.heir in teams:
            words = "entry" if one.owned == 1 else "entries"
            yield Need(
                GONE_RANK,
                f"{_name(one.ref)} is gone and leaves {one.owned:,} {words} to "
                f"{_name(one.heir or '')}",
                f"{GONE_URL}?team={one.ref}",
            )


def _list_unconfirmed(session: Session, teams: Collection[str], now: datetime) -> Iterator[Need]:
    """Yield a line for each topmost team of somebody's, with all below it that is theirs too."""
    waiting = count_open(session, teams, now=now)
    parents = get_teams(session).parents if waiting else {}
    found: dict[str, list[str]] = {}
    for team in waiting:
        above = [one for one in list_above(team, parents) if one in teams]
        found.setdefault(above[0] if above else team, []).append(team)
    for top, below in sorted(found.items()):
        count = sum(waiting[team].count for team in below)
        due_at = min(waiting[team].due_at for team in below)
        words = "entry" if count == 1 else "entries"
        by = f"by {due_at:%-d %b}" if due_at > now else "now"
        reach = "?reach=all" if below != [top] else ""
        yield Need(
            CONFIRM_RANK,
            f"{count:,} {words} of yours to confirm {by}",
            _page(top, "confirm") + reach,
            "Owner, contacts and tier, twice a year.",
        )
