"""What the service can do, and what it does not offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from scim2_models import ForbiddenException, Meta, NotImplementedException

from portal.errors import NotFound
from portal.ownership.api.blueprint import PERMISSION, blueprint, get_base
from portal.ownership.api.messages import answer, answer_list
from portal.ownership.core.scim import CONFIG, SERVICE
from portal.web.markers import requires, unforgeable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask import Response


def _place(resource: Any, kind: str, path: str) -> Any:
    meta = Meta(resource_type=kind, location=f"{get_base()}{path}")
    return resource.model_copy(update={"meta": meta})


def _list_schemas() -> list[Any]:
    return [_place(found, "Schema", f"/Schemas/{found.id}") for found in SERVICE.schemas]


def _list_types() -> list[Any]:
    return [
        _place(found, "ResourceType", f"/ResourceTypes/{found.id}")
        for found in SERVICE.resource_types
    ]


def _answer_all(resources: list[Any]) -> Response:
    if "filter" in request.args:  # RFC 7644, section 4
        raise ForbiddenException(detail="What the service is made of cannot be filtered.")
    return answer_list(resources, len(resources))


def _answer_one(resources: Iterable[Any], wanted: str) -> Response:
    for found in resources:
        if str(found.id).lower() == wanted.lower():
            return answer(found)
    raise NotFound(f"There is no {wanted[:200]}.")


@blueprint.get("/ServiceProviderConfig")
@requires(PERMISSION)
def show_config() -> Response:
    """Show what the service can do."""
    return answer(_place(CONFIG, "ServiceProviderConfig", "/ServiceProviderConfig"))


@blueprint.get("/Schemas")
@requires(PERMISSION)
def list_schemas() -> Response:
    """List the schemas."""
    return _answer_all(_list_schemas())


@blueprint.get("/Schemas/<string:urn>")
@requires(PERMISSION)
def show_schema(urn: str) -> Response:
    """Show a schema."""
    return _answer_one(_list_schemas(), urn)


@blueprint.get("/ResourceTypes")
@requires(PERMISSION)
def list_types() -> Response:
    """List the types of resources."""
    return _answer_all(_list_types())


@blueprint.get("/ResourceTypes/<string:name>")
@requires(PERMISSION)
def show_type(name: str) -> Response:
    """Show a type of resource."""
    return _answer_one(_list_types(), name)


@blueprint.route("/Me", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@unforgeable
@requires(PERMISSION)
def show_me() -> Response:
    """Answer that a token is no person."""
    raise NotImplementedException(detail="A token of a provider is no person.")


@blueprint.post("/Bulk")
@unforgeable
@requires(PERMISSION)
def do_many() -> Response:
    """Answer that changes come one by one."""
    raise NotImplementedException(detail="Changes come one by one.")
