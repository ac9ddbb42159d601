"""What comes in and goes out: bodies, versions, lists."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Response, abort, request
from scim2_models import (
    Context,
    InvalidFilterException,
    InvalidSyntaxException,
    InvalidValueException,
    ListResponse,
    PatchOp,
    PreconditionFailedException,
    ResponseParameters,
    SearchRequest,
)

from portal.ownership.core.dialects import straighten_filter
from portal.ownership.core.scim import MAX_RESULTS, POLICY, Group, User
from portal.ownership.queries.scim import Wanted

if TYPE_CHECKING:
    from scim2_models import Resource

TYPE = "application/scim+json"
TYPES = (TYPE, "application/json")
MAX_BODY_BYTES = 1_000_000
MAX_FILTER = 4_000
MAX_OPERATIONS = 500
FARTHEST = 2**31
QUESTIONS = (
    "filter",
    "attributes",
    "excludedAttributes",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
)
R = TypeVar("R", User, Group)


@cache
def _message_of(kind: Any, model: Any) -> Any:
    """Return the kind of message about a kind of resource; making one takes some milliseconds.

    Pydantic forgets it as soon as nobody holds it.
    """
    return kind[model]


def read_body() -> Any:
    """Return the object that was sent; raises InvalidSyntaxException, aborts with 413 or 415."""
    request.max_content_length = MAX_BODY_BYTES
    if request.mimetype not in TYPES:
        abort(415, f"Send {TYPE}.")
    try:
        body = json.loads(request.get_data(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidSyntaxException(detail="The body is no JSON.") from None
    if not isinstance(body, dict):
        raise InvalidSyntaxException(detail="The body is no JSON object.")
    return body


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def read_patch(model: type[R], body: dict[str, Any]) -> PatchOp[R]:
    """Return the changes of a straightened PATCH."""
    operations = body.get("Operations")
    if isinstance(operations, list) and len(operations) > MAX_OPERATIONS:
        raise InvalidValueException(detail=f"A PATCH has at most {MAX_OPERATIONS} operations.")
    found: PatchOp[R] = _message_of(PatchOp, model).model_validate(
        body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
    )
    return found


def read_question(model: Any, given: Any) -> SearchRequest[Any]:
    """Return what a list is asked for, from a query string or a search message."""
    asked = {name: given[name] for name in given if name in QUESTIONS}
    text = asked.get("filter")
    if isinstance(text, str):
        if len(text) > MAX_FILTER:
            raise InvalidFilterException(detail=f"A filter has at most {MAX_FILTER} characters.")
        asked["filter"] = straighten_filter(text)
    found: SearchRequest[Any] = _message_of(SearchRequest, model).model_validate(
        asked, scim_ctx=Context.SEARCH_REQUEST, scim_policy=POLICY
    )
    return found


def make_wanted(question: SearchRequest[Any]) -> Wanted:
    """Return what to read for a question."""
    return Wanted(
        filter=question.filter.ast if question.filter is not None else None,
        sort=question.sort_by.parts if question.sort_by is not None else (),
        is_descending=question.sort_order == SearchRequest.SortOrder.descending,
        first=min((question.start_index or 1) - 1, FARTHEST),
        count=min(MAX_RESULTS if question.count is None else question.count, MAX_RESULTS),
    )


def read_parameters(model: Any) -> ResponseParameters[Any]:
    """Return which attributes an answer shall have."""
    asked = {name: request.args[name] for name in QUESTIONS[1:3] if name in request.args}
    found: ResponseParameters[Any] = _message_of(ResponseParameters, model).model_validate(
        asked, scim_policy=POLICY
    )
    return found


def check_version(version: str) -> None:
    """Raise PreconditionFailedException unless the caller knows the version, where it names one."""
    if "If-Match" not in request.headers:
        return
    if not request.if_match.contains_weak(_bare(version)):
        raise PreconditionFailedException


def answer(resource: Resource[Any], status: int = 200) -> Response:
    """Answer one resource with its version and address."""
    meta = resource.meta
    version = (meta.version if meta else None) or ""
    if request.method == "GET" and request.if_none_match.contains_weak(_bare(version)):
        response = Response(status=304)
    else:
        context = Context.RESOURCE_CREATION_RESPONSE if status == 201 else None  # noqa: PLR2004 the number says it best here
        body = resource.model_dump(
            scim_ctx=context or Context.RESOURCE_QUERY_RESPONSE,
            response_parameters=read_parameters(type(resource)),
        )
        response = Response(_dump(body), status, mimetype=TYPE)
    if meta and meta.location and status == 201:  # noqa: PLR2004 same
        response.headers["Location"] = meta.location
    if version:
        response.headers["ETag"] = version
    return response


def answer_list(
    resources: list[Any], total: int, question: SearchRequest[Any] | None = None
) -> Response:
    """Answer a page of resources."""
    first = 1 if question is None else question.start_index or 1
    body = {
        "schemas": [str(ListResponse.__schema__)],
        "totalResults": total,
        "startIndex": first,
        "itemsPerPage": len(resources),
        "Resources": [
            resource.model_dump(
                scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=question
            )
            for resource in resources
        ],
    }
    return Response(_dump(body), mimetype=TYPE)


def _bare(version: str) -> str:
    return version.removeprefix("W/").strip('"')


def _dump(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
