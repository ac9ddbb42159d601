"""Paths within a source, as text: what a target in a file stands for, what a pattern matches."""

from __future__ import annotations

import os
import re
from functools import lru_cache

from portal.errors import InvalidInput

DESCRIPTORS = ("**/*.yaml", "**/*.yml", "**/*.json")
# What organisations are asked for by default: each file more is a call more to their API.
WELL_KNOWN = (
    "**/catalog-info.yaml",
    "**/catalog-info.yml",
    "**/opslevel.yml",
    "**/cortex.yaml",
    "**/cortex.yml",
    "**/*.datadog.yaml",
    "**/*.datadog.yml",
    "**/compass.yml",
)
SKIPPED_FOLDERS = frozenset((".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"))
PIECES = re.compile(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])")


class OutsideRoot(InvalidInput):
    """A path leads out of the source."""


def resolve_target(base: str, target: str) -> str:
    """Return the root-relative path of `target` written in file `base`; raises OutsideRoot."""
    if "://" in target or target.startswith(("/", "~", "\\")) or "\0" in target:
        raise OutsideRoot(
            f"{target} leads out of this source.",
            fix="Only files of the same source are read: write a relative path.",
        )
    joined = os.path.normpath(os.path.join(os.path.dirname(base), target))  # noqa: PTH118, PTH120 text, not files
    if joined.startswith(".."):
        raise OutsideRoot(
            f"{target} leads out of this source.", fix="Only files of the same source are read."
        )
    return joined


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Return a pattern for `*` (within a folder), `**` (any folders), `?` and `[…]`."""
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(
            known.get(part)
            or (part.replace("[!", "[^") if part.startswith("[") else re.escape(part))
            for part in PIECES.split(pattern)
        )
    )


def find_fixed(pattern: str) -> str:
    """Return the folder all matches of a pattern lie below; empty for the root."""
    return re.split(r"[*?\[]", pattern, maxsplit=1)[0].rpartition("/")[0]


def is_skipped(path: str) -> bool:
    """Whether a path lies in a folder that is never searched for descriptors."""
    return not SKIPPED_FOLDERS.isdisjoint(path.split("/")[:-1])
