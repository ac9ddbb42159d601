"""Query strings of team pages."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TeamListQuery(BaseModel):
    """Part of a team's name."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=200)


class TeamQuery(BaseModel):
    """Whether only what the team owns itself is listed, or also what the teams below it own."""

    model_config = ConfigDict(extra="forbid")

    reach: Literal["own", "all"] = "own"
    cursor: str | None = Field(None, max_length=4000)
