"""Request strings to typed commands, or problems by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

Form = TypeVar("Form", bound=BaseModel)


def parse_arguments(form: type[Form], arguments: MultiDict[str, str]) -> Form:
    """Return `form` filled from a query string; empty values count as absent.

    Raises InvalidInput naming every field that is unknown, repeated or wrong.
    """
    known = sorted(form.model_fields)
    repeated = [
        Problem(name, "once", f"`{name}` is given {len(values)} times.", "Give it once.")
        for name, values in arguments.lists()
        if len(values) > 1
    ]
    given = {name: value for name, value in arguments.items() if value != ""}
    try:
        parsed = form.model_validate(given)
    except ValidationError as error:
        problems = [_explain(problem, known) for problem in error.errors()]
        raise InvalidInput("The query is not valid.", (*repeated, *problems)) from None
    if repeated:
        raise InvalidInput("The query is not valid.", tuple(repeated))
    return parsed


def _explain(problem: object, known: list[str]) -> Problem:
    found = problem if isinstance(problem, dict) else {}
    name = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return Problem(
            name, "known", f"There is no filter `{name}`.", f"Use one of: {', '.join(known)}."
        )
    message = str(found["msg"]).removeprefix("Value error, ")
    return Problem(name, str(found["type"]), f"`{name}`: {message}", "Correct or leave it out.")
