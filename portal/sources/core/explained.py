"""An explanation: steps in order, the first that stops something first in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

OK, STOPPED, UNKNOWN = "ok", "stopped", "unknown"
ASKED, NAMED, SOURCE, REPOSITORY, READ, BRANCH, PATH, FILE, DOCUMENT, CATALOG = STAGES = (
    "asked",
    "named",
    "source",
    "repository",
    "read",
    "branch",
    "path",
    "file",
    "document",
    "catalog",
)
HERE, PARTLY, NOT_HERE, UNSURE = "here", "partly", "not_here", "unknown"
COMMIT_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `words` say what is so, `fix` what to do, `at` since when or when.

    `source_id`, `source`, `file`, `line`, `ref` name what it is about, `url` the file at its
    host. `is_here` is set where something is in the catalog.
    """

    stage: str
    status: str
    words: str
    fix: str = ""
    at: datetime | None = None
    source_id: int | None = None
    source: str = ""
    file: str = ""
    line: int | None = None
    ref: str = ""
    url: str = ""
    is_here: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the step as the API and the command write it."""
        return {**asdict(self), "at": self.at and self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether something is here, in one word and one sentence, and how that comes about."""

    asked: str
    answer: str
    headline: str
    steps: tuple[Step, ...]
    nearest: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as the API and the command write it."""
        return {
            "asked": self.asked,
            "answer": self.answer,
            "headline": self.headline,
            "steps": [step.as_json() for step in self.steps],
            "nearest": list(self.nearest),
        }


def conclude(asked: str, steps: Sequence[Step], nearest: Sequence[str] = ()) -> Explanation:
    """Return the explanation that some steps add up to."""
    stopped = [step for step in steps if step.status == STOPPED]
    present = [step for step in steps if step.is_here]
    if stopped and stopped[0].stage == ASKED:
        answer = UNSURE
    elif stopped:
        answer = PARTLY if present else NOT_HERE
    else:
        answer = HERE if present else UNSURE
    return Explanation(
        asked, answer, _find_headline(steps, stopped, present), tuple(steps), tuple(nearest)
    )


def _find_headline(steps: Sequence[Step], stopped: Sequence[Step], present: Sequence[Step]) -> str:
    if stopped:
        return stopped[0].words
    if len(present) > 1:
        return f"All is in the catalog: {len(present)} entities."
    if present:
        return present[0].words
    unsure = [step for step in steps if step.status == UNKNOWN]
    return (unsure or list(steps))[0].words


def say_time(moment: datetime) -> str:
    """Return a moment as people read it."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def say_version(version: str) -> str:
    """Return a version as people read it: of a commit its first letters."""
    return version[:7] if len(version) == COMMIT_DIGITS else version[:16]


def count(number: int, one: str, many: str) -> str:
    """Return a number with the word that fits it."""
    return f"{number:,} {one if number == 1 else many}"
