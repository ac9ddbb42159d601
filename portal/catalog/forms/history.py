"""Query strings and forms of the history's pages to typed values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from portal.audit.core.filters import read_moment
from portal.catalog.core.changes import ChangeFilter
from portal.catalog.core.filters import expand_ref
from portal.errors import InvalidInput, Problem
from portal.web.cursor import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from datetime import datetime

NOW = "now"
ChangeWord = Literal[
    "created",
    "updated",
    "edited",
    "moved",
    "renamed",
    "removed",
    "restored",
    "retired",
    "brought_back",
]


class PastQuery(BaseModel):
    """A past time to look at something."""

    model_config = ConfigDict(extra="forbid")

    at: str | None = Field(None, max_length=40)


class PagedQuery(BaseModel):
    """A page of a list that is read from its end."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def before(self) -> int | None:
        """Return the number the page begins below; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else int(decode_cursor(self._scope, self.cursor)[0])

    def next_cursor(self, last: int | None) -> str | None:
        """Return the cursor of the page behind the one that ends with `last`."""
        return None if last is None else encode_cursor(self._scope, (last,))

    @property
    def _scope(self) -> str:
        return type(self).__name__


class HistoryQuery(PagedQuery):
    """A page of the history of one entity."""


class RemovedQuery(PagedQuery):
    """A page of what can be brought back."""


class DiffQuery(BaseModel):
    """Two states of an entity: after a revision each; `to` may be `now`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: int = Field(alias="from", ge=1, le=2**31 - 1)
    to: str = Field(NOW, pattern=r"^(now|[1-9][0-9]{0,8})$")

    @property
    def end(self) -> int | None:
        """Return the revision that leads to the second state, None for now."""
        return None if self.to == NOW else int(self.to)


class ChangesQuery(PagedQuery):
    """Which changes: those of a team and the teams below it, of a kind, a source, a time.

    With `each` those that one run made are listed one by one.
    """

    owner: str | None = Field(None, max_length=600)
    mine: Literal["yes"] | None = None
    change: ChangeWord | None = None
    source: str | None = Field(None, max_length=200)
    since: str | None = Field(None, max_length=40)
    until: str | None = Field(None, max_length=40)
    each: Literal["yes"] | None = None

    @field_validator("since", "until")
    @classmethod
    def _check_moment(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            read_moment(value, is_end=info.field_name == "until")
        return value

    @property
    def team(self) -> str | None:
        """Return the team that is asked for, as a reference."""
        return None if self.owner is None else expand_ref(self.owner, "group")

    def make_filter(self, owners: tuple[str, ...] | None) -> ChangeFilter:
        """Return what is asked for, of what `owners` own."""
        return ChangeFilter(
            owners,
            (self.change,) if self.change else (),
            self.source,
            None if self.since is None else read_moment(self.since),
            None if self.until is None else read_moment(self.until, is_end=True),
        )

    def list_given(self) -> dict[str, Any]:
        """Return the filters that were given, by name."""
        given = self.model_dump(exclude={"limit", "cursor"})
        return {name: value for name, value in given.items() if value}


class BringBackForm(BaseModel):
    """A button without fields."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""


class RenameForm(BaseModel):
    """A new name, and the version of the entity it is for."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    name: str = Field("", max_length=63)
    version: int | None = Field(None, ge=0)


class RenameBody(BaseModel):
    """A new name; with `version` only if the entity is still at it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=63)
    version: int | None = Field(None, ge=0)


def read_past(text: str, now: datetime) -> datetime:
    """Return a past moment as it is written; raises InvalidInput for the future, or for none."""
    try:
        found = read_moment(text)
    except ValueError as error:
        raise _refuse(f"`at`: {error}", "date-time") from None
    if found > now:
        raise _refuse("`at` lies in the future, of which nothing is known.", "past")
    return found


def _refuse(message: str, rule: str) -> InvalidInput:
    fix = "Give a time such as 2026-03-01T00:00Z, or a day, which stands for its beginning."
    return InvalidInput("The time is not valid.", (Problem("at", rule, message, fix),))
