"""Own fields: what an admin declares that entities of this company carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TEXT, CHOICE, CHOICES, NUMBER = "text", "choice", "choices", "number"
BOOLEAN, DATE, URL, REF = "boolean", "date", "url", "ref"
TYPES = (TEXT, CHOICE, CHOICES, NUMBER, BOOLEAN, DATE, URL, REF)
CHOSEN = (CHOICE, CHOICES)
SPEC, ANNOTATION = "spec", "annotation"
LOCATIONS = (SPEC, ANNOTATION)
MOST_FIELDS = 50
PREFIX = "field."
"""Before a key in filters, facets, orders and columns; no name of the portal's own has a dot."""

RULE = "own-field"
"""The rule of problems about values that an own field does not allow."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be chosen, and what people read for it."""

    value: str
    label: str = ""

    @property
    def name(self) -> str:
        """Return what people read."""
        return self.label or self.value


@dataclass(frozen=True, slots=True)
class Required:
    """Who must fill a field: whoever fits every list that is not empty."""

    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"kinds": [*self.kinds], "classes": [*self.classes], "tiers": [*self.tiers]}


@dataclass(frozen=True, slots=True)
class OwnField:
    """One own field; `path` lies below `spec`, or is the key of an annotation.

    It is read from entities of its kinds and classes; without any, from all. Without `required`
    nobody must fill it.
    """

    key: str
    title: str
    type: str = TEXT
    location: str = SPEC
    path: str = ""
    help: str = ""
    choices: tuple[Choice, ...] = ()
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    required: Required | None = None
    is_facet: bool = True
    is_column: bool = False
    position: int = 0
    version: int = 1

    @property
    def name(self) -> str:
        """Return what the field is called beside the portal's own filters."""
        return PREFIX + self.key

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the names from the root of a document to the value."""
        if self.location == ANNOTATION:
            return ("metadata", "annotations", self.path)
        return ("spec", *self.path.split("."))

    @property
    def place(self) -> str:
        """Return where the value stands, as problems name it."""
        return ".".join(self.parts)

    @property
    def reading(self) -> tuple[object, ...]:
        """Return everything that decides which value is read."""
        allowed = tuple(choice.value for choice in self.choices)
        return (self.type, self.location, self.path, allowed, self.kinds, self.classes)

    def applies(self, kind: str, entity_class: str | None) -> bool:
        """Whether it is read from entities of a kind and class."""
        return _fits(kind, self.kinds) and _fits(entity_class, self.classes)

    def requires(self, kind: str, entity_class: str | None, tier: int | None) -> bool:
        """Whether an entity of this kind, class and tier must fill it."""
        asked = self.required
        return (
            asked is not None
            and self.applies(kind, entity_class)
            and _fits(kind, asked.kinds)
            and _fits(entity_class, asked.classes)
            and _fits(tier, asked.tiers)
        )

    def find_choice(self, text: str) -> Choice | None:
        """Return the choice a text means, upper and lower case alike."""
        folded = text.lower()
        return next((choice for choice in self.choices if choice.value.lower() == folded), None)

    def as_json(self) -> dict[str, Any]:
        """Return the declaration as the API and the audit trail write it."""
        return {
            "key": self.key,
            "title": self.title,
            "help": self.help,
            "type": self.type,
            "choices": [{"value": each.value, "label": each.label} for each in self.choices],
            "location": self.location,
            "path": self.path,
            "kinds": [*self.kinds],
            "classes": [*self.classes],
            "required_for": None if self.required is None else self.required.as_json(),
            "is_facet": self.is_facet,
            "is_column": self.is_column,
            "position": self.position,
            "version": self.version,
        }


def _fits(value: object, allowed: tuple[object, ...]) -> bool:
    return not allowed or value in allowed
