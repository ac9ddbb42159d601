"""What a declaration of an own field has to keep to."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from portal.catalog.core.aliases import SECRET_KEYS
from portal.catalog.core.contacts import CO_OWNERS, CONTACT, ROLES
from portal.catalog.core.facets import FILTERS, SORTS
from portal.catalog.core.fields import is_key
from portal.catalog.core.kinds import KINDS
from portal.catalog.core.meaning import CLASSES, CRITICALITY_ANNOTATION, TIER_ANNOTATION, TIERS
from portal.catalog.core.own_fields import (
    ANNOTATION,
    CHOSEN,
    LOCATIONS,
    MOST_FIELDS,
    SPEC,
    TYPES,
)
from portal.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from portal.catalog.core.own_fields import Choice, OwnField

MOST_CHOICES = 100
LONGEST_KEY, LONGEST_TITLE, LONGEST_HELP, LONGEST_CHOICE, LONGEST_PATH = 40, 60, 500, 100, 200
DEEPEST = 5
RESERVED = frozenset(
    (
        *FILTERS,
        *SORTS,
        *("annotations", "aliases", "columns", "cursor", "description", "document", "ephemeral"),
        *("facet", "fields", "file", "format", "labels", "limit", "line", "links", "mine", "more"),
        *(
            "new",
            "q",
            "ref",
            "relations",
            "sort",
            "spec",
            "stage",
            "starred",
            "tags",
            "title",
            "uid",
        ),
        *("updated_at", "view"),
    )
)
"""What lists and entities of the portal itself are filtered by, sorted by and made of."""

BUILT_IN = frozenset(
    (
        *(part.name for kind in KINDS.values() for part in kind.fields),
        *(part.name for kind in KINDS.values() for part in kind.relations),
        *(name for kind in KINDS.values() for name in kind.groups),
        *("tier", "criticality", "remotes"),
    )
)
"""What the portal reads right below `spec` itself."""

# What is a secret is no name of anything either, and shown nowhere but in the raw document.
BUILT_IN_ANNOTATIONS = frozenset(
    (
        *(TIER_ANNOTATION, CRITICALITY_ANNOTATION, CO_OWNERS, *SECRET_KEYS),
        *(f"{CONTACT}{role}" for role in ROLES),
    )
)
BUILT_IN_PREFIX = "backstage.io/"
_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PART = re.compile(r"[A-Za-z0-9_-]+")
_KIND = re.compile(r"[a-z][a-z0-9]*")


def check_declaration(
    field: OwnField, others: Sequence[OwnField], marks: Collection[str]
) -> list[Problem]:
    """Return what is wrong with a declaration beside the `others`; `marks` are names in use."""
    return [
        *_check_key(field, others, marks),
        *_check_words(field),
        *_check_choices(field),
        *_check_location(field, others),
        *_check_who(field),
    ]


def _check_key(
    field: OwnField, others: Sequence[OwnField], marks: Collection[str]
) -> Iterator[Problem]:
    key = field.key
    if _KEY.fullmatch(key) is None or len(key) > LONGEST_KEY:
        message = f"`{key}` is no key: lower-case letters, digits and single `_`, at most 40."
        yield Problem("key", "form", message, "Write one such as `data_classification`.")
    elif key in RESERVED or key in marks:
        message = f"`{key}` is a name of the portal's own."
        yield Problem("key", "reserved", message, f"Choose another one, such as `own_{key}`.")
    elif any(other.key == key for other in others):
        message = f"An own field `{key}` exists."
        yield Problem("key", "unique", message, "Change that one, or choose another key.")
    if len(others) >= MOST_FIELDS:
        message = f"There are {MOST_FIELDS} own fields, and no more are possible."
        yield Problem("key", "most", message, "Delete one that is not used.")


def _check_words(field: OwnField) -> Iterator[Problem]:
    for name, text, least, most in (
        ("title", field.title, 1, LONGEST_TITLE),
        ("help", field.help, 0, LONGEST_HELP),
    ):
        if not least <= len(text.strip()) <= most:
            message = f"The {name} has {least} to {most} characters, this one {len(text.strip())}."
            yield Problem(name, "length", message, "Say it in so many." if text else "Write one.")
        if not text.replace("\n", " " if name == "help" else "\n").isprintable():
            message = f"The {name} holds a character that cannot be shown."
            yield Problem(name, "character", message, "Delete that character.")
    if field.type not in TYPES:
        message = f"There is no type `{field.type}`."
        yield Problem("type", "known", message, f"Use one of: {', '.join(TYPES)}.")


def _check_choices(field: OwnField) -> Iterator[Problem]:
    if field.type not in CHOSEN:
        if field.choices:
            message = f"A field of type `{field.type}` has no choices."
            yield Problem("choices", "type", message, "Leave them out, or make it a choice.")
        return
    if not 1 <= len(field.choices) <= MOST_CHOICES:
        message = f"A choice has 1 to {MOST_CHOICES} values, this one has {len(field.choices)}."
        yield Problem("choices", "count", message, "Name each value on a line of its own.")
    yield from (problem for choice in field.choices if (problem := _check_choice(choice)))
    folded = Counter(choice.value.lower() for choice in field.choices)
    for value in (value for value, count in folded.items() if count > 1):
        message = f"`{value}` is named more than once; upper and lower case are the same."
        yield Problem("choices", "unique", message, "Name it once.")


def _check_choice(choice: Choice) -> Problem | None:
    value = choice.value
    is_text = value == value.strip() and value.isprintable() and choice.label.isprintable()
    is_short = 1 <= len(value) <= LONGEST_CHOICE and len(choice.label) <= LONGEST_CHOICE
    if is_text and is_short and value != "-" and "," not in value:
        return None
    message = f"`{value}` cannot be a choice: 1 to 100 characters on one line, no comma, not `-`."
    return Problem("choices", "form", message, "Write a short word; its label may be longer.")


def _check_location(field: OwnField, others: Sequence[OwnField]) -> Iterator[Problem]:
    path = field.path
    if field.location not in LOCATIONS:
        message = f"A value stands in `spec` or in an annotation, not in `{field.location}`."
        yield Problem("location", "known", message, f"Use one of: {', '.join(LOCATIONS)}.")
        return
    yield from _check_spec(path) if field.location == SPEC else _check_annotation(path)
    for other in others:
        if other.location == field.location and _overlaps(other.path, path, field.location):
            message = f"`{field.place}` is where {other.title} (`{other.key}`) is read."
            yield Problem("path", "unique", message, "Read it from another place.")


def _overlaps(one: str, other: str, location: str) -> bool:
    """Whether one place is the other or holds it."""
    if location == ANNOTATION:
        return one == other
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _check_spec(path: str) -> Iterator[Problem]:
    parts = path.split(".")
    is_path = len(path) <= LONGEST_PATH and len(parts) <= DEEPEST
    if not is_path or not all(_PART.fullmatch(part) for part in parts):
        message = f"`{path}` is no path below `spec`: at most {DEEPEST} names with dots between."
        fix = "Write one such as `dataClassification` or `compliance.level`."
        yield Problem("path", "form", message, fix)
    elif parts[0] in BUILT_IN:
        message = f"`spec.{parts[0]}` is read by the portal itself."
        yield Problem("path", "built-in", message, "Read the own field from another place.")


def _check_annotation(path: str) -> Iterator[Problem]:
    if not is_key(path) or len(path) > LONGEST_PATH:
        message = f"`{path}` is no key of an annotation."
        fix = "Write one such as `example.com/data-classification`, at most 63 after the slash."
        yield Problem("path", "form", message, fix)
    elif path in BUILT_IN_ANNOTATIONS or path.startswith(BUILT_IN_PREFIX):
        message = f"`{path}` is read by the portal itself, or holds a secret."
        yield Problem("path", "built-in", message, "Read the own field from another annotation.")


def _check_who(field: OwnField) -> Iterator[Problem]:
    asked = field.required
    yield from _check_kinds("kinds", field.kinds)
    yield from _check_classes("classes", field.classes)
    if asked is None:
        return
    yield from _check_kinds("required_kinds", asked.kinds)
    yield from _check_classes("required_classes", asked.classes)
    for tier in asked.tiers:
        if tier not in TIERS:
            message = f"There is no tier {tier}."
            yield Problem("required_tiers", "known", message, "Use some of: 0, 1, 2, 3.")
    yield from _check_asked("required_kinds", asked.kinds, field.kinds)
    yield from _check_asked("required_classes", asked.classes, field.classes)


def _check_kinds(name: str, kinds: Sequence[str]) -> Iterator[Problem]:
    for kind in kinds:
        if _KIND.fullmatch(kind) is None:
            message = f"`{kind}` is no kind in lower case."
            yield Problem(name, "form", message, "Write one such as `component`.")


def _check_classes(name: str, classes: Sequence[str]) -> Iterator[Problem]:
    for each in classes:
        if each not in CLASSES:
            message = f"There is no class `{each}`."
            yield Problem(name, "known", message, f"Use some of: {', '.join(CLASSES)}.")


def _check_asked(name: str, asked: Sequence[str], read: Sequence[str]) -> Iterator[Problem]:
    outside = [f"`{each}`" for each in asked if read and each not in read]
    if outside:
        message = f"The field is not read from {', '.join(outside)}."
        yield Problem(name, "applies", message, "Ask it only of those it is read from.")
