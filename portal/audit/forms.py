"""Query strings of the trail's pages to typed values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from portal.audit.core.filters import EntryFilter, read_moment
from portal.audit.queries.entries import find_actors, find_subjects
from portal.web.cursor import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.audit.models import AuditEntry
    from portal.web.unit import Session

CURSOR = "audit"
LONGEST_WAIT_SECONDS = 30


class AuditQuery(BaseModel):
    """Filters and page of the trail, newest first.

    `actor` and `subject` take an id or a person's name, `action` the beginning of one. A subject
    that ends in `*` stands for all that begin so.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    actor: str = Field("", max_length=320)
    action: str = Field("", max_length=100)
    subject: str = Field("", max_length=400)
    from_: str = Field("", alias="from", max_length=40)
    to: str = Field("", max_length=40)
    outcome: Literal["done", "refused", "failed", ""] = ""
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000)

    @field_validator("from_", "to")
    @classmethod
    def _check_moment(cls, value: str, info: ValidationInfo) -> str:
        if value:
            read_moment(value, is_end=info.field_name == "to")
        return value

    def choose(self, session: Session) -> EntryFilter:
        """Return which entries are asked for; names become the persons they stand for."""
        return EntryFilter(
            actors=find_actors(session, self.actor.strip()) if self.actor else (),
            action=self.action.strip().lower(),
            subjects=find_subjects(session, self.subject.strip()) if self.subject else (),
            since=read_moment(self.from_) if self.from_ else None,
            until=read_moment(self.to, is_end=True) if self.to else None,
            outcome=self.outcome,
        )

    @property
    def before(self) -> int | None:
        """Return the id the page begins below; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else int(decode_cursor(CURSOR, self.cursor)[0])

    def cut(self, found: Sequence[AuditEntry]) -> tuple[Sequence[AuditEntry], str | None]:
        """Return one page of `found`, which may hold one row more, and the cursor behind it."""
        shown = found[: self.limit]
        if len(found) == len(shown):
            return shown, None
        return shown, encode_cursor(CURSOR, (shown[-1].id,))

    def list_given(self) -> dict[str, Any]:
        """Return the filters that were given, by name."""
        given = self.model_dump(by_alias=True, exclude={"limit", "cursor", "format"})
        return {name: value for name, value in given.items() if value}


class AuditExportQuery(AuditQuery):
    """What an export takes: the page's query, so that its address can be handed on."""

    format: Literal["csv", "json"] = "csv"


class StreamQuery(BaseModel):
    """Where a stream goes on, and how long it stays open for what is sealed meanwhile."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(0, ge=0, le=2**31 - 1)
    wait: int = Field(0, ge=0, le=LONGEST_WAIT_SECONDS)
