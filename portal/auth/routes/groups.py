"""What the groups of identity providers stand for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.auth.core.roles import ROLES, rank
from portal.auth.forms import EmptyForm, GroupRuleForm
from portal.auth.queries.accounts import list_group_rules, list_names
from portal.auth.queries.people import count_groups_seen
from portal.auth.routes.blueprint import blueprint, get_setup
from portal.auth.service import group_rules
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.auth.models import GroupRule


@blueprint.get("/admin/groups")
@requires("access:group:read")
def groups() -> str:
    """Show what each group stands for, and who or which setting says so."""
    return _show()


def _show(problems: tuple[Problem, ...] = ()) -> str:
    unit, setup = get_session(), get_setup()
    ruled = list_group_rules(unit)
    seen = count_groups_seen(unit)
    counts = {(provider, group): count for provider, group, count in seen}
    givers = list_names(unit, {rule.created_by for rule in ruled})
    kept = _list_kept({(rule.provider, rule.group_name) for rule in ruled})
    known = {(rule.provider, rule.group_name) for rule in ruled}
    known |= {(line.provider, line.group) for line in kept}
    return render(
        "auth/groups.html",
        rules=[_present(rule, counts, givers) for rule in ruled],
        kept=kept,
        counts=counts,
        unruled=[line for line in seen if line[:2] not in known],
        providers=sorted({*setup.rules, *(provider for provider, _, _ in seen)}),
        groups=sorted({group for _, group, _ in seen}),
        roles=ROLES,
        problems=problems,
        typed=request.form if problems else request.args,
    )


def _present(
    rule: GroupRule, counts: dict[tuple[str, str], int], givers: dict[str, str]
) -> SimpleNamespace:
    ruling = get_setup().rules.get(rule.provider)
    held = ruling is not None and rule.role and rank(rule.role) > rank(ruling.highest_role)
    return SimpleNamespace(
        rule=rule,
        people=counts.get((rule.provider, rule.group_name), 0),
        by=givers.get(rule.created_by, rule.created_by),
        held=f"PORTAL_OIDC_{rule.provider.upper()}_HIGHEST_ROLE" if held else "",
        is_unknown=ruling is None,
    )


def _list_kept(ruled: set[tuple[str, str]]) -> list[SimpleNamespace]:
    """Return what the settings say of groups; the rule of an admin beats it."""
    return [
        SimpleNamespace(
            provider=name,
            group=group,
            stands_for=stands_for,
            setting=f"PORTAL_OIDC_{name.upper()}_{part}",
            is_beaten=(name, group) in ruled,
        )
        for name, rules in sorted(get_setup().rules.items())
        for part, mapping in (
            ("GROUP_TEAMS", rules.group_teams),
            ("GROUP_ROLES", rules.group_roles),
        )
        for group, stands_for in sorted(mapping.items())
    ]


@blueprint.post("/admin/groups")
@requires("access:group:write", recent=True)
def put_group() -> Response | tuple[str, int]:
    """Add or change what a group stands for; those in it are looked at again soon."""
    try:
        form = parse_arguments(GroupRuleForm, request.form)
        _check_provider(form.provider)
        seen = (form.seen_team or None, form.seen_role or None)
        group_rules.put_group_rule(
            get_session(),
            get_actor(Actor),
            form.provider,
            group=form.group,
            team=form.team or None,
            role=form.role or None,
            was=seen if form.is_change else None,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(error.problems), 422
    except Conflict as error:
        return _show((Problem("group", "conflict", error.detail, error.fix),)), 409
    flash("The rule is kept; whoever is in the group gets it within a minute.")
    return redirect(url_for("auth.groups"), 303)


@blueprint.post("/admin/groups/<int:rule_id>/remove")
@requires("access:group:write", recent=True)
def remove_group(rule_id: int) -> Response:
    """Take a rule away."""
    parse_arguments(EmptyForm, request.form)
    group_rules.remove_group_rule(get_session(), get_actor(Actor), rule_id, now=utc_now())
    flash("The rule is gone; whoever is in the group loses what it gave within a minute.")
    return redirect(url_for("auth.groups"), 303)


def _check_provider(name: str) -> None:
    known = get_setup().rules
    if name not in known:
        message = f"There is no identity provider `{name}`."
        fix = f"Use one of: {', '.join(sorted(known)) or 'none is set up'}."
        raise InvalidInput(message, (Problem("provider", "known", message, fix),))
