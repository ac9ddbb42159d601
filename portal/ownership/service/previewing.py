"""What a reorganisation would change for people: rights and open work, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.auth.core import Subject, decide
from portal.auth.core.decisions import make_actor
from portal.auth.core.membership import Membership
from portal.catalog.service.permissions import WRITE
from portal.infra.contributions import get_contributions
from portal.ownership.core import list_below
from portal.ownership.core.plans import SPLIT
from portal.ownership.queries import get_teams
from portal.ownership.queries.people import list_concerned, list_team_rights
from portal.ownership.queries.trusted import read_parents
from portal.ownership.service import read_files, work_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.models import Account
    from portal.ownership.core.plans import Wish
    from portal.ownership.service.reorganising import Drawn

MOST_PEOPLE = 300


@dataclass(frozen=True, slots=True)
class RightsOf:
    """How many entities of the teams somebody may edit now and afterwards, and why not then."""

    label: str
    before: int
    after: int
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Whose rights change, how many keep theirs, and what waits for the teams before and after."""

    changed: tuple[RightsOf, ...]
    unchanged: int
    is_cut: bool
    work_before: tuple[tuple[str, tuple[str, ...]], ...]
    work_after: tuple[tuple[str, tuple[str, ...]], ...]


def preview(session: Session, wish: Wish, drawn: Drawn, *, now: datetime) -> Preview:
    """Return what a drawn plan changes for people; it changes nothing."""
    parents = read_parents(session)
    after = {**parents, **drawn.plan.parents}
    parents_after = {child: above for child, above in after.items() if above is not None}
    concerned = _list_teams(wish, drawn, parents, parents_after)
    owned = {team: get_teams(session).owned.get(team, 0) for team in concerned}
    owned_after = _move_counts(wish, drawn, owned)
    accounts = list_concerned(
        session,
        concerned,
        [user for user, _ in drawn.plan.joins],
        limit=MOST_PEOPLE + 1,
        now=now,
    )
    rights = list_team_rights(session, [account.id for account in accounts])
    found = []
    for account in accounts[:MOST_PEOPLE]:
        files = _adjust(account, read_files(session, account), drawn)
        then = {
            right.team: right.origin for right in work_out(session, account, parents_after, files)
        }
        found.append(_compare(account, (rights.get(account.id, {}), owned), (then, owned_after)))
    changed = [one for one in found if one.before != one.after]
    return Preview(
        tuple(sorted(changed, key=lambda one: (one.after - one.before, one.label))),
        len(found) - len(changed),
        len(accounts) > MOST_PEOPLE,
        _list_work(session, {team: {team} for team in (*wish.teams, wish.target)}, now),
        _list_work(session, _join_teams(wish), now),
    )


def _list_teams(
    wish: Wish, drawn: Drawn, before: Mapping[str, str], after: Mapping[str, str]
) -> set[str]:
    """Return the teams whose people or entities a plan touches, with all below them."""
    named = {*wish.teams, wish.target, *drawn.plan.parents}
    return named.union(*(list_below(team, tree) for team in named for tree in (before, after)))


def _move_counts(wish: Wish, drawn: Drawn, owned: Mapping[str, int]) -> dict[str, int]:
    found = dict(owned)
    moves = drawn.plan.moves
    for ref, team in drawn.teams.items():
        moved = sum(thing.ref in moves for thing in team.owned)
        found[ref] = max(0, found[ref] - moved)
        found[wish.target] += moved
    return found


def _adjust(account: Account, files: list[Membership], drawn: Drawn) -> list[Membership]:
    """Return what files say of an account once people moved, and portal teams are no more."""
    user = account.user_ref or ""
    ended = {step.ref for step in drawn.plan.steps if step.act == "remove"}
    kept = [
        one for one in files if (user, one.team) not in drawn.plan.leaves and one.team not in ended
    ]
    joined = [
        Membership(team, "the portal")
        for who, team in sorted(drawn.plan.joins)
        if who == user and all(one.team != team for one in kept)
    ]
    return [*kept, *joined]


def _compare(
    account: Account,
    now: tuple[Mapping[str, str], Mapping[str, int]],
    then: tuple[Mapping[str, str], Mapping[str, int]],
) -> RightsOf:
    """Ask the one decision about what each team owns, as rights are and as they would be."""
    counts, reason = [], ""
    for teams, owned in (now, then):
        actor = make_actor(
            account.person,
            account.role,
            account_id=account.id,
            label=account.display_name,
            teams=teams,
            why_role="",
        )
        allowed = 0
        for team, count in owned.items():
            decision = decide(actor, WRITE, Subject(f"owned by {team}", team))
            allowed += count if decision.allowed else 0
            reason = decision.reason if count and not decision.allowed else reason
        counts.append(allowed)
    before, after = counts
    return RightsOf(account.display_name, before, after, reason if after < before else "")


def _join_teams(wish: Wish) -> dict[str, set[str]]:
    """Return whose work the target gets; in a split each line goes with what it is about."""
    return {} if wish.kind == SPLIT else {wish.target: {*wish.teams, wish.target}}


def _list_work(
    session: Session, groups: Mapping[str, set[str]], now: datetime
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what waits for whoever answers for each group of teams, in words."""
    found = []
    for name, teams in groups.items():
        lines = sorted(
            (need.rank, need.text)
            for source in get_contributions(session).needs
            if not source.permission
            for need in source.list_needs(session, frozenset(teams), now)
        )
        found.append((name, tuple(text for _, text in lines)))
    return tuple(found)
