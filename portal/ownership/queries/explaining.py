"""Why an account does or does not answer for a team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.auth.core.membership import map_groups
from portal.auth.models import Account
from portal.auth.queries.accounts import list_group_rules, list_identities
from portal.catalog.models import Entity, EntityRelation
from portal.infra.contributions import get_contributions
from portal.ownership.core import list_above
from portal.ownership.queries.managed import list_group_names
from portal.ownership.queries.trusted import is_trusted, read_parents

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def explain_team(session: Session, account_id: int, team: str) -> tuple[str, ...]:
    """Return, in words, what each source says of an account and a team or the teams above it."""
    account = session.get(Account, account_id)
    if account is None:
        return ()
    teams = [team, *list_above(team, read_parents(session))]
    scim, manages = _explain_scim(session, account, teams)
    claims, speaks = _explain_groups(session, account_id, teams)
    files = _explain_files(session, account, teams)
    if manages:
        by_scim = f"the groups that {account.scim_provider} keeps over SCIM beat what"
        claims = [f"{note}; {by_scim} a sign-in says" for note in claims]
        files = [f"{note}; {by_scim} files say" for note in files]
    elif speaks:
        files = [f"{note}; the groups of a sign-in beat what files say" for note in files]
    elif account.user_ref is None:
        files = ["the account is no User of the catalog, so no file says anything of its teams"]
    return (*scim, *claims, *files)


def _explain_scim(session: Session, account: Account, teams: list[str]) -> tuple[list[str], bool]:
    """Return which groups kept over SCIM stand for one of the teams, and whether any count."""
    groups, provider = list_group_names(session, account), account.scim_provider or ""
    if groups is None:
        return [], False
    ruled = {r.group_name: r.team for r in list_group_rules(session, provider) if r.team}
    mapped = {**get_contributions(session).group_teams.get(provider, {}), **ruled}
    notes = [
        f"{provider} keeps them over SCIM in the group {group}, which stands for {found.team}"
        for group in groups
        for found in map_groups([group], mapped, provider)
        if found.team in teams
    ]
    named = ", ".join(groups) or "none"
    return notes or [f"{provider} keeps them over SCIM; their groups there: {named}"], True


def _explain_groups(session: Session, account_id: int, teams: list[str]) -> tuple[list[str], bool]:
    """Return which groups stand for one of the teams, and whether any provider names groups."""
    notes, speaks = [], False
    settings = get_contributions(session).group_teams
    for identity in list_identities(session, account_id):
        if identity.groups is None:
            continue
        speaks = True
        ruled = {
            r.group_name: r.team for r in list_group_rules(session, identity.provider) if r.team
        }
        setting = f"PORTAL_OIDC_{identity.provider.upper()}_GROUP_TEAMS"
        for group in identity.groups:
            mapped = {**settings.get(identity.provider, {}), **ruled}
            by = "an admin's rule" if group in ruled else setting
            notes += [
                f"{by} makes the group {group} of {identity.provider} stand for {found.team}"
                for found in map_groups([group], mapped, identity.provider)
                if found.team in teams
            ]
    return notes, speaks


def _explain_files(session: Session, account: Account, teams: list[str]) -> list[str]:
    rows = session.execute(
        select(EntityRelation.target, Entity.source)
        .join(Entity, Entity.ref == EntityRelation.declared_by)
        .where(
            EntityRelation.type == "memberOf",
            EntityRelation.source == account.user_ref,
            EntityRelation.target.in_(teams),
        )
        .distinct()
        .order_by(EntityRelation.target, Entity.source)
    )
    return [
        f"the source {name} puts {account.user_ref} into {team}, and an admin trusts it for people"
        if is_trusted(session, name)
        else f"the source {name} puts {account.user_ref} into {team}, but no admin marked it as "
        "the authority for people, so that grants nothing"
        for team, name in rows
    ]
