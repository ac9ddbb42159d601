"""Looks into the CODEOWNERS files of a source for entities that have no owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.core.storable import make_storable
from portal.catalog.core.yaml_text.documents import NotText, decode
from portal.errors import PortalError
from portal.sources.core.codeowners import PLACES, CodeOwners, read_codeowners
from portal.sources.core.readmes import folder_of
from portal.sources.core.suggestions import Ownerless, Suggestion, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portal.sources.core.trees import Tree


class Suggestions:
    """Reads each CODEOWNERS file once; the nearest above a descriptor speaks for it."""

    def __init__(self, places: Mapping[str, Tree]) -> None:
        self._places = places
        self._read: dict[tuple[str, str], tuple[str, CodeOwners] | None] = {}

    @property
    def files(self) -> dict[str, CodeOwners]:
        """Return the files that were read, by path."""
        return dict(found for found in self._read.values() if found is not None)

    def find(self, subjects: Iterable[Ownerless]) -> list[Suggestion]:
        """Return the suggestions for entities without an owner."""
        return [found for each in subjects if (found := self._find(each)) is not None]

    def _find(self, subject: Ownerless) -> Suggestion | None:
        place = folder_of(subject.file)
        folder = self._places.get(place)
        while folder is not None:
            held = self._look(folder, place)
            if held is not None:
                return suggest(subject, held[1], place, held[0])
            if not place:
                break
            place = folder_of(place)
        return None

    def _look(self, folder: Tree, place: str) -> tuple[str, CodeOwners] | None:
        key = (folder.key, place)
        if key not in self._read:
            self._read[key] = _read_first(folder, place)
        return self._read[key]


def _read_first(folder: Tree, place: str) -> tuple[str, CodeOwners] | None:
    """Return the CODEOWNERS of a repository's top folder; what cannot be read suggests nobody."""
    for name, flavour in PLACES.items():
        path = f"{place}/{name}" if place else name
        try:
            if not folder.has(path):
                continue
            found = read_codeowners(make_storable(decode(folder.read(path))), flavour)
        except (PortalError, NotText):
            continue
        if found is not None:
            return path, found
    return None
