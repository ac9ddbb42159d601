"""What is asked about impact and findings, and what is stated about dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from portal.catalog.core.filters import normalise_value
from portal.catalog.core.impact import STATES
from portal.web.cursor import decode_cursor, encode_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping

Ref = Annotated[str, StringConstraints(max_length=600)]
State = Literal["breaks", "may_break", "degrades", "falls_behind"]
FindingKind = Literal["cycles", "tier_inversions", "shared_databases", "single_points", "unstated"]
Criticality = Literal["hard", "soft", "async"]
UNSTATED = "unstated"


class ImpactQuery(BaseModel):
    """Which side of an entity is asked about, which states, and which page."""

    model_config = ConfigDict(extra="forbid")

    direction: Literal["dependents", "dependencies"] = "dependents"
    state: tuple[State, ...] = ()
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def states(self) -> frozenset[int]:
        """Return the states asked for, all unless some are named."""
        return frozenset(STATES.index(name) for name in self.state or STATES[1:])

    @property
    def after(self) -> tuple[Any, ...] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else decode_cursor(self._scope, self.cursor)

    def next_cursor(self, key: tuple[Any, ...] | None) -> str | None:
        """Return the cursor of the page behind `key`."""
        return None if key is None else encode_cursor(self._scope, key)

    @property
    def _scope(self) -> str:
        return f"impact:{self.direction}:{','.join(sorted(self.state))}"


class FindingsQuery(BaseModel):
    """Which findings, of whom, and how many of each."""

    model_config = ConfigDict(extra="forbid")

    kind: tuple[FindingKind, ...] = ()
    owner: str | None = Field(None, max_length=600)
    limit: int = Field(25, ge=1, le=1000)

    @property
    def owner_ref(self) -> str | None:
        """Return the owner as a canonical reference."""
        return None if self.owner is None else normalise_value("owner", self.owner)


class DependenciesForm(BaseModel):
    """What is stated of each dependency on the page; `version` is what the page showed."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    version: int = Field(ge=0)
    ref: tuple[Ref, ...] = Field((), max_length=1000)
    criticality: tuple[Literal["hard", "soft", "async", "unstated"], ...] = Field(
        (), max_length=1000
    )

    @model_validator(mode="after")
    def _pair(self) -> DependenciesForm:
        if len(self.ref) != len(self.criticality):
            raise ValueError("each reference needs exactly one criticality")
        return self

    @property
    def stated(self) -> Mapping[str, str | None]:
        """Return what each reference is to be, None for nothing stated."""
        pairs = zip(self.ref, self.criticality, strict=True)
        return {ref: None if word == UNSTATED else word for ref, word in pairs}


class DependenciesBody(BaseModel):
    """What is to be stated of some dependencies; null takes a statement back."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=0)
    criticality: dict[Ref, Criticality | None] = Field(min_length=1, max_length=1000)
