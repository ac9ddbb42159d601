"""Reads a map of a foreign document field by field, and knows what nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import show
from portal.sources.core.foreign.names import make_name
from portal.sources.core.foreign.notes import Notes, Refusal, is_absent

if TYPE_CHECKING:
    from portal.sources.core.foreign.notes import Path


class Part:
    """One map of a document at its path; every field is read once, the rest is dropped."""

    def __init__(self, value: Mapping[str, Any], path: Path, notes: Notes) -> None:
        self.value = value
        self.path = path
        self.notes = notes
        self._read: set[str] = set()

    def at(self, name: str) -> Path:
        """Return the path of a field, whether it is there or not."""
        return (*self.path, name)

    def has(self, name: str) -> bool:
        """Whether a field says anything."""
        return not is_absent(self.value.get(name))

    def take(self, name: str) -> Any:
        """Return a field as it is, None when absent, and count it as read."""
        self._read.add(name)
        value = self.value.get(name)
        return None if is_absent(value) else value

    def text(self, name: str, *, is_quiet: bool = False) -> str | None:
        """Return a field as text; another shape is dropped."""
        return self.notes.as_text(self.take(name), self.at(name), is_quiet=is_quiet)

    def name(self, name: str) -> str | None:
        """Return a field as a name the catalog allows."""
        text = self.text(name)
        return None if text is None else name_of(text, self.at(name), self.notes)

    def part(self, name: str) -> Part:
        """Return a field that is a map; an empty one when absent or of another shape."""
        value = self.take(name)
        if value is not None and not isinstance(value, Mapping):
            self.notes.drop_as("wrong-type", self.at(name), show(value))
            value = None
        return Part(value or {}, self.at(name), self.notes)

    def items(self, name: str) -> Iterator[tuple[Path, Any]]:
        """Yield the items of a list that say anything, each with its path."""
        value = self.take(name)
        if value is not None and not isinstance(value, list):
            self.notes.drop_as("wrong-type", self.at(name), show(value))
            return
        for index, item in enumerate(value or ()):
            if not is_absent(item):
                yield (*self.at(name), index), item

    def parts(self, name: str) -> Iterator[Part]:
        """Yield the items of a list of maps; items of another shape are dropped."""
        for path, item in self.items(name):
            if isinstance(item, Mapping):
                yield Part(item, path, self.notes)
            else:
                self.notes.drop_as("wrong-type", path, show(item))

    def texts(self, name: str) -> list[str]:
        """Return a list of texts."""
        found = (self.notes.as_text(item, path) for path, item in self.items(name))
        return [text for text in found if text is not None]

    def drop(self, reason: str, *names: str) -> None:
        """Leave out fields that the product documents and the catalog has no place for."""
        for name in names:
            if self.take(name) is not None:
                self.notes.drop(self.at(name), reason)

    def drop_rest(self, reason: str) -> None:
        """Leave out every field that nobody asked for, though it is documented."""
        self.drop_unread(reason, self.value)

    def drop_unread(self, reason: str, names: Iterable[str]) -> None:
        """Leave out those of `names` that nobody asked for."""
        self.drop(reason, *(name for name in names if name not in self._read))

    def close(self) -> None:
        """Leave out whatever was not read: no version of the product documents it."""
        for name, value in self.value.items():
            if name not in self._read and not is_absent(value):
                self.notes.drop_as("unknown-field", self.at(name))

    def require_name(self, name: str, product: str) -> str:
        """Return the text that names the entity; raises Refusal when there is none."""
        value = self.take(name)
        if value is None:
            raise Refusal(
                "required",
                self.at(name),
                f"`{name}` is missing: a {product} descriptor names what it describes.",
                f"Add `{name}`.",
            )
        if isinstance(value, Mapping | list):
            raise Refusal(
                "type",
                self.at(name),
                f"`{name}` is {show(value)}; it must be text.",
                "Write one name.",
            )
        return self.notes.as_text(value, self.at(name)) or ""


def name_of(text: str, path: Path, notes: Notes) -> str:
    """Return `text` as a name, noting when it had to be changed."""
    name = make_name(text)
    if name != text.strip():
        notes.warn("name-changed", path, f"`{name}`")
    return name
