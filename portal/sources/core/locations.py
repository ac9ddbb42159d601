"""Targets of a Location: which files of the same source it adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Target:
    """A target as written; `is_optional` when its absence is no error; `path` is its JSON path."""

    text: str
    path: str
    is_optional: bool

    @property
    def is_remote(self) -> bool:
        """Whether it is an address outside any folder."""
        return "://" in self.text or self.text.startswith("url:")

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several files."""
        return bool(GLOB & set(self.text))


def list_targets(entity: Mapping[str, Any]) -> list[Target]:
    """Return the targets of a checked Location, in order."""
    spec = entity.get("spec") or {}
    is_optional = spec.get("presence") == "optional"
    found = []
    if isinstance(spec.get("target"), str):
        found.append(Target(spec["target"].strip(), "spec.target", is_optional))
    found += [
        Target(text.strip(), f"spec.targets[{index}]", is_optional)
        for index, text in enumerate(spec.get("targets") or ())
    ]
    return found
