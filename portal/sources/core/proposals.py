"""Changes that are proposed to whoever keeps a file: what its host is handed and gives back."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portal.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.catalog.core.document_fields import Change

OPEN, MERGED, CLOSED, UNKNOWN = "open", "merged", "closed", "unknown"
STATES = (OPEN, MERGED, CLOSED, UNKNOWN)
PREFIX = "plumbline/"
LONGEST_NAME, HASH_BYTES = 60, 5
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class FileNow:
    """A file at the head of a branch: `blob` names its bytes, `commit` the head.

    `last_commit` is the one that changed it last, where the host says so.
    """

    path: str
    raw: bytes = field(repr=False)
    blob: str
    commit: str
    branch: str
    last_commit: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as it is to be, on a branch of its own, and what is said of it."""

    was: FileNow
    raw: bytes = field(repr=False)
    branch: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A pull or merge request; `is_new` unless it was there before."""

    url: str
    number: int
    branch: str
    is_new: bool = True


def name_branch(ref: str, path: str, raw: bytes) -> str:
    """Return the branch a file as it is to be is proposed on: the same for the same wish."""
    digest = hashlib.blake2b(f"{ref}\0{path}\0".encode() + raw, digest_size=HASH_BYTES)
    name = re.sub(r"[^a-z0-9]+", "-", ref.partition("/")[2].lower()).strip("-")
    return f"{PREFIX}{name[:LONGEST_NAME] or 'entity'}-{digest.hexdigest()}"


def write_title(ref: str, changes: Sequence[Change]) -> str:
    """Return the one line a proposal is known by."""
    named = ", ".join(change.pointer.removeprefix("/") for change in changes[:MOST_NAMED])
    more = len(changes) - MOST_NAMED
    return f"Change {named}{f' and {more} more' if more > 0 else ''} of {ref}"[:200]


def write_body(ref: str, path: str, person: str, changes: Sequence[Change]) -> str:
    """Return what is said below the title; nothing in it may call other people."""
    fields = "\n".join(
        f"- {_quote(change.pointer)}{' is removed' if change.is_removal else ''}"
        for change in changes
    )
    return (
        f"{_quote(person)} proposes this in Plumbline for {_quote(ref)}, which is described in "
        f"{_quote(path)}:\n\n{fields}\n\nNothing else of the file is touched.\n"
    )


def _quote(text: str) -> str:
    return f"`{' '.join(text.replace('`', ' ').split())}`"


def explain_moved(name: str) -> Conflict:
    """Return what to say when a file changed while it was being proposed for."""
    return Conflict(
        f"The file was changed on {name} meanwhile, so nothing was proposed.",
        fix="Look at the change once more, as it is against the file of now.",
    )


def explain_taken(name: str, branch: str) -> Conflict:
    """Return what to say when somebody else works on the branch of a proposal."""
    return Conflict(
        f"On {name} there is a branch {branch} already, and the file is another one there.",
        fix="Merge or delete that branch first.",
    )
