"""Query strings of the catalog's lists to typed values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portal.catalog.core.filters import EntityFilter
from portal.errors import InvalidInput, Problem
from portal.web.cursor import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from portal.catalog.core.filters import Page


class EntityListQuery(BaseModel):
    """Filters, order and page of a list of entities."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = Field(None, max_length=63)
    type: str | None = Field(None, max_length=200)
    owner: str | None = Field(None, max_length=600)
    lifecycle: str | None = Field(None, max_length=200)
    system: str | None = Field(None, max_length=600)
    tag: str | None = Field(None, max_length=63)
    q: str | None = Field(None, max_length=200)
    sort: Literal["name", "-name", "updated", "-updated"] = "name"
    limit: int = Field(25, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def wanted(self) -> EntityFilter:
        """Return the filters."""
        return EntityFilter(
            self.kind, self.type, self.owner, self.lifecycle, self.system, self.tag, self.q
        )

    @property
    def after(self) -> tuple[Any, ...] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        if self.cursor is None:
            return None
        key = decode_cursor(f"entities:{self.sort}", self.cursor)
        return (datetime.fromisoformat(key[0]), key[1]) if "updated" in self.sort else key

    def next_cursor(self, page: Page) -> str | None:
        """Return the cursor of the page after `page`."""
        if page.next_key is None:
            return None
        first, last = page.next_key
        first = first.isoformat() if isinstance(first, datetime) else first
        return encode_cursor(f"entities:{self.sort}", (first, last))


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

    tab: Literal["overview", "relations", "raw"] = "overview"


def make_ref(kind: str, namespace: str, name: str) -> str:
    """Return the canonical reference of a URL's parts; raises InvalidInput when too long."""
    ref = f"{kind}:{namespace}/{name}".lower()
    if len(ref) > 600:  # noqa: PLR2004 the number says it best here
        raise InvalidInput(
            "The name is too long.",
            (Problem("name", "length", "A reference has at most 600 characters.", "Shorten it."),),
        )
    return ref
