"""Query strings of the catalog's lists to typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from portal.catalog.core.facets import FILTERS
from portal.catalog.core.filters import EntityFilter, normalise_value
from portal.catalog.core.own_fields import OwnField
from portal.catalog.core.own_values import normalise
from portal.errors import InvalidInput, Problem
from portal.web.cursor import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from portal.catalog.core.filters import Page

Chosen = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=600)], ...], Field(max_length=100)
]
ColumnName = Literal[
    "kind",
    "type",
    "class",
    "owner",
    "system",
    "domain",
    "lifecycle",
    "tier",
    "tags",
    "namespace",
    "problems",
    "source",
    "updated",
]
Direction = Literal["both", "dependencies", "dependents"]
FacetName = Literal[
    "kind",
    "tier",
    "owner",
    "lifecycle",
    "class",
    "system",
    "domain",
    "tag",
    "namespace",
    "problems",
]


class EntityFilterQuery(BaseModel):
    """Which entities; a filter given twice takes either value, `-` what has none.

    `extend_form` adds a filter for each contributed mark and each own field.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    mark_names: ClassVar[tuple[str, ...]] = ()
    own_fields: ClassVar[Mapping[str, OwnField]] = MappingProxyType({})

    kind: Chosen = ()
    type: Chosen = ()
    owner: Chosen = ()
    lifecycle: Chosen = ()
    class_: Chosen = Field((), alias="class")
    tier: Chosen = ()
    system: Chosen = ()
    domain: Chosen = ()
    tag: Chosen = ()
    namespace: Chosen = ()
    source: Chosen = ()
    problems: tuple[Literal["yes"], ...] = ()
    mine: tuple[Literal["yes"], ...] = ()
    starred: tuple[Literal["yes"], ...] = ()
    ephemeral: tuple[Literal["yes"], ...] = ()
    q: str | None = Field(None, max_length=200)
    limit: int = Field(25, ge=1, le=200)

    @property
    def personal(self) -> tuple[bool, bool]:
        """Whether what the visitor's teams own is asked for, and what they starred."""
        return bool(self.mine), bool(self.starred)

    @property
    def wanted(self) -> EntityFilter:
        """Return the filters."""
        own = (f"own_{declared.key}" for declared in self.own_fields.values())
        names = {*FILTERS, "class_", *self.mark_names, *own}
        given = self.model_dump(by_alias=True, include=names)
        chosen = {
            name: tuple(dict.fromkeys(self.normalise(name, value) for value in values))
            for name, values in given.items()
            if values
        }
        return EntityFilter(chosen, q=self.q, ephemeral=bool(self.ephemeral))

    def normalise(self, name: str, value: str) -> str:
        """Return a filter's value as it is stored."""
        declared = self.own_fields.get(name)
        return normalise_value(name, value) if declared is None else normalise(declared, value)


class EntityListQuery(EntityFilterQuery):
    """Filters, order and page of a list of entities."""

    sort: str | None = Field(None, pattern="^-?[a-z0-9_.]{1,63}$")
    cursor: str | None = Field(None, max_length=4000)

    @property
    def after(self) -> tuple[Any, ...] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else decode_cursor(self._scope, self.cursor)

    def next_cursor(self, page: Page) -> str | None:
        """Return the cursor of the page after `page`."""
        return None if page.next_key is None else encode_cursor(self._scope, page.next_key)

    @property
    def _scope(self) -> str:
        return f"list:{self.sort}:{self.q}"


class CatalogQuery(EntityListQuery):
    """What the catalog's page takes: a list's query, what is shown of it, and how."""

    view: Literal["services", "everything"] | None = None
    columns: tuple[ColumnName, ...] = ()
    more: FacetName | None = None

    @property
    def is_running(self) -> bool:
        """Whether only what runs is listed: until a kind or class is chosen, or a question asked.

        A kind or class leaves the services whatever the view; a question does without one.
        """
        if self.kind or self.class_:
            return False
        return self.view == "services" if self.view is not None else not self.q

    @property
    def wanted(self) -> EntityFilter:
        """Return the filters, what runs included."""
        return replace(super().wanted, only_running=self.is_running)


class ExportQuery(CatalogQuery):
    """What an export takes: the page's query, so that its address can be handed on."""

    format: Literal["csv", "json"] = "csv"

    def list_given(self) -> dict[str, Any]:
        """Return what narrows the export, as the audit trail keeps it.

        Of a question only that there was one: people type names and keys there.
        """
        found: dict[str, Any] = {
            name: list(values) for name, values in self.wanted.chosen.items() if values
        }
        mine, starred = self.personal
        asked = (("mine", mine), ("starred", starred), ("question", bool(self.q)))
        found["view"] = "services" if self.is_running else "everything"
        return {**found, **{name: True for name, is_asked in asked if is_asked}}


class FacetQuery(EntityFilterQuery):
    """A list's filters and the facets to count; without `facet` all of them."""

    facet: tuple[FacetName, ...] = ()


class SearchQuery(BaseModel):
    """A question, as typed so far."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=200)


class ProblemListQuery(BaseModel):
    """Filters and page of the list of problems."""

    model_config = ConfigDict(extra="forbid")

    severity: Literal["error", "warning"] | None = None
    source: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def after(self) -> tuple[Any, ...] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else decode_cursor("problems", self.cursor)

    def next_cursor(self, page: Page) -> str | None:
        """Return the cursor of the page after `page`."""
        return None if page.next_key is None else encode_cursor("problems", page.next_key)


class ShowQuery(BaseModel):
    """Which part of an entity's page is asked for."""

    model_config = ConfigDict(extra="forbid")

    tab: str = Field("overview", pattern="^[a-z_]{1,40}$")
    at: str | None = Field(None, max_length=40)
    depth: Literal[1, 2, 3] | None = None
    direction: Direction = "both"

    @field_validator("depth", mode="before")
    @classmethod
    def _read_depth(cls, value: Any) -> Any:
        return int(value) if isinstance(value, str) and value in ("1", "2", "3") else value


class StarForm(BaseModel):
    """Whether to star an entity, and the page to come back to."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    wanted: Literal["yes", "no"]
    back: str | None = Field(None, max_length=2000)


class GraphQuery(BaseModel):
    """How far a graph reaches, and to which side."""

    model_config = ConfigDict(extra="forbid")

    depth: int = Field(2, ge=1, le=3)
    direction: Direction = "both"


def make_ref(kind: str, namespace: str, name: str) -> str:
    """Return the canonical reference of a URL's parts; raises InvalidInput when too long."""
    ref = f"{kind}:{namespace}/{name}".lower()
    if len(ref) > 600:  # noqa: PLR2004 the number says it best here
        raise InvalidInput(
            "The name is too long.",
            (Problem("name", "length", "A reference has at most 600 characters.", "Shorten it."),),
        )
    return ref
