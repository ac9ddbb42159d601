"""/Groups: the groups a provider manages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, request
from scim2_models import Context

from portal.infra.clock import utc_now
from portal.ownership.api.blueprint import PERMISSION, blueprint, get_asking
from portal.ownership.api.messages import (
    answer,
    answer_list,
    check_version,
    make_wanted,
    read_body,
    read_parameters,
    read_patch,
    read_question,
)
from portal.ownership.api.shapes import write_group
from portal.ownership.core.dialects import read_member_changes, straighten_patch
from portal.ownership.core.scim import POLICY, Group, read_group
from portal.ownership.queries.scim import get_group, list_groups, read_members_of
from portal.ownership.service.scim import (
    change_group,
    change_members,
    create_group,
    delete_group,
)
from portal.web.markers import requires, unforgeable
from portal.web.unit import get_session

if TYPE_CHECKING:
    from scim2_models import ResponseParameters

    from portal.ownership.models import ScimGroup
    from portal.ownership.queries.scim import Wanted


def list_page(
    provider: str, wanted: Wanted, shown: ResponseParameters[Any]
) -> tuple[list[Group], int]:
    """Return a page of groups and how many there are; members are read only if they are shown."""
    total, rows = list_groups(get_session(), provider, wanted)
    ids = [row.id for row in rows] if _shows_members(shown) else []
    members = read_members_of(get_session(), ids)
    return [write_group(row, members.get(row.id, [])) for row in rows], total


def _shows_members(shown: ResponseParameters[Any]) -> bool:
    left_out = [path.attr.lower() for path in shown.excluded_attributes or ()]
    chosen = [path.parts[0].lower() for path in shown.attributes or () if path.parts]
    return "members" not in left_out and (not chosen or "members" in chosen)


@blueprint.get("/Groups")
@requires(PERMISSION)
def list_all_groups() -> Response:
    """List groups."""
    asking = get_asking()
    question = read_question(Group, request.args)
    resources, total = list_page(asking.provider, make_wanted(question), question)
    return answer_list(resources, total, question)


@blueprint.post("/Groups/.search")
@unforgeable
@requires(PERMISSION)
def search_groups() -> Response:
    """List groups, the question in the body."""
    asking = get_asking()
    question = read_question(Group, read_body())
    resources, total = list_page(asking.provider, make_wanted(question), question)
    return answer_list(resources, total, question)


@blueprint.get("/Groups/<string:group_id>")
@requires(PERMISSION)
def show_group(group_id: str) -> Response:
    """Show a group."""
    group = get_group(get_session(), get_asking().provider, group_id)
    return _answer(group, with_members=_shows_members(read_parameters(Group)))


@blueprint.post("/Groups")
@unforgeable
@requires(PERMISSION)
def add_group() -> Response:
    """Make a group."""
    asking = get_asking()
    draft = Group.model_validate(
        read_body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY
    )
    made = create_group(
        get_session(), asking.actor, asking.provider, read_group(draft), now=utc_now()
    )
    return _answer(made, 201)


@blueprint.put("/Groups/<string:group_id>")
@unforgeable
@requires(PERMISSION)
def replace_group(group_id: str) -> Response:
    """Replace a group."""
    group = _open(group_id)
    draft = Group.model_validate(
        read_body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=POLICY
    )
    change_group(get_session(), get_asking().actor, group, read_group(draft), now=utc_now())
    return _answer(group)


@blueprint.patch("/Groups/<string:group_id>")
@unforgeable
@requires(PERMISSION)
def patch_group(group_id: str) -> Response:
    """Change parts of a group; the answer is empty unless attributes are asked for.

    Groups may be large, and providers ask not to be sent all members back.
    """
    group, body = _open(group_id), straighten_patch(read_body())
    change = read_member_changes(body)
    if change is not None:
        actor, now = get_asking().actor, utc_now()
        change_members(get_session(), actor, group, added=change[0], removed=change[1], now=now)
    else:
        patch = read_patch(Group, body)
        draft = write_group(group, _read_members(group))
        patch.patch(draft, scim_policy=POLICY)
        change_group(get_session(), get_asking().actor, group, read_group(draft), now=utc_now())
    return _answer(group) if "attributes" in request.args else Response(status=204)


@blueprint.delete("/Groups/<string:group_id>")
@unforgeable
@requires(PERMISSION)
def remove_group(group_id: str) -> Response:
    """Delete a group."""
    delete_group(get_session(), get_asking().actor, _open(group_id), now=utc_now())
    return Response(status=204)


def _read_members(group: ScimGroup) -> list[str]:
    return read_members_of(get_session(), [group.id]).get(group.id, [])


def _open(group_id: str) -> ScimGroup:
    """Return a group to change, if the caller knows its version."""
    group = get_group(get_session(), get_asking().provider, group_id, lock=True)
    meta = write_group(group, []).meta
    check_version((meta.version if meta else None) or "")
    return group


def _answer(group: ScimGroup, status: int = 200, *, with_members: bool = True) -> Response:
    return answer(write_group(group, _read_members(group) if with_members else []), status)
