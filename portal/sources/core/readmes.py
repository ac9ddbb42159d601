"""READMEs that lie beside descriptors."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = ("README.md", "readme.md", "Readme.md", "README.markdown")
MOST_CHARACTERS = 300_000


@dataclass(frozen=True, slots=True)
class Readme:
    """A README as read: the folder it describes, its path, the hash of its bytes, its text."""

    folder: str
    path: str
    digest: str
    text: str


def folder_of(path: str) -> str:
    """Return the folder of a file of a source, empty for its top."""
    return path.rpartition("/")[0]
