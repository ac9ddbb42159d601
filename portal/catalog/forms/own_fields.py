"""What admins and programs state about an own field, from a form or as JSON."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from portal.catalog.core.own_fields import Choice, OwnField, Required

Text = Annotated[str, Field(max_length=600), AfterValidator(str.strip)]


def _straighten(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _lower(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip().lower() for value in values))


def _split(value: Any) -> Any:
    """Return the entries of a form's field, which come as one text or as several."""
    parts = (value,) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return value
    return tuple(word for part in parts for word in part.replace(",", " ").split())


def _read_choices(value: Any) -> Any:
    """Return the choices of a form's field: one on each line, `value = what people read`."""
    lines = (value,) if isinstance(value, str) else value
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        return value
    pairs = [line.partition("=") for text in lines for line in text.splitlines() if line.strip()]
    return tuple({"value": one.strip(), "label": other.strip()} for one, _, other in pairs)


Words = Annotated[
    tuple[Annotated[str, Field(max_length=100)], ...],
    Field(max_length=100),
    AfterValidator(_lower),
]
FormWords = Annotated[Words, BeforeValidator(_split)]


class ChoiceBody(BaseModel):
    """A value to choose, and what people read for it where that differs."""

    model_config = ConfigDict(extra="forbid")

    value: Text
    label: Text = ""


class RequiredBody(BaseModel):
    """Who must fill it: whoever fits every list that is not empty."""

    model_config = ConfigDict(extra="forbid")

    kinds: Words = ()
    classes: Words = ()
    tiers: tuple[int, ...] = Field((), max_length=4)


class FieldBody(BaseModel):
    """An own field but its key."""

    model_config = ConfigDict(extra="forbid")

    title: Text = ""
    help: Annotated[str, Field(max_length=2000), AfterValidator(_straighten)] = ""
    type: Literal["text", "choice", "choices", "number", "boolean", "date", "url", "ref"] = "text"
    choices: tuple[ChoiceBody, ...] = Field((), max_length=200)
    location: Literal["spec", "annotation"] = "spec"
    path: Text = ""
    kinds: Words = ()
    classes: Words = ()
    required_for: RequiredBody | None = None
    is_facet: bool = True
    is_column: bool = False

    def make_field(self, key: str) -> OwnField:
        """Return what is stated."""
        asked = self.required_for
        return OwnField(
            key=key,
            title=self.title,
            help=self.help,
            type=self.type,
            location=self.location,
            path=self.path,
            choices=tuple(Choice(each.value, each.label) for each in self.choices),
            kinds=self.kinds,
            classes=self.classes,
            required=None if asked is None else Required(asked.kinds, asked.classes, asked.tiers),
            is_facet=self.is_facet,
            is_column=self.is_column,
        )


class NewFieldBody(FieldBody):
    """A new own field: its key as well, which stays."""

    key: Text


class ChangedFieldBody(FieldBody):
    """A changed own field; `version` is the one that was looked at.

    With `position` it also moves there, 1 for the first.
    """

    position: int | None = Field(None, ge=1, le=50)
    version: int


class FieldForm(BaseModel):
    """An own field as the page states it; a box that is not ticked is not sent."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    key: Text = ""
    title: Text = ""
    help: Annotated[str, Field(max_length=2000), AfterValidator(_straighten)] = ""
    type: str = Field("text", max_length=20)
    choices: Annotated[tuple[ChoiceBody, ...], BeforeValidator(_read_choices)] = ()
    location: str = Field("spec", max_length=20)
    path: Text = ""
    kinds: FormWords = ()
    classes: FormWords = ()
    is_required: bool = False
    required_kinds: FormWords = ()
    required_classes: FormWords = ()
    required_tiers: tuple[int, ...] = ()
    is_facet: bool = False
    is_column: bool = False
    version: int = 1

    def make_field(self, key: str = "") -> OwnField:
        """Return what is stated, under `key` where it has one already."""
        asked = Required(self.required_kinds, self.required_classes, self.required_tiers)
        return OwnField(
            key=key or self.key,
            title=self.title,
            help=self.help,
            type=self.type,
            location=self.location,
            path=self.path,
            choices=tuple(Choice(each.value, each.label) for each in self.choices),
            kinds=self.kinds,
            classes=self.classes,
            required=asked if self.is_required else None,
            is_facet=self.is_facet,
            is_column=self.is_column,
        )


class VersionForm(BaseModel):
    """A button that changes an own field; `version` is what whoever presses it looked at."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    version: int


class MoveForm(BaseModel):
    """A button that moves an own field to another place in the order."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    position: int = Field(ge=1, le=50)


class VersionQuery(BaseModel):
    """The version of an own field that was looked at."""

    model_config = ConfigDict(extra="forbid")

    version: int
