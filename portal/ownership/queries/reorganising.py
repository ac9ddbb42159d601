"""Teams as a reorganisation needs to know them, and the reorganisations there were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from portal.auth.queries.accounts import list_group_rules
from portal.catalog.core.records import PORTAL
from portal.catalog.core.refs import parse_ref
from portal.catalog.models import Entity, EntityRelation
from portal.errors import NotFound
from portal.infra.contributions import get_contributions
from portal.ownership.core import list_above
from portal.ownership.core.plans import Member, Team, Thing
from portal.ownership.models import Reorganisation, ReorganisationStep
from portal.ownership.queries.trusted import list_members_of, list_trusted_children, read_parents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy.orm import Session

THING = (Entity.ref, Entity.namespace, Entity.source, Entity.file, Entity.line)


def find_team(session: Session, ref: str) -> Team | None:
    """Return a team with all that a reorganisation of it touches; None when there is none."""
    group = session.scalar(select(Entity).where(Entity.ref == ref, Entity.kind == "group"))
    if group is None:
        return None
    spec = group.document.get("spec") or {}
    trusted, parents = list_members_of(session, ref), read_parents(session)
    every = session.scalars(
        select(EntityRelation.source)
        .where(EntityRelation.type == "memberOf", EntityRelation.target == ref)
        .distinct()
    )
    return Team(
        _make_thing(group),
        group.document,
        parents.get(ref),
        _list_children(session, ref),
        _list_members(session, ref, trusted),
        _expand(spec.get("members") or (), "user", group.namespace),
        tuple(sorted(set(every) - set(trusted))),
        _list_owned(session, ref),
        tuple(list_above(ref, parents)),
    )


def _make_thing(row: Any) -> Thing:
    file = "" if row.source == PORTAL else f"{row.source}: {row.file}:{row.line}"
    return Thing(row.ref, row.namespace, file)


def _list_owned(session: Session, ref: str) -> tuple[Thing, ...]:
    rows = session.execute(
        select(*THING).where(Entity.owner == ref, ~Entity.is_ephemeral).order_by(Entity.ref)
    )
    return tuple(_make_thing(row) for row in rows)


def _list_children(session: Session, ref: str) -> tuple[Thing, ...]:
    """Return the teams below one that say so themselves, or that a trusted source puts there."""
    own = select(EntityRelation.source).where(
        EntityRelation.type == "childOf",
        EntityRelation.target == ref,
        EntityRelation.declared_by == EntityRelation.source,
    )
    refs = {*session.scalars(own), *list_trusted_children(session, ref)}
    rows = session.execute(select(*THING).where(Entity.ref.in_(refs)).order_by(Entity.ref))
    return tuple(_make_thing(row) for row in rows)


def _list_members(session: Session, ref: str, trusted: Collection[str]) -> tuple[Member, ...]:
    rows = session.execute(
        select(*THING, Entity.document).where(Entity.ref.in_(trusted)).order_by(Entity.ref)
    )
    found = []
    for row in rows:
        named = (row.document.get("spec") or {}).get("memberOf") or ()
        groups = _expand(named, "group", row.namespace)
        others = tuple(text for group, text in groups.items() if group != ref)
        found.append(Member(_make_thing(row), others if ref in groups else None))
    return tuple(found)


def _expand(texts: Iterable[Any], kind: str, namespace: str) -> dict[str, str]:
    """Return what references stand for, with how they are written."""
    return {
        parse_ref(text, default_kind=kind, default_namespace=namespace).canonical: text
        for text in texts
        if isinstance(text, str) and text
    }


def list_vouchers(session: Session, teams: Collection[str]) -> list[str]:
    """Return, in words, what else says who is in these teams, which the portal cannot change."""
    found = [
        f"The group `{rule.group_name}` of {rule.provider} stands for `{rule.team}` by an admin's "
        "rule: change it under People and access, Groups."
        for rule in list_group_rules(session)
        if rule.team in teams
    ]
    for provider, groups in get_contributions(session).group_teams.items():
        for group, named in groups.items():
            team = named.lower() if named.lower().startswith("group:") else f"group:{named.lower()}"
            if team in teams or "*" in team:
                setting = f"PORTAL_OIDC_{provider.upper()}_GROUP_TEAMS"
                found.append(
                    f"The group `{group}` of {provider} stands for `{named}` by `{setting}`: who "
                    "is in it is for the identity provider to change."
                )
    return found


def get_reorganisation(session: Session, number: int, *, lock: bool = False) -> Reorganisation:
    """Return a reorganisation, locked where it is to change; raises NotFound."""
    query = select(Reorganisation).where(Reorganisation.id == number)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound("There was no such reorganisation.", fix="Look at the list of them.")
    return found


def list_reorganisations(session: Session, *, limit: int = 50) -> Sequence[Reorganisation]:
    """Return the latest reorganisations."""
    query = select(Reorganisation).order_by(Reorganisation.id.desc()).limit(limit)
    return session.scalars(query).all()


def count_steps(session: Session, number: int) -> dict[str, int]:
    """Return how many steps of a reorganisation are in which state."""
    rows = session.execute(
        select(ReorganisationStep.state, func.count())
        .where(ReorganisationStep.reorganisation_id == number)
        .group_by(ReorganisationStep.state)
    )
    return dict(rows.all())


def list_steps(
    session: Session,
    number: int,
    *,
    states: Collection[str] | None = None,
    newest_first: bool = False,
    limit: int = 500,
) -> Sequence[ReorganisationStep]:
    """Return steps of a reorganisation in their order, or from the last to the first."""
    query = select(ReorganisationStep).where(ReorganisationStep.reorganisation_id == number)
    if states is not None:
        query = query.where(ReorganisationStep.state.in_(states))
    order = ReorganisationStep.number
    return session.scalars(
        query.order_by(order.desc() if newest_first else order).limit(limit)
    ).all()
