"""Request strings to typed commands, or problems by field."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict
    from werkzeug.wrappers import Request

Form = TypeVar("Form", bound=BaseModel)


def parse_arguments(form: type[Form], arguments: MultiDict[str, str]) -> Form:
    """Return `form` filled from a query string; empty values count as absent.

    Fields typed as tuples may be given several times. Raises InvalidInput naming every field
    that is unknown, repeated, wrong or no text.
    """
    fields = {f.alias or name: f for name, f in form.model_fields.items()}
    known = sorted(fields)
    many = {name for name, f in fields.items() if get_origin(f.annotation) is tuple}
    refused = [
        Problem(name, "once", f"`{name}` is given {len(values)} times.", "Give it once.")
        for name, values in arguments.lists()
        if len(values) > 1 and name not in many
    ]
    refused += [
        Problem(name, "text", f"`{name}` holds a NUL character.", "Leave it out.")
        for name, values in arguments.lists()
        if any("\0" in value for value in (name, *values))  # PostgreSQL keeps none
    ]
    given: dict[str, object] = {}
    for name, values in arguments.lists():
        filled = [value for value in values if value != ""]
        if filled:
            given[name] = filled if name in many else filled[0]
    try:
        parsed = form.model_validate(given)
    except ValidationError as error:
        problems = [_explain(problem, known) for problem in error.errors()]
        raise InvalidInput("The query is not valid.", (*refused, *problems)) from None
    if refused:
        raise InvalidInput("The query is not valid.", tuple(refused))
    return parsed


def parse_document(form: type[Form], asked: Request) -> Form:
    """Return `form` filled from a request's JSON; raises InvalidInput naming every wrong field."""
    try:
        given = json.loads(asked.get_data(cache=False))
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        message = "The body is no JSON object."
        raise InvalidInput(message, (Problem("body", "json", message, "Send one object."),))
    try:
        return form.model_validate(given)
    except ValidationError as error:
        known = sorted(f.alias or name for name, f in form.model_fields.items())
        problems = tuple(_explain(problem, known) for problem in error.errors())
        raise InvalidInput("The body is not valid.", problems) from None


def _explain(problem: object, known: list[str]) -> Problem:
    found = problem if isinstance(problem, dict) else {}
    name = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return Problem(
            name, "known", f"There is no field `{name}`.", f"Use one of: {', '.join(known)}."
        )
    message = str(found["msg"]).removeprefix("Value error, ")
    return Problem(name, str(found["type"]), f"`{name}`: {message}", "Correct or leave it out.")
