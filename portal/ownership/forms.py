"""Query strings, forms and bodies of pages and JSON about teams and ownership."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from portal.ownership.core.handovers import LONGEST_NOTE
from portal.ownership.core.naming import parse_team
from portal.ownership.core.plans import Wish

Ref = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Note = Annotated[str, StringConstraints(max_length=LONGEST_NOTE, strip_whitespace=True)]
MOST = 500
MOST_PARTS = 2_000
SEAL = 40


def _read_team(value: object) -> object:
    """Return a team's reference; nothing stays nothing."""
    return parse_team(value) if isinstance(value, str) and value.strip() else value or None


def _split_teams(value: object) -> object:
    """Return the teams between commas or on lines of their own, each once."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple):
        return value
    parts = [part for text in texts for part in str(text).replace("\n", ",").split(",")]
    return tuple(dict.fromkeys(parse_team(part) for part in parts if part.strip()))


Team = Annotated[str | None, BeforeValidator(_read_team)]
Teams = Annotated[tuple[str, ...], BeforeValidator(_split_teams), Field(max_length=100)]


class TeamListQuery(BaseModel):
    """Part of a team's name."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=200)


class TeamQuery(BaseModel):
    """Whether only what the team owns itself is listed, or also what the teams below it own."""

    model_config = ConfigDict(extra="forbid")

    reach: Literal["own", "all"] = "own"
    cursor: str | None = Field(None, max_length=4000)


class ConfirmQuery(BaseModel):
    """Of which teams, and whether all they own or only what waits to be confirmed."""

    model_config = ConfigDict(extra="forbid")

    reach: Literal["own", "all"] = "own"
    which: Literal["due", "all"] = "due"


class ConfirmForm(ConfirmQuery):
    """What is confirmed: each entry as `SEAL:REFERENCE`, as it was looked at."""

    csrf_token: str = ""
    entry: Annotated[tuple[str, ...], Field(max_length=MOST)] = ()

    def read_seen(self) -> dict[str, str]:
        """Return the seal of what was looked at, by reference."""
        return {ref: seal for seal, _, ref in (text.partition(":") for text in self.entry) if ref}


class SeenEntry(BaseModel):
    """An entity and the seal of what was looked at."""

    model_config = ConfigDict(extra="forbid")

    ref: Ref
    seal: str = Field(max_length=SEAL)


class ConfirmBody(BaseModel):
    """Entities to confirm, each with the seal that reading them gave."""

    model_config = ConfigDict(extra="forbid")

    entries: list[SeenEntry] = Field(min_length=1, max_length=MOST)


class HandoverBody(BaseModel):
    """To whom an entity is offered; no `receiver` where nobody knows whose it is."""

    model_config = ConfigDict(extra="forbid")

    receiver: Team = None
    note: Note = ""


class HandoverForm(HandoverBody):
    """The form of an offer: a team, or the tick that nobody knows."""

    csrf_token: str = ""
    unknown: Literal["", "1"] = ""


class AnswerBody(BaseModel):
    """A word to go with an answer; `team` is where an admin says whose it is."""

    model_config = ConfigDict(extra="forbid")

    word: Note = ""
    team: Team = None


class AnswerForm(AnswerBody):
    """The form of an answer; `back` is the team whose page it was given on."""

    csrf_token: str = ""
    back: Team = None


class OffersQuery(BaseModel):
    """Which hand-overs, from the one before `before` on."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["", "pending", "accepted", "declined", "withdrawn"] = ""
    before: int | None = Field(None, ge=1, le=2**31 - 1)


class GoneQuery(BaseModel):
    """Of which owner that is gone, or below which team it stood."""

    model_config = ConfigDict(extra="forbid")

    team: Team = None
    parent: Team = None


class AdoptBody(BaseModel):
    """What is taken over from an owner that is gone; an admin may say by which team."""

    model_config = ConfigDict(extra="forbid")

    refs: list[Ref] = Field(min_length=1, max_length=MOST)
    team: Team = None


class AdoptForm(BaseModel):
    """The form of the same."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    ref: Annotated[tuple[Ref, ...], Field(max_length=MOST, min_length=1)]
    team: Team = None


class ReorganiseQuery(BaseModel):
    """Which form, filled with which team."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["rename", "merge", "split", "close"] = "rename"
    team: Team = None


class WishBody(BaseModel):
    """What is to become of teams. `entities` and `people` are what a split takes along.

    `seal` is that of the preview; without it nothing is carried out.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["rename", "merge", "split", "close"]
    teams: Teams
    target: Annotated[str, BeforeValidator(_read_team)]
    title: str = Field("", max_length=200)
    entities: Annotated[tuple[Ref, ...], Field(max_length=MOST_PARTS)] = ()
    people: Annotated[tuple[Ref, ...], Field(max_length=MOST_PARTS)] = ()
    seal: str = Field("", max_length=SEAL)

    def make_wish(self) -> Wish:
        """Return it as plans are made from."""
        return Wish(
            self.kind,
            self.teams,
            self.target,
            self.title.strip(),
            tuple(sorted(set(self.entities))),
            tuple(sorted(set(self.people))),
        )


class WishForm(WishBody):
    """The form of the same."""

    csrf_token: str = ""


class EmptyForm(BaseModel):
    """A form that is one button."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
