"""/.search over people and groups at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scim2_models import NotImplementedException

from portal.ownership.api.blueprint import PERMISSION, blueprint, get_asking
from portal.ownership.api.groups import list_page as list_groups
from portal.ownership.api.messages import answer_list, make_wanted, read_body, read_question
from portal.ownership.api.users import list_page as list_users
from portal.ownership.core.scim import Group, User
from portal.web.markers import requires, unforgeable

if TYPE_CHECKING:
    from flask import Response


@blueprint.post("/.search")
@unforgeable
@requires(PERMISSION)
def search_everything() -> Response:
    """List people, then groups; an order over both is not offered."""
    asking = get_asking()
    question = read_question(User | Group, read_body())
    if question.sort_by is not None:
        raise NotImplementedException(detail="Sort /Users or /Groups; both at once have no order.")
    wanted = make_wanted(question)
    users, people = list_users(asking.provider, wanted)
    rest = replace(wanted, first=max(wanted.first - people, 0), count=wanted.count - len(users))
    groups, teams = list_groups(asking.provider, rest, question)
    resources: list[Any] = [*users, *groups]
    return answer_list(resources, people + teams, question)
