"""Query strings of the runs to typed values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portal.web.cursor import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.infra.work import JobRun

CURSOR = "job_runs"


class RunsQuery(BaseModel):
    """Filters and page of the runs, newest first."""

    model_config = ConfigDict(extra="forbid")

    topic: str = Field("", max_length=100)
    outcome: Literal["running", "done", "failed", "lost", ""] = ""
    limit: int = Field(25, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def before(self) -> int | None:
        """Return the id the page begins below; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else int(decode_cursor(CURSOR, self.cursor)[0])

    def cut(self, found: Sequence[JobRun]) -> tuple[Sequence[JobRun], str | None]:
        """Return one page of `found`, which may hold one run more, and the cursor behind it."""
        shown = found[: self.limit]
        if len(found) == len(shown):
            return shown, None
        return shown, encode_cursor(CURSOR, (shown[-1].id,))

    def list_given(self) -> dict[str, Any]:
        """Return the filters that were given, by name."""
        given = self.model_dump(exclude={"limit", "cursor"})
        return {name: value for name, value in given.items() if value}


class AskForm(BaseModel):
    """A form that is one button."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
