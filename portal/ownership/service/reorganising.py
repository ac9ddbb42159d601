"""Reorganising teams: planned, applied in one go or in the background, and undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert

from portal.audit.service import record_act
from portal.auth.core import CLI, Actor, Subject, decide
from portal.auth.core.decisions import make_actor
from portal.auth.queries.accounts import find_by_person, list_teams
from portal.auth.queries.actors import explain_end
from portal.catalog.core.specs import check_entity
from portal.catalog.service.permissions import PEOPLE_CHANGED, WRITE
from portal.catalog.service.revisions import hold_revision
from portal.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem
from portal.infra.db import BATCH_ROWS
from portal.infra.work import publish
from portal.ownership.core.plans import MAKE, MERGE, RENAME, SPLIT, Plan, Team, Wish
from portal.ownership.core.reorganising import make_plan
from portal.ownership.models import Reorganisation, ReorganisationStep
from portal.ownership.queries.reorganising import find_team, get_reorganisation, list_steps
from portal.ownership.service.steps import DONE, PLANNED, do_steps, undo_steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

REORGANISE = "ownership.reorganise"
AT_ONCE = 500
APPLYING, APPLIED, UNDOING, UNDONE, FAILED = "applying", "applied", "undoing", "undone", "failed"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plan with the teams it was made from."""

    plan: Plan
    teams: Mapping[str, Team]
    target: Team | None


def draw(session: Session, actor: Actor, wish: Wish) -> Drawn:
    """Return the plan of a wish as things are now; it changes nothing.

    Raises Forbidden for who does not answer for all teams, InvalidInput for what cannot be.
    """
    is_admin = decide(actor, WRITE).allowed
    found = {ref: find_team(session, ref) for ref in wish.teams}
    teams = {ref: team for ref, team in found.items() if team is not None}
    target = find_team(session, wish.target)
    problems = [*_check_teams(wish, teams, target), *_check_taken(wish, teams)]
    if problems:
        raise InvalidInput("These teams cannot be reorganised so.", tuple(problems))
    _authorise(actor, (*wish.teams, *((wish.target,) if target else ())))
    if target is None and not is_admin:
        raise Forbidden("Only an admin can make a team.", fix="Choose one that is there.")
    plan = make_plan(wish, teams, target, may_change_teams=is_admin)
    _check_made(plan)
    return Drawn(plan, teams, target)


def _check_made(plan: Plan) -> None:
    """Raise InvalidInput when the team that is to be made would not be valid."""
    findings = [f for s in plan.steps if s.act == MAKE for f in check_entity(s.value)]
    if findings:
        raise InvalidInput(
            "This team cannot be made.",
            tuple(Problem("target", f.rule, f.message, f.fix) for f in findings),
        )


def _authorise(actor: Actor, teams: tuple[str, ...]) -> None:
    if decide(actor, WRITE).allowed:
        return
    for team in teams:
        # What is asked is who answers for all that the team owns. No entity is named, since a
        # token narrowed to one must not set off what goes on in the background without it.
        decision = decide(actor, WRITE, Subject(owner=team))
        if not decision.allowed:
            raise Forbidden(
                f"You do not answer for {team}: {decision.reason}.",
                fix="Ask them, or whoever runs the portal.",
            )


def _check_teams(wish: Wish, teams: Mapping[str, Team], target: Team | None) -> list[Problem]:
    problems = [
        Problem("teams", "known", f"No team is called {ref}.", "Choose teams of the list.")
        for ref in wish.teams
        if ref not in teams
    ]
    if not wish.teams or (wish.kind != MERGE and len(wish.teams) != 1):
        what = "at least one team" if wish.kind == MERGE else "one team"
        problems.append(Problem("teams", "count", f"Choose {what}.", "Choose from the list."))
    if wish.target in wish.teams:
        problems.append(
            Problem("target", "other", "It cannot become itself.", "Name another team.")
        )
    elif wish.kind == RENAME and target is not None:
        words = f"{wish.target} exists already."
        problems.append(Problem("target", "unique", words, "Choose another name, or merge them."))
    elif wish.kind not in (RENAME, SPLIT) and target is None:
        words = f"No team is called {wish.target}."
        problems.append(Problem("target", "known", words, "Choose one of the list."))
    return problems


def _check_taken(wish: Wish, teams: Mapping[str, Team]) -> list[Problem]:
    """Return what is wrong with the entities and people that a split takes along."""
    owned = {thing.ref for team in teams.values() for thing in team.owned}
    people = {member.user.ref for team in teams.values() for member in team.members}
    problems = [
        Problem("entities", "owned", f"{ref} is not the team's.", "Leave it out.")
        for ref in sorted(set(wish.entities) - owned)
    ] + [
        Problem("people", "member", f"{ref} is not in the team.", "Leave them out.")
        for ref in sorted(set(wish.people) - people)
    ]
    if wish.kind == SPLIT and not wish.entities and not wish.people:
        words = "Nothing would go to the other team."
        problems.append(Problem("entities", "count", words, "Choose what goes."))
    return problems


def reorganise(
    session: Session, actor: Actor, wish: Wish, *, seal: str, now: datetime
) -> Reorganisation:
    """Carry a wish out as it was shown; many steps are left to the background.

    Raises Conflict when it would do something else by now.
    """
    hold_revision(session)
    plan = draw(session, actor, wish).plan
    if plan.seal != seal:
        raise Conflict("Something changed since you looked.", fix="Look at the plan again.")
    if not plan.steps:
        raise Conflict("There is nothing to do.", fix="Choose teams that own something.")
    row = Reorganisation(
        kind=wish.kind, wish=wish.write(), state=APPLYING, by=actor.name, at=now, failure=""
    )
    session.add(row)
    session.flush()
    session.execute(
        insert(ReorganisationStep),
        [
            {
                "reorganisation_id": row.id,
                "number": number,
                "act": step.act,
                "ref": step.ref,
                "pointer": step.pointer,
                "value": step.value,
                "was": None,
                "state": PLANNED,
                "note": "",
            }
            for number, step in enumerate(plan.steps)
        ],
    )
    _record(session, actor, row, after={**wish.write(), "steps": len(plan.steps)}, now=now)
    _go_on_or_leave(session, actor, row, len(plan.steps), now)
    return row


def undo(session: Session, actor: Actor, number: int, *, now: datetime) -> Reorganisation:
    """Put back what a reorganisation changed, but for what changed again since."""
    row = get_reorganisation(session, number, lock=True)
    wish = Wish.read(row.wish)
    _authorise(actor, (*wish.teams, wish.target))
    if row.state not in (APPLIED, FAILED):
        raise Conflict(f"It is {row.state} at present.", fix="Look at how far it is.")
    hold_revision(session)
    row.state, row.undone_by, row.undone_at, row.failure = UNDOING, actor.name, now, ""
    _record(session, actor, row, before={"state": APPLIED}, after={"state": UNDOING}, now=now)
    count = len(list_steps(session, number, states=[DONE], limit=AT_ONCE + 1))
    _go_on_or_leave(session, actor, row, count, now)
    return row


def _go_on_or_leave(
    session: Session, actor: Actor, row: Reorganisation, count: int, now: datetime
) -> None:
    if count > AT_ONCE:
        publish(session, REORGANISE, str(row.id), due_at=now)
        return
    while go_on(session, actor, row, now=now):
        pass


def go_on(session: Session, actor: Actor, row: Reorganisation, *, now: datetime) -> bool:
    """Do or undo one batch of steps; returns whether any is left."""
    is_back = row.state == UNDOING
    states = [DONE] if is_back else [PLANNED]
    batch = list_steps(session, row.id, states=states, newest_first=is_back, limit=BATCH_ROWS)
    if batch:
        (undo_steps if is_back else do_steps)(session, actor, batch, now=now)
        return True
    row.state = UNDONE if is_back else APPLIED
    publish(session, PEOPLE_CHANGED, "all", due_at=now)
    session.flush()
    return False


def find_actor(session: Session, row: Reorganisation, *, now: datetime) -> Actor:
    """Return whoever asked for what goes on, as they are now; raises NotFound for who is gone."""
    person = (row.undone_by if row.state == UNDOING else None) or row.by
    if person == CLI.name:
        return CLI
    account = find_by_person(session, person)
    if account is None:
        raise NotFound("Whoever asked for it has no account any more.")
    return make_actor(
        account.person,
        account.role,
        account_id=account.id,
        label=account.display_name,
        teams={right.team: right.origin for right in list_teams(session, account.id)},
        why_role="",
        barred=explain_end(account, now),
    )


def fail(session: Session, number: int, why: str) -> None:
    """Note that a reorganisation cannot go on; what is done can be undone."""
    row = get_reorganisation(session, number, lock=True)
    row.state, row.failure = FAILED, why
    session.flush()


def _record(
    session: Session,
    actor: Actor,
    row: Reorganisation,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object],
    now: datetime,
) -> None:
    action = "ownership.undo_reorganisation" if before else "ownership.reorganise"
    subject = f"reorganisation:{row.id}"
    record_act(session, actor.name, subject, action=action, before=before, after=after, now=now)
