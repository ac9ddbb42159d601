"""What a posted form of an entity holds: texts by field, and what they were when it was opened."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portal.catalog.core.document_fields import Change
from portal.catalog.core.editable import LINKS, ONE_PER_ROW
from portal.catalog.core.form_text import BETWEEN, normalise
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from werkzeug.datastructures import MultiDict

    from portal.catalog.core.editable import FormField

SAVE, PROPOSE, MORE = "save", "propose", "more"
LINK_PARTS = ("title", "url", "type")


@dataclass(frozen=True, slots=True)
class EditForm:
    """A posted form: which button, the version it was opened at, texts and marks by field.

    `take` names fields of which the other's value is taken, `drop` pointers whose overlays go.
    """

    act: str
    version: int
    typed: Mapping[str, str]
    seen: Mapping[str, str]
    take: frozenset[str]
    drop: tuple[str, ...]


def read_edit_form(fields: Sequence[FormField], given: MultiDict[str, str]) -> EditForm:
    """Return a posted form; a field it leaves out is not among its texts."""
    act = given.get("act", SAVE)
    version = given.get("version", "")
    if act not in (SAVE, PROPOSE, MORE) or not version.isdecimal() or len(version) > 15:  # noqa: PLR2004 no revision is longer
        message = "The form is not one of this page."
        raise InvalidInput(message, (Problem("version", "form", message, "Open it again."),))
    typed = {
        field.name: normalise(field, text)
        for field in fields
        if (text := _read_text(field, given)) is not None
    }
    seen = {field.name: given.get(f"seen.{field.name}", "") for field in fields}
    return EditForm(
        act,
        int(version),
        typed,
        seen,
        frozenset(given.getlist("take")),
        tuple(dict.fromkeys(given.getlist("drop"))),
    )


def _read_text(field: FormField, given: MultiDict[str, str]) -> str | None:
    if field.input == LINKS:
        columns = [given.getlist(f"{field.name}.{part}") for part in LINK_PARTS]
        if not any(columns):
            return None
        rows = zip(*columns, strict=False)
        return "\n".join(BETWEEN.join(_flatten(part) for part in row) for row in rows)
    if field.name not in given:
        return None
    if field.input in ONE_PER_ROW:
        return "\n".join(_flatten(row) for row in given.getlist(field.name))
    return given[field.name]


def _flatten(text: str) -> str:
    return " ".join(text.replace(BETWEEN, " ").split("\n")).strip()


class ChangeBody(BaseModel):
    """One field: its JSON Pointer, and its value or that it is to go."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(max_length=300)
    value: Any = None
    remove: bool = False

    def make_change(self) -> Change:
        """Return the change; raises InvalidInput for neither or both of value and removal."""
        if self.remove == ("value" in self.model_fields_set):
            message = f"`{self.pointer[:80]}` needs either a value or `remove`."
            problem = Problem(self.pointer[:80], "one", message, "Give one of the two.")
            raise InvalidInput("The body is not valid.", (problem,))
        return Change(self.pointer, self.value, is_removal=self.remove)


class ChangesBody(BaseModel):
    """Changes of an entity, and the version they were made from; without one, of any."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = None
    changes: list[ChangeBody] = Field(min_length=1, max_length=200)

    def list_changes(self) -> list[Change]:
        """Return the changes; raises InvalidInput."""
        return [each.make_change() for each in self.changes]


class NewEntityBody(BaseModel):
    """An entity as Backstage writes it."""

    model_config = ConfigDict(extra="allow")

    apiVersion: str  # noqa: N815 the format's own name
    kind: str
    metadata: dict[str, Any]
    spec: dict[str, Any] | None = None


class OverlayQuery(BaseModel):
    """Which overlays go, all without a pointer, and the version they were seen at."""

    model_config = ConfigDict(extra="forbid")

    pointer: tuple[str, ...] = ()
    version: int | None = None


class VersionQuery(BaseModel):
    """The version somebody saw."""

    model_config = ConfigDict(extra="forbid")

    version: int | None = None


class TakeAwayForm(BaseModel):
    """Which fields the file is to say again, at the version they were seen at."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    pointer: tuple[str, ...] = Field((), min_length=1)
    version: int


class RemoveForm(BaseModel):
    """Agreement to remove an entity at the version that was seen."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    version: int


class RegisterForm(BaseModel):
    """What the page for a new service asks for; all of it checked further on."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    csrf_token: str = ""
    name: str = Field("", max_length=200)
    owner: str = Field("", max_length=300)
    class_: str = Field("", alias="class", max_length=40)
    tier: str = Field("", max_length=10)
    lifecycle: str = Field("production", max_length=40)
    repository: str = Field("", max_length=400)
    system: str = Field("", max_length=300)
    description: str = Field("", max_length=2000)
    second: Literal["", "yes"] = ""


class OfferQuery(BaseModel):
    """Which kinds are offered in a field, and what was typed so far."""

    model_config = ConfigDict(extra="forbid")

    kind: tuple[str, ...] = ()
    default: str = Field("", max_length=63)
    q: str = Field("", max_length=200)


def write_changes_json(changes: Sequence[Change]) -> str:
    """Return changes as the API takes them."""
    return json.dumps(
        [
            {"pointer": c.pointer, "remove": True}
            if c.is_removal
            else {"pointer": c.pointer, "value": c.value}
            for c in changes
        ],
        ensure_ascii=False,
    )
