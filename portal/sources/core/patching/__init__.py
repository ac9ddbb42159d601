"""Changes values of one document of a descriptor and leaves every other byte of the file alone.

Not by writing the document anew, which loses quotes, blanks and line breaks, but by edits where
the values stand; what comes out is read once more and has to be exactly what was asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.core.yaml_text.documents import Document, NotText, read_documents
from portal.sources.core.patching.changes import (
    MOST_CHANGES,
    CannotPatch,
    apply_change,
    is_same,
    parse_pointer,
    plan_steps,
)
from portal.sources.core.patching.diffs import make_diff
from portal.sources.core.patching.editing import Edit, Page, check_whole, edit
from portal.sources.core.patching.nodes import NoPlaces, is_json_text, read_nodes
from portal.sources.core.patching.writing import find_style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.catalog.core.document_fields import Change

__all__ = ["CannotPatch", "Patched", "patch_text"]
MARK = "\ufeff"
# Every step reads the document anew.
MOST_CHARACTERS, MOST_WORK = 1_000_000, 5_000_000
BY_HAND = "Edit the file by hand."


@dataclass(frozen=True, slots=True)
class Patched:
    """A file with one document changed: its text, that document's value, the difference."""

    text: str
    value: Any
    diff: str


class _File:
    """The text of a file, edited by places that count every line ending as one character."""

    def __init__(self, text: str) -> None:
        self.mark = MARK if text.startswith(MARK) else ""
        self.text = text.removeprefix(MARK)

    @property
    def plain(self) -> str:
        return self.text.replace("\r\n", "\n")

    def change(self, found: Edit, offset: int) -> None:
        start, end = found.start + offset, found.end + offset
        longer = [place for place, line in enumerate(self._list_endings()) if line == "\r\n"]
        ends = [place for place, letter in enumerate(self.plain) if letter == "\n"]
        places = [ends[number] for number in longer]
        first, last = start + bisect_left(places, start), end + bisect_left(places, end)
        number = min(bisect_left(ends, start), len(ends) - 1)
        written = found.text
        if places and ends[number] in places:
            written = written.replace("\n", "\r\n")
        self.text = self.text[:first] + written + self.text[last:]

    def _list_endings(self) -> list[str]:
        lines = self.text.split("\n")
        return ["\r\n" if line.endswith("\r") else "\n" for line in lines[:-1]]


def patch_text(
    text: str, number: int, changes: Sequence[Change], *, path: str = "catalog-info.yaml"
) -> Patched:
    """Return a file's text with `changes` made to its document of that number.

    Raises CannotPatch where they cannot be made without touching what they are not about.
    """
    if not 0 < len(changes) <= MOST_CHANGES:
        raise CannotPatch("", "changes", f"Between 1 and {MOST_CHANGES} changes are made at once.")
    file = _File(text)
    before = _read(file.plain)
    document = _pick(before, number)
    _change_document(file, document, changes)
    wanted = document.value
    for change in changes:
        wanted = apply_change(wanted, change)
    _check(before, _read(file.plain), number, wanted)
    after = file.mark + file.text
    return Patched(after, wanted, make_diff(path, text, after))


def _read(text: str) -> list[Document]:
    try:
        return list(read_documents(text))
    except NotText as error:
        raise CannotPatch("", "unreadable", f"The file cannot be read: {error}.", BY_HAND) from None


def _pick(documents: Sequence[Document], number: int) -> Document:
    if not 0 < number <= len(documents):
        raise CannotPatch(
            "", "pointer", f"The file has no document {number}.", "Have its source read again."
        )
    document = documents[number - 1]
    if document.error is not None or not isinstance(document.value, dict):
        raise CannotPatch(
            "", "unreadable", "This document of the file cannot be read now.", "Correct it first."
        )
    if len(document.text) > MOST_CHARACTERS:
        raise CannotPatch("", "size", "This document is too large to be changed here.", BY_HAND)
    if "\r" in document.text:
        raise CannotPatch("", "line-endings", "The file has line endings of old Macs.", BY_HAND)
    return document


def _change_document(file: _File, document: Document, changes: Sequence[Change]) -> None:
    """Make the changes one after the other, each in as many steps as it takes."""
    text, value, offset = document.text, document.value, document.position
    is_json, work = is_json_text(document.text), 0
    for change in changes:
        depth = len(parse_pointer(change.pointer))
        for number, step in enumerate(plan_steps(value, change)):
            work += len(text)
            if work > MOST_WORK:
                raise CannotPatch(
                    change.pointer,
                    "size",
                    "This is too much to change at once.",
                    "Do a part of it.",
                )
            try:
                root = read_nodes(text, is_json=is_json)
            except NoPlaces:
                raise CannotPatch("", "form", "This document's form is unusual.", BY_HAND) from None
            page = Page(text, value, root, find_style(text, root, is_json=is_json))
            if number == 0 and len(step.path) > depth:
                check_whole(page, step.path[:depth])
            found = edit(page, step)
            file.change(found, offset)
            text = text[: found.start] + found.text + text[found.end :]
            value = next(iter(_read(text)), document).value
        if not isinstance(value, dict):
            break


def _check(before: Sequence[Document], after: Sequence[Document], number: int, wanted: Any) -> None:
    """Raise CannotPatch unless the one document became what was wanted, and no other changed."""
    is_right = len(before) == len(after) and all(
        is_same(new.value, wanted if old.number == number else old.value) and new.error == old.error
        for old, new in zip(before, after, strict=True)
    )
    if not is_right:
        raise CannotPatch(
            "", "form", "This document is written in a way that is not changed from here.", BY_HAND
        )
