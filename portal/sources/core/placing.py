"""Which sources would hold what is asked about, and where in them it would lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portal.sources.core.asked import AT_HOST, NAME, ORGANISATION, PATH, Asked
from portal.sources.core.declarations import FOLDER, GIT, GITHUB, URL
from portal.sources.core.file_addresses import name_host, read_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.sources.core.known import Known, KnownSource


@dataclass(frozen=True, slots=True)
class Place:
    """Where it would lie in a source: a path, '' for all of it; `branch` is of the address.

    `is_another_branch` when the address is not of the branch that is read; `is_certain` is false
    where the branch that is read is not known.
    """

    source: KnownSource
    path: str
    branch: str = ""
    is_another_branch: bool = False
    is_certain: bool = True


def find_places(asked: Asked, known: Known) -> list[Place]:
    """Return every place something would lie at, those of the nearest sources first."""
    if asked.kind == PATH:
        return list(_find_paths(asked.path, known))
    if asked.kind not in (*AT_HOST, NAME):
        return []
    return [
        _find_place(asked, source, known)
        for source in known.sources
        if _holds(asked, source, known)
    ]


def find_organisations(asked: Asked, known: Known) -> list[KnownSource]:
    """Return the organisations a repository would be discovered in."""
    return [
        source
        for source in known.sources
        if source.declaration.is_host
        and is_at_host(source, asked.host)
        and any(_is_within(name, source) for name in asked.repositories)
    ]


def list_at_host(host: str, known: Known) -> list[KnownSource]:
    """Return the declared sources that read anything at a host."""
    return [s for s in known.sources if s.parent_id is None and is_at_host(s, host)]


def is_at_host(source: KnownSource, host: str) -> bool:
    """Whether a source reads at a host; ports tell nothing, for clones use others than pages."""
    return bool(host) and _drop_port(name_host(source.declaration.address)) == _drop_port(host)


def _drop_port(host: str) -> str:
    return host.partition(":")[0].lower()


def _is_within(repository: str, source: KnownSource) -> bool:
    name, group = repository.lower(), source.declaration.organisation.lower()
    return name == group or name.startswith(f"{group}/")


def _holds(asked: Asked, source: KnownSource, known: Known) -> bool:
    declaration = source.declaration
    if declaration.kind == URL:
        return bool(asked.url) and _is_same_address(asked, declaration.address)
    if asked.kind == ORGANISATION:
        return False
    wanted = [name.lower() for name in asked.repositories]
    if source.parent_id is not None:
        parent = known.find_parent(source)
        is_there = parent is not None and (not asked.host or is_at_host(parent, asked.host))
        return is_there and declaration.address.lower() in wanted
    if declaration.kind == GIT:
        found = read_address(declaration.address)
        names = found.repositories if found is not None else ()
        is_there = not asked.host or is_at_host(source, asked.host)
        return is_there and any(name.lower() in wanted for name in names)
    return False


def _is_same_address(asked: Asked, address: str) -> bool:
    """Whether an address is declared, however its host's pages write it."""
    found = read_address(address)
    if found is None:
        return False
    if found.kind == "address" or asked.kind == "address":
        return found.url == asked.url
    mine = (asked.host, asked.repositories, asked.rest, asked.path)
    return mine == (found.host, found.repositories, found.rest, found.path)


def _find_place(asked: Asked, source: KnownSource, known: Known) -> Place:
    if source.declaration.kind == URL:
        return Place(source, source.declaration.address.partition("?")[0].rpartition("/")[2])
    if asked.path:
        another = _is_another(asked.branch, source)
        is_certain = not asked.branch or bool(source.branch) or asked.branch == source.commit
        return Place(source, asked.path, asked.branch, another, is_certain)
    return _part(asked.rest, source, known) if asked.rest else Place(source, "")


def _part(rest: str, source: KnownSource, known: Known) -> Place:
    """Return the place that a branch and a path in one text name."""
    for branch in filter(None, (source.branch, source.commit, *_list_default(source))):
        if rest == branch or rest.startswith(f"{branch}/"):
            return Place(source, rest[len(branch) + 1 :], branch)
    if source.branch:
        path = _find_longest(rest, source, known)
        return Place(source, path, rest.removesuffix(path).rstrip("/"), is_another_branch=True)
    branch, _, path = rest.partition("/")
    return Place(source, path, branch, is_certain=False)


def _list_default(source: KnownSource) -> tuple[str, ...]:
    """Return what else names the branch that is read: without one stated it is the host's own."""
    return () if source.declaration.kind == GIT and source.declaration.branch else ("HEAD",)


def _is_another(branch: str, source: KnownSource) -> bool:
    same = (source.branch, source.commit, *_list_default(source))
    return bool(branch) and bool(source.branch) and branch not in same


def _find_longest(rest: str, source: KnownSource, known: Known) -> str:
    """Return the path in an address of an unknown branch: one that is read, else a guess."""
    paths = {file.path for file in known.files if file.source == source.name}
    return next((path for path in list_endings(rest) if path in paths), rest.partition("/")[2])


def list_endings(rest: str) -> list[str]:
    """Return what may be the path in a text of branch and path, the longest first."""
    segments = rest.split("/")
    return ["/".join(segments[start:]) for start in range(1, len(segments))]


def _find_paths(path: str, known: Known) -> Iterator[Place]:
    """Yield where a path lies: below a folder, in a source named before it, or in any source."""
    seen = set()
    for source in known.sources:
        address = source.declaration.address.rstrip("/")
        inside = [
            path[len(start) + 1 :]
            for start in (source.name, address if source.declaration.kind == FOLDER else "")
            if start and path.startswith(f"{start}/")
        ]
        for within in inside:
            seen.add((source.name, within))
            yield Place(source, within)
    for file in known.files:
        found = known.find_source(file.source)
        fits = file.path == path or file.path.endswith(f"/{path}")
        if fits and found is not None and (found.name, file.path) not in seen:
            yield Place(found, file.path)


def say_organisation(source: KnownSource) -> str:
    """Return what an organisation is called at its host."""
    word = "organisation" if source.declaration.kind == GITHUB else "group"
    return f"the {word} `{source.declaration.organisation}`"
