"""Where entities come from, in the annotations under which Backstage keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from portal.catalog.core.refs import DEFAULT_NAMESPACE, MANAGED_BY, SOURCE_LOCATION
from portal.errors import InvalidInput
from portal.sources.core.declarations import GIT, REPOSITORY, URL
from portal.sources.core.file_pages import COMMIT, find_page
from portal.sources.core.git_addresses import parse_git_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ORIGIN = "backstage.io/managed-by-origin-location"
VIEW = "backstage.io/view-url"
EDIT = "backstage.io/edit-url"
EPHEMERAL = "plumbline.dev/ephemeral"
WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a source is: type and target of its location, and what its paths are appended to."""

    source: str
    type: str
    target: str
    base: str = ""
    name: str = ""

    @property
    def origin(self) -> str:
        """Return the location of the source."""
        return f"{self.type}:{self.target}"

    def at_origin(self) -> Place:
        """Return the place of the location itself, which is all of its target."""
        return replace(self, name=self.name or self.target)

    def locate(self, file: str) -> str:
        """Return the location of a file of the source."""
        address = self.find_address(file)
        return f"url:{address}" if address else f"file:{self.source}/{file}"

    def find_address(self, file: str) -> str:
        """Return the address of a file, '' where it has none that people could open."""
        if self.name and file == self.name:
            return self.target
        return f"{self.base}{quote(file)}" if self.base else ""

    def find_editor(self, file: str) -> str:
        """Return where a file is edited, '' where that is not known."""
        address = self.find_address(file)
        page = find_page(address)
        return "" if page is None or COMMIT.search(address) else page.editor

    def find_folder(self, file: str) -> str:
        """Return the location of what stands beside a file, '' where that is not known."""
        page = find_page(self.find_address(file))
        return "" if page is None else f"url:{page.folder}"


READERS: Mapping[str, Callable[[Place, str], str]] = {
    MANAGED_BY: Place.locate,
    ORIGIN: lambda place, _: place.origin,
    VIEW: Place.find_address,
    EDIT: Place.find_editor,
    SOURCE_LOCATION: Place.find_folder,
}
"""What the portal knows by itself; only of SOURCE_LOCATION a file may say something else."""
OWN = frozenset((*READERS, EPHEMERAL)) - {SOURCE_LOCATION}


def make_place(source: str, kind: str, address: str, file_url: str) -> Place:
    """Return where a source is: by its address where it has one for people, else by its name."""
    if kind == URL:
        path = address.partition("?")[0]
        return Place(source, "url", address, *_split(path))
    if kind == GIT:
        return Place(source, "url", _show_repository(address), file_url)
    if kind == REPOSITORY and file_url:
        return Place(source, "url", file_url, file_url)
    return Place(source, "file", source)


def _split(path: str) -> tuple[str, str]:
    base, _, name = path.rpartition("/")
    return f"{base}/", name or "descriptor.yaml"


def _show_repository(address: str) -> str:
    """Return the address of a repository as a browser takes it."""
    if address.startswith(WEB):
        return address
    try:
        found = parse_git_address(address)
    except InvalidInput:
        return address
    return f"https://{found.host}/{found.path.strip('/').removesuffix('.git')}"


def annotate(
    entity: Mapping[str, Any], place: Place, file: str, *, is_ephemeral: bool = False
) -> dict[str, Any]:
    """Return an entity with its namespace and where it was read, whatever its file says of that."""
    metadata = entity["metadata"]
    stated = {
        name: text
        for name, text in (metadata.get("annotations") or {}).items()
        if name.lower() not in OWN
    }
    known = {name: text for name, read in READERS.items() if (text := read(place, file))}
    if is_ephemeral:
        known[EPHEMERAL] = "true"
    filled = {"namespace": DEFAULT_NAMESPACE, **metadata, "annotations": {**known, **stated}}
    return {**entity, "metadata": filled}
