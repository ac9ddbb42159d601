"""READMEs that lie beside descriptors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NAMES = ("README.md", "readme.md", "Readme.md", "README.markdown")
MOST_CHARACTERS = 300_000
RULE = "readme"


@dataclass(frozen=True, slots=True)
class Readme:
    """A README as read: the folder it describes, its path, the hash of its bytes, its text."""

    folder: str
    path: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class UnreadableReadme:
    """A README that is there and cannot be read: why, and what to do."""

    folder: str
    path: str
    reason: str
    fix: str


def describe_unreadable(source: str, readme: UnreadableReadme) -> dict[str, Any]:
    """Return what is wrong with a README, as a problem of its source."""
    return {
        "severity": "warning",
        "rule": RULE,
        "ref": None,
        "source": source,
        "file": readme.path,
        "document_number": 1,
        "line": 1,
        "path": "",
        "message": f"The README cannot be read: {readme.reason}",
        "fix": f"{readme.fix} Until then its tab keeps what was read before, if anything.",
    }


def folder_of(path: str) -> str:
    """Return the folder of a file of a source, empty for its top."""
    return path.rpartition("/")[0]
