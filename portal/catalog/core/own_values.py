"""Values of own fields: read from a document, typed, compared, and written back to one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.catalog.core.document_fields import Change, join_pointer
from portal.catalog.core.fields import is_url
from portal.catalog.core.findings import Finding, show
from portal.catalog.core.own_fields import (
    ANNOTATION,
    BOOLEAN,
    CHOICES,
    CHOSEN,
    DATE,
    NUMBER,
    REF,
    RULE,
    TEXT,
    URL,
    OwnField,
)
from portal.catalog.core.refs import parse_ref
from portal.catalog.core.values import write_scalar
from portal.errors import InvalidInput, Problem

LONGEST = 400
MOST_VALUES = 100
LARGEST = 10**15
NOTHING = ("", "-")
"""Texts that stand for no value."""

TRUE, FALSE = "true", "false"
_TRUTHS = {"true": TRUE, "yes": TRUE, "false": FALSE, "no": FALSE}
_NUMBER = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,10})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ALLOWED = {
    TEXT: f"one line of at most {LONGEST} characters",
    NUMBER: "a number such as 12 or 12.5",
    BOOLEAN: "true or false",
    DATE: "a date such as 2026-03-31",
    URL: "an address that begins with https:// or http://",
    REF: "a reference such as component:default/name",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The values read, in order and without repeats, and what is wrong with the rest."""

    values: tuple[str, ...] = ()
    finding: Finding | None = None


NONE = Reading()


def read_value(field: OwnField, document: Mapping[str, Any]) -> Reading:
    """Return what a document holds of a field; what the field does not allow is left out."""
    raw: Any = document
    for part in field.parts:
        raw = raw.get(part) if isinstance(raw, Mapping) else None
    if raw is None or raw == []:
        return NONE
    found: dict[str, None] = {}
    wrong: list[Any] = []
    for item in _list_items(field, raw):
        if isinstance(item, str) and item.strip() in NOTHING:
            continue
        value = _read_item(field, item)
        if value is None or len(found) >= MOST_VALUES:
            wrong.append(item)
        else:
            found.setdefault(value)
    return Reading(tuple(found), _complain(field, wrong[0]) if wrong else None)


def _list_items(field: OwnField, raw: Any) -> Sequence[Any]:
    if field.type != CHOICES:
        return (raw,)
    if isinstance(raw, str):
        return raw.split(",")
    return raw if isinstance(raw, list) else (raw,)


def _read_item(field: OwnField, item: Any) -> str | None:
    """Return a value as it is kept, None where the field does not allow it."""
    if isinstance(item, str):
        is_strict = field.location != ANNOTATION and field.type in (NUMBER, BOOLEAN)
        return None if is_strict else read_text(field, item)
    if isinstance(item, bool):
        return write_scalar(item) if field.type == BOOLEAN else None
    # A whole number stands for its digits: a cost centre is often written without quotes.
    allowed = (NUMBER, TEXT, *CHOSEN)
    is_number = isinstance(item, int) or (isinstance(item, float) and field.type == NUMBER)
    if is_number and field.type in allowed and math.isfinite(item) and abs(item) <= LARGEST:
        return read_text(field, write_scalar(item)) if field.type != NUMBER else write_scalar(item)
    return None


def read_text(field: OwnField, text: str) -> str | None:
    """Return a text that somebody wrote as the field keeps it, None where it is not allowed."""
    text = text.strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        return None
    if field.type in CHOSEN:
        choice = field.find_choice(text)
        return None if choice is None else choice.value
    return _READERS[field.type](text)


def _read_number(text: str) -> str | None:
    if _NUMBER.fullmatch(text) is None or abs(float(text)) > LARGEST:
        return None
    return write_scalar(float(text) if "." in text else int(text))


def _read_date(text: str) -> str | None:
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _read_url(text: str) -> str | None:
    is_web = text.lower().startswith(("https://", "http://"))
    return text if is_web and " " not in text and is_url(text) else None


def _read_ref(text: str) -> str | None:
    try:
        return parse_ref(text, default_kind="component").canonical
    except ValueError:
        return None


_READERS: Mapping[str, Callable[[str], str | None]] = {
    TEXT: lambda text: text,
    NUMBER: _read_number,
    BOOLEAN: lambda text: _TRUTHS.get(text.lower()),
    DATE: _read_date,
    URL: _read_url,
    REF: _read_ref,
}


def say_allowed(field: OwnField) -> str:
    """Return what a field takes, in words."""
    if field.type not in CHOSEN:
        return _ALLOWED[field.type]
    shown = ", ".join(f"`{choice.value}`" for choice in field.choices)
    return f"{'any' if field.type == CHOICES else 'one'} of {shown}"


def _complain(field: OwnField, item: Any) -> Finding:
    found = "a list" if isinstance(item, list) else "an object"
    if not isinstance(item, list | dict):
        found = show(item)
    return Finding(
        field.place,
        RULE,
        f"`{field.place}` holds {found}; {field.title} takes {say_allowed(field)}.",
        f"Write {say_allowed(field)}, or leave it out.",
    )


def type_values(field: OwnField, values: Sequence[str]) -> Any:
    """Return values as JSON and rules see them: None where there is none, a list for choices."""
    if field.type == CHOICES:
        return [*values] or None
    if not values:
        return None
    text = values[0]
    if field.type == NUMBER:
        known = _read_number(text)
        return None if known is None else (float(text) if "." in text else int(text))
    return text == TRUE if field.type == BOOLEAN else text


def normalise(field: OwnField, text: str) -> str:
    """Return what a filter asks for as values are compared: in lower case."""
    if text.strip() == "-":
        return "-"
    return (read_text(field, text) or text.strip()).lower()


def find_sort_value(field: OwnField, value: str) -> str | float:
    """Return what a compared value is sorted by: choices as declared, numbers by size."""
    if field.type in CHOSEN:
        names = [choice.value.lower() for choice in field.choices]
        return float(names.index(value) if value in names else len(names))
    if field.type == NUMBER:
        return float(value) if _read_number(value) is not None else math.inf
    return value


def say_value(field: OwnField, value: str) -> str:
    """Return a value as people read it."""
    if field.type == BOOLEAN:
        return {TRUE: "yes", FALSE: "no"}.get(value, value)
    choice = field.find_choice(value) if field.type in CHOSEN else None
    return value if choice is None else choice.name


def make_change(field: OwnField, given: Sequence[str]) -> Change:
    """Return the change of a document that lets the field hold what was given, or nothing.

    Raises InvalidInput for what the field does not allow.
    """
    pointer = join_pointer(*field.parts)
    filled = [text.strip() for text in given if text.strip() not in NOTHING]
    if not filled:
        return Change(pointer, is_removal=True)
    values = [read_text(field, text) for text in filled]
    kept = [value for value in values if value is not None]
    if len(kept) < len(values) or (field.type != CHOICES and len(kept) > 1):
        wrong = next((t for t, v in zip(filled, values, strict=True) if v is None), filled[-1])
        message = f"{field.title} takes {say_allowed(field)}, not {show(wrong)}."
        problem = Problem(field.name, RULE, message, f"Write {say_allowed(field)}.")
        raise InvalidInput(message, (problem,))
    unique = list(dict.fromkeys(kept))
    if field.location == ANNOTATION:  # annotations hold text and nothing else
        return Change(pointer, ", ".join(unique))
    return Change(pointer, type_values(field, unique))
