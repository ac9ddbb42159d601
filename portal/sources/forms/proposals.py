"""What is asked of proposed changes."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from portal.catalog.core.document_fields import Change


class ChangeBody(BaseModel):
    """A field of the file: what it is to hold, or that it goes."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(max_length=300)
    value: Any = None
    remove: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.remove == ("value" in self.model_fields_set):
            raise ValueError("give either a value or `remove`")
        return self

    def make_change(self) -> Change:
        """Return the change."""
        return Change(self.pointer, self.value, is_removal=self.remove)


class ProposalBody(BaseModel):
    """A change of an entity's file; `base` is that of the preview it was agreed to with."""

    model_config = ConfigDict(extra="forbid")

    changes: list[ChangeBody] = Field(min_length=1, max_length=100)
    dry_run: bool = False
    base: str = Field("", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")

    def make_changes(self) -> list[Change]:
        """Return the changes in order."""
        return [each.make_change() for each in self.changes]


class ProposeForm(BaseModel):
    """Changes of an entity's file as a page carries them along; `base` once they were looked at."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    version: int | None = None
    changes: str = Field(max_length=2_000_000)
    base: str = Field("", pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})?$")
