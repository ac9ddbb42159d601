"""What is told about a translation: fields that were dropped or changed, and what stops it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import Finding, show
from portal.sources.core.foreign.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str | int, ...]
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
UNKNOWN = "It is no field that the product documents."


def write_path(path: Path) -> str:
    """Return a path as JSON path: `$.a.b[0]['c d']`."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif PLAIN_KEY.fullmatch(step):
            parts.append(f".{step}")
        else:
            parts.append(f"['{step}']")
    return "".join(parts)


def find_line(path: Path, lines: Mapping[str, int], first: int) -> int:
    """Return the line of a path, or of the nearest thing above it that is there."""
    for length in range(len(path), 0, -1):
        key = "".join(
            f"[{step}]" if isinstance(step, int) else f".{step}" for step in path[:length]
        )
        line = lines.get(key.removeprefix("."))
        if line is not None:
            return line
    return first


@dataclass(frozen=True, slots=True)
class Drop:
    """A value that has no place in the catalog, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 the word of the reports
    """Something that was changed, assumed or left out: a rule, where, and what exactly."""

    rule: str
    path: Path
    detail: str = ""


class Refusal(Exception):  # noqa: N818 reads as what happened
    """The document cannot become an entity; `rule` and `path` say why."""

    def __init__(self, rule: str, path: Path, message: str, fix: str) -> None:
        super().__init__(message)
        self.rule, self.path, self.message, self.fix = rule, path, message, fix


class NoEntity(Exception):  # noqa: N818 reads as what happened
    """The document belongs to the product and describes nothing the catalog keeps."""


@dataclass(slots=True)
class Notes:
    """Gathers what is said about one document."""

    drops: list[Drop] = field(default_factory=list)
    warnings: list[Warning] = field(default_factory=list)

    def drop(self, path: Path, reason: str) -> None:
        """Note that the value at `path` is left out."""
        self.drops.append(Drop(path, reason))

    def warn(self, rule: str, path: Path, detail: str = "") -> None:
        """Note something a reader should know; `rule` is one of RULES."""
        self.warnings.append(Warning(rule, path, detail))

    def drop_as(self, rule: str, path: Path, detail: str = "", at: Path | None = None) -> None:
        """Leave out the value at `path` for the reason a rule names; `at` is where it shows."""
        self.drop(path, RULES[rule].message.format(detail=detail).strip())
        self.warn(rule, path if at is None else at, detail)

    def as_text(self, value: Any, path: Path, *, is_quiet: bool = False) -> str | None:
        """Return a value as text; what is neither text, number nor boolean is dropped."""
        if isinstance(value, str):
            return None if is_absent(value) else value
        if isinstance(value, bool | int | float):
            text = write_scalar(value)
            if not is_quiet:
                self.warn("scalar-converted", path, text)
            return text
        if not is_absent(value):
            self.drop_as("wrong-type", path, show(value))
        return None


def is_absent(value: Any) -> bool:
    """Whether a value says nothing: null, empty or blank text, an empty list or map."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def write_scalar(value: Any) -> str:
    """Return a number or boolean as the text YAML writes for it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def explain(warning: Warning) -> Finding:
    """Return a warning as it is shown to people."""
    rule = RULES[warning.rule]
    path = write_path(warning.path)
    message = f"`{path}`: {rule.message.format(detail=warning.detail)}"
    return Finding(path, warning.rule, message, rule.fix)


def explain_drop(drop: Drop, product: str) -> Finding:
    """Return a dropped value as it is shown to people."""
    path = write_path(drop.path)
    return Finding(
        path, "dropped", f"`{path}` of the {product} file is not kept: {drop.reason}", DROP_FIX
    )


DROP_FIX = "Nothing to do if you do not miss it; the file itself stays as it is."
