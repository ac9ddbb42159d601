"""What somebody says who retires a service, and which page of the archive is asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from portal.web.cursor import decode_cursor, encode_cursor

SCOPE = "retired"


class RetireBody(BaseModel):
    """Why, and whether what still stands on it does not matter.

    `version` is the one that was looked at; without it a thing is retired whatever it is at.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field("", max_length=2000)
    version: int | None = None
    despite_dependents: bool = False


class RetireForm(RetireBody):
    """The same as a page sends it."""

    csrf_token: str = ""


class RetiredQuery(BaseModel):
    """A page of what was retired."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def before(self) -> tuple[datetime, str] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        if self.cursor is None:
            return None
        at, ref = decode_cursor(SCOPE, self.cursor)
        return datetime.fromisoformat(at), str(ref)

    def cut(self, found: Any) -> tuple[list[Any], str | None]:
        """Return the rows of this page out of one more than it has, and the next one's cursor."""
        shown = list(found[: self.limit])
        if len(found) <= self.limit:
            return shown, None
        last = shown[-1]
        return shown, encode_cursor(SCOPE, (last.retired_at.isoformat(), last.ref))
