"""/Users: the people a provider manages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request
from scim2_models import Context

from portal.auth.service.provisioning import change_user, create_user
from portal.infra.clock import utc_now
from portal.ownership.api.blueprint import PERMISSION, blueprint, get_asking
from portal.ownership.api.messages import (
    answer,
    answer_list,
    check_version,
    make_wanted,
    read_body,
    read_patch,
    read_question,
)
from portal.ownership.api.shapes import write_user
from portal.ownership.core.dialects import straighten_patch
from portal.ownership.core.scim import POLICY, User, read_user
from portal.ownership.queries.scim import get_user, list_users, read_groups_of
from portal.ownership.service.scim import delete_person
from portal.web.markers import requires, unforgeable
from portal.web.unit import get_session

if TYPE_CHECKING:
    from portal.auth.core.provisioned import Managed
    from portal.auth.models import Account, ScimUser
    from portal.ownership.queries.scim import Wanted


def write_one(managed: ScimUser, account: Account, *, as_told: bool = False) -> User:
    """Return somebody with their groups."""
    groups = read_groups_of(get_session(), [account.id]).get(account.id, [])
    return write_user(managed, account, groups, as_told=as_told)


def list_page(provider: str, wanted: Wanted) -> tuple[list[User], int]:
    """Return a page of people with their groups, and how many there are."""
    total, rows = list_users(get_session(), provider, wanted)
    groups = read_groups_of(get_session(), [account.id for _, account in rows])
    return [write_user(one, account, groups.get(account.id, [])) for one, account in rows], total


@blueprint.get("/Users")
@requires(PERMISSION)
def list_all() -> Response:
    """List people."""
    asking = get_asking()
    question = read_question(User, request.args)
    resources, total = list_page(asking.provider, make_wanted(question))
    return answer_list(resources, total, question)


@blueprint.post("/Users/.search")
@unforgeable
@requires(PERMISSION)
def search_users() -> Response:
    """List people, the question in the body."""
    asking = get_asking()
    question = read_question(User, read_body())
    resources, total = list_page(asking.provider, make_wanted(question))
    return answer_list(resources, total, question)


@blueprint.get("/Users/<string:user_id>")
@requires(PERMISSION)
def show_user(user_id: str) -> Response:
    """Show somebody."""
    return answer(write_one(*get_user(get_session(), get_asking().provider, user_id)))


@blueprint.post("/Users")
@unforgeable
@requires(PERMISSION)
def add_user() -> Response:
    """Make somebody's account, or take over the one they have."""
    asking = get_asking()
    user = User.model_validate(
        read_body(), scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY
    )
    session = get_session()
    made = create_user(session, asking.actor, asking.rules, read_user(user), now=utc_now())
    return answer(write_one(*get_user(session, asking.provider, made.id)), 201)


@blueprint.put("/Users/<string:user_id>")
@unforgeable
@requires(PERMISSION)
def replace_user(user_id: str) -> Response:
    """Replace what is said of somebody; who leaves `active` out leaves it as it is."""
    found = _open(user_id)
    user = User.model_validate(
        read_body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=POLICY
    )
    if user.active is None:
        user.active = found[0].is_active
    return _change(found, read_user(user))


@blueprint.patch("/Users/<string:user_id>")
@unforgeable
@requires(PERMISSION)
def patch_user(user_id: str) -> Response:
    """Change parts of what is said of somebody."""
    found = _open(user_id)
    patch = read_patch(User, straighten_patch(read_body()))
    user = write_one(*found, as_told=True)
    patch.patch(user, scim_policy=POLICY)
    return _change(found, read_user(user))


@blueprint.delete("/Users/<string:user_id>")
@unforgeable
@requires(PERMISSION)
def remove_user(user_id: str) -> Response:
    """Close somebody's account and forget what the provider said of them."""
    managed, _ = _open(user_id)
    delete_person(get_session(), get_asking().actor, managed, now=utc_now())
    return Response(status=204)


def _open(user_id: str) -> tuple[ScimUser, Account]:
    """Return somebody to change, if the caller knows their version."""
    found = get_user(get_session(), get_asking().provider, user_id, lock=True)
    if "If-Match" in request.headers:
        meta = write_one(*found).meta
        check_version((meta.version if meta else None) or "")
    return found


def _change(found: tuple[ScimUser, Account], person: Managed) -> Response:
    asking = get_asking()
    change_user(get_session(), asking.actor, asking.rules, found[0], person, now=utc_now())
    return answer(write_one(*found))
