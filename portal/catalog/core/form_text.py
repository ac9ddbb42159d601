"""What stands in the fields of a form as text, and which changes of a document a text asks for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from portal.catalog.core.contacts import parse_owner, read_contact, split_names
from portal.catalog.core.document_fields import MISSING, Change, join_pointer, read_field
from portal.catalog.core.editable import (
    CODE,
    CONTACTED,
    LINKS,
    LONG,
    ONE_PER_ROW,
    OWNERS,
    PAIRS,
    REF,
    REFS,
    TAGS,
    TICKS,
    TIER,
    list_own_keys,
)
from portal.catalog.core.own_fields import CHOICES
from portal.catalog.core.own_values import make_change
from portal.catalog.core.refs import parse_ref
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from portal.catalog.core.editable import FormField
    from portal.catalog.core.own_fields import OwnField

BETWEEN = "\x1f"
"""Stands between title, address and type of a link; one link is a line."""

_BREAKS = re.compile(r"[\r\n\x1f]+")


class BadText(ValueError):  # noqa: N818 reads as what happened
    """A text that no value can be made of: the rule, what is wrong, how to mend it."""

    def __init__(self, rule: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.rule, self.fix = rule, fix


def show_texts(fields: Sequence[FormField], document: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands in each field of a form, by the name of the field."""
    own = list_own_keys(fields)
    return {field.name: show_text(field, document, own) for field in fields}


def show_text(
    field: FormField, document: Mapping[str, Any], own_keys: frozenset[str] = frozenset()
) -> str:
    """Return a field's value as people see and change it."""
    value = read_field(document, field.pointer)
    if value is MISSING or value is None:
        return ""
    if field.input == PAIRS:
        text = "\n".join(f"{k}={v}" for k, v in list_pairs(value) if k not in own_keys)
    elif field.input == LINKS and isinstance(value, list):
        text = "\n".join(_show_link(link) for link in value)
    elif field.own is not None:
        text = show_own(field.own, value)
    elif field.input == OWNERS and isinstance(value, str):
        text = "\n".join(split_names(value))
    elif field.input == REFS and isinstance(value, list):
        text = "\n".join(_show(item) for item in value)
    elif field.input == TAGS and isinstance(value, list):
        text = ", ".join(_show(item) for item in value)
    else:
        text = _show(value)
    return normalise(field, text)


def show_own(own: OwnField, value: Any) -> str:
    """Return what a field of the company holds: a row for each choice, as it was declared."""
    several = value.split(",") if isinstance(value, str) else value
    items = several if own.type == CHOICES and isinstance(several, list) else [value]
    texts = [_show(item).strip() for item in items]
    chosen = [own.find_choice(text) for text in texts]
    return "\n".join(c.value if c else text for c, text in zip(chosen, texts, strict=True))


def list_pairs(value: Any) -> list[tuple[str, str]]:
    """Return the entries of a map that fit on a line each; those of several lines stay as is."""
    if not hasattr(value, "items"):
        return []
    return [(k, v) for k, v in value.items() if isinstance(v, str) and not _BREAKS.search(v)]


def list_long_keys(value: Any) -> list[str]:
    """Return the keys whose values hold several lines and so cannot be changed in a form."""
    if not hasattr(value, "items"):
        return []
    return [k for k, v in value.items() if not isinstance(v, str) or _BREAKS.search(v)]


def _show(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return parse_ref(value).canonical
    except ValueError:
        return json.dumps(value, ensure_ascii=False)


def _show_link(link: Any) -> str:
    if not hasattr(link, "get"):
        return _show(link)
    return BETWEEN.join(
        _BREAKS.sub(" ", str(link.get(part) or "")) for part in ("title", "url", "type")
    )


def normalise(field: FormField, text: str) -> str:
    """Return a text as browsers send it back, so that what nobody touched compares as equal."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if field.input == CODE:
        return text.strip("\n")
    if field.input == LONG:
        return text.strip()
    if field.input in (*ONE_PER_ROW, PAIRS, LINKS):
        # A row of a link without anything in it is nothing but what stands between its parts.
        rows: Iterable[str] = (row.strip(" \t") for row in text.split("\n"))
        rows = sorted(rows) if field.input == TICKS else rows  # in whatever order they are sent
        return "\n".join(row for row in rows if row.strip(BETWEEN + " "))
    return _BREAKS.sub("", text).strip()


def list_refs(field: FormField, text: str) -> list[str]:
    """Return the references a text holds that have to lead somewhere."""
    if field.input == CONTACTED:
        contact = read_contact("on-call", text)
        return [text] if contact is not None and contact.form == "entity" else []
    if field.input in (REF, REFS, OWNERS):
        return [row for row in text.split("\n") if row]
    return []


def write_changes(
    fields: Sequence[FormField],
    typed: Mapping[str, str],
    document: Mapping[str, Any],
    names: Mapping[str, Mapping[str, str]],
) -> tuple[list[Change], list[Problem]]:
    """Return the changes that what was typed asks for, and what is wrong, by name of the field.

    What reads as it stands is no change. `names` says per field as what a reference is written.
    """
    changes: list[Change] = []
    problems: list[Problem] = []
    shown = show_texts(fields, document)
    for field in fields:
        text = typed.get(field.name, shown[field.name])
        if text == shown[field.name]:
            continue
        try:
            changes += _write(field, text, shown[field.name], document, names.get(field.name, {}))
        except BadText as error:
            problems.append(Problem(field.name, error.rule, str(error), error.fix))
    return changes, problems


def _write(
    field: FormField,
    text: str,
    shown: str,
    document: Mapping[str, Any],
    names: Mapping[str, str],
) -> Iterable[Change]:
    if field.input == PAIRS:
        return list(_write_pairs(field, text, shown))
    if field.own is not None:
        return [_write_own(field.own, text, names)]
    if not text:
        return [Change(field.pointer, is_removal=True)]
    return [Change(field.pointer, _make_value(field, text, document, names))]


def _write_own(own: OwnField, text: str, names: Mapping[str, str]) -> Change:
    order = [choice.value for choice in own.choices]
    given = [names.get(row, row) for row in text.split("\n")]
    given.sort(key=lambda row: order.index(row) if row in order else len(order))
    try:
        return make_change(own, given)
    except InvalidInput as error:
        problem = error.problems[0]
        raise BadText(problem.rule, problem.message, problem.fix) from None


def _make_value(
    field: FormField, text: str, document: Mapping[str, Any], names: Mapping[str, str]
) -> Any:
    old = read_field(document, field.pointer)
    makers: dict[str, Callable[[], Any]] = {
        REF: lambda: names.get(text, text),
        CONTACTED: lambda: _make_contact(text, names),
        OWNERS: lambda: ", ".join(_make_owner(names.get(row, row)) for row in text.split("\n")),
        REFS: lambda: _make_refs(text, old, names),
        TAGS: lambda: list(dict.fromkeys(part for part in re.split(r"[,\s]+", text) if part)),
        LINKS: lambda: [_make_link(row, old) for row in text.split("\n")],
        TIER: lambda: int(text) if isinstance(old, int) and text.isdigit() else text,
        CODE: lambda: f"{text}\n" if "\n" in text else text,
    }
    make = makers.get(field.input)
    return text if make is None else make()


def _make_refs(text: str, old: Any, names: Mapping[str, str]) -> list[Any]:
    """Return references in the order of rows; one that stood there stays as it was written."""
    kept = {_show(item): item for item in old} if isinstance(old, list) else {}
    return [kept.get(row, names.get(row, row)) for row in dict.fromkeys(text.split("\n"))]


def _make_contact(text: str, names: Mapping[str, str]) -> str:
    if read_contact("on-call", text) is None:
        raise BadText(
            "contact",
            f"Nobody can be reached by `{text[:80]}`.",
            "Write a team or person, an e-mail address, a web address or a channel like #checkout.",
        )
    return names.get(text, text)


def _make_owner(text: str) -> str:
    try:
        parse_owner(text)
    except ValueError as error:
        raise BadText(
            "co-owner", f"`{text[:80]}`: {error}.", "Name a team, or a person as `user:ana`."
        ) from None
    return text


def _make_link(row: str, old: Any) -> dict[str, Any]:
    """Return a link; what else one with this address said, such as its icon, stays."""
    title, url, word = (part.strip() for part in (*row.split(BETWEEN), "", "")[:3])
    known = old if isinstance(old, list) else []
    same: Mapping[str, Any] = next(
        (each for each in known if hasattr(each, "get") and each.get("url") == url), {}
    )
    kept = {key: value for key, value in same.items() if key not in ("title", "url", "type")}
    given = {"url": url, "title": title, "type": word}
    return {**{key: value for key, value in given.items() if value}, **kept}


def _write_pairs(field: FormField, text: str, shown: str) -> Iterable[Change]:
    old, new = _read_pairs(field, shown), _read_pairs(field, text)
    above = field.pointer.strip("/").split("/")
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            yield Change(join_pointer(*above, key), new.get(key), is_removal=key not in new)


def _read_pairs(field: FormField, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in filter(None, text.split("\n")):
        key, equals, value = (part.strip() for part in row.partition("="))
        if not (equals and key):
            message = f"`{row[:80]}` is no key=value."
            raise BadText("pair", message, "Write one on each line, such as `team=blue`.")
        if key in found:
            raise BadText("once", f"`{key}` stands twice.", f"Name each of the {field.name} once.")
        found[key] = value
    return found
