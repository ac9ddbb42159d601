"""Gathers what is known about something that is asked about, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from portal.catalog.models import Entity
from portal.catalog.queries.nearest import find_nearest
from portal.sources.core.asked import AT_HOST, FOLDER, NAMED, PATH, REPOSITORY, Asked, read_asked
from portal.sources.core.explaining import explain
from portal.sources.core.known import Known, KnownFile, LeftOut
from portal.sources.core.placing import (
    Place,
    find_organisations,
    find_places,
    is_at_host,
    list_endings,
)
from portal.sources.models import Source, SourceFile, SourceLeftOut
from portal.sources.queries.explaining_rows import (
    MOST,
    list_entities,
    list_problems,
    list_removed,
    list_sources,
)
from portal.sources.queries.nearest import find_similar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from portal.sources.core.explained import Explanation
    from portal.sources.core.known import KnownEntity, KnownProblem, KnownRemoval, KnownSource

LONGEST_NAME = 200
MOST_FILES, MOST_LOOSE, MOST_REFS = 200, 20, 5_000


def explain_text(session: Session, text: str, *, now: datetime, undo: timedelta) -> Explanation:
    """Return why what a text names is in the catalog or is not."""
    asked = read_asked(text)
    return explain(asked, read_known(session, asked, now=now, undo=undo))


def read_known(session: Session, asked: Asked, *, now: datetime, undo: timedelta) -> Known:
    """Return every fact that bears on a question."""
    named = _read_named(session, asked)
    loose = _list_loose(session, asked)
    top = list_sources(session, Source.parent_id.is_(None))
    names = {*named.list_names(), *(file.source for file in loose)}
    children = list_sources(session, _match_children(asked, top, names))
    sources = (*top, *children)
    first = Known(now=now, undo=undo, sources=sources, files=loose)
    places = find_places(asked, first)
    left_out = _list_left_out(session, asked, first)
    scope = _Scope.of(asked, places, named)
    files = scope.list_files(session)
    rest = _read_rest(session, scope, files, named)
    is_found = bool(rest.entities or rest.problems or rest.removed)
    return Known(
        now=now,
        undo=undo,
        sources=sources,
        files=files,
        similar=_list_similar(session, asked, places, files),
        problems=rest.problems,
        entities=rest.entities,
        removed=rest.removed,
        left_out=left_out,
        titled=named.titled,
        is_cut=len(files) == MOST_FILES or len(rest.entities) == MOST,
        nearest=() if is_found or asked.kind not in NAMED else find_nearest(session, asked.refs),
    )


@dataclass(frozen=True, slots=True)
class _Named:
    """What carries the references or the title that is asked for."""

    entities: tuple[KnownEntity, ...] = ()
    problems: tuple[KnownProblem, ...] = ()
    removed: tuple[KnownRemoval, ...] = ()

    @property
    def titled(self) -> tuple[str, ...]:
        return tuple(entity.ref for entity in self.entities)

    def list_names(self) -> set[str]:
        """Return the sources they stand in."""
        return {source for source, _ in self.list_files()}

    def list_files(self) -> set[tuple[str, str]]:
        """Return the files they stand in."""
        found = {(each.source, each.file) for each in self.entities}
        found |= {(each.source, each.file) for each in self.problems}
        return found | {(each.source, each.file) for each in self.removed}


def _read_named(session: Session, asked: Asked) -> _Named:
    if asked.kind not in NAMED:
        return _Named()
    wanted: ColumnElement[bool] = Entity.ref.in_(asked.refs)
    if asked.names:
        wanted = or_(wanted, Entity.sort_name.in_(asked.names))
    entities = list_entities(session, wanted)
    refs = [*asked.refs, *(entity.ref for entity in entities)]
    return _Named(entities, list_problems(session, refs=refs), list_removed(session, refs=refs))


def _list_loose(session: Session, asked: Asked) -> tuple[KnownFile, ...]:
    """Return files of any source whose path is, or ends with, the one asked for."""
    if asked.kind != PATH:
        return ()
    path = asked.path.lstrip("/")
    fits = or_(SourceFile.path == path, SourceFile.path.endswith(f"/{path}", autoescape=True))
    return _read_files(session, fits, MOST_LOOSE)


def _match_children(
    asked: Asked, top: Sequence[KnownSource], names: Iterable[str]
) -> ColumnElement[bool]:
    """Return the condition for repositories that what is asked about may lie in."""
    wanted = {name.lower() for name in names}
    if asked.kind == PATH:
        segments = asked.path.split("/")
        wanted |= {"/".join(segments[:end]).lower() for end in range(1, len(segments))}
    for parent in top:
        if parent.declaration.is_host and (not asked.host or is_at_host(parent, asked.host)):
            wanted |= {
                f"{parent.name}/{name}"[:LONGEST_NAME].lower() for name in asked.repositories
            }
    return and_(Source.parent_id.is_not(None), func.lower(Source.name).in_(sorted(wanted)))


def _list_left_out(session: Session, asked: Asked, known: Known) -> tuple[LeftOut, ...]:
    if asked.kind not in AT_HOST:
        return ()
    parents = [source.id for source in find_organisations(asked, known)]
    rows = session.execute(
        select(SourceLeftOut.source_id, SourceLeftOut.path, SourceLeftOut.reason).where(
            SourceLeftOut.source_id.in_(parents),
            func.lower(SourceLeftOut.path).in_([name.lower() for name in asked.repositories]),
        )
    )
    return tuple(LeftOut(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which files are looked at: single ones by source, and all below a folder of some."""

    paths: dict[str, set[str]]
    folders: dict[str, str]

    @classmethod
    def of(cls, asked: Asked, places: Sequence[Place], named: _Named) -> _Scope:
        paths: dict[str, set[str]] = {}
        folders: dict[str, str] = {}
        for place in places:
            name = place.source.name
            if asked.kind in (REPOSITORY, FOLDER) or not place.path:
                folders[name] = place.path
            else:
                paths.setdefault(name, set()).update((place.path, *list_endings(asked.rest)))
        for name, path in named.list_files():
            paths.setdefault(name, set()).add(path)
        return cls(paths, folders)

    def match(self, source: Any, path: Any) -> ColumnElement[bool] | None:
        """Return the condition for these files over two columns; None without any."""
        found = [and_(source == name, path.in_(paths)) for name, paths in self.paths.items()]
        for name, folder in self.folders.items():
            below = path.startswith(f"{folder}/", autoescape=True) if folder else None
            found.append(source == name if below is None else and_(source == name, below))
        return or_(*found) if found else None

    def list_files(self, session: Session) -> tuple[KnownFile, ...]:
        """Return these files as last read."""
        fits = self.match(Source.name, SourceFile.path)
        return () if fits is None else _read_files(session, fits, MOST_FILES)


def _read_files(session: Session, fits: ColumnElement[bool], most: int) -> tuple[KnownFile, ...]:
    rows = session.execute(
        select(Source.name, SourceFile.path, SourceFile.documents)
        .join(Source, Source.id == SourceFile.source_id)
        .where(fits)
        .order_by(Source.name, SourceFile.path)
        .limit(most)
    )
    return tuple(
        KnownFile(name, path, tuple(tuple(row) for row in documents))
        for name, path, documents in rows
    )


def _read_rest(
    session: Session, scope: _Scope, files: Sequence[KnownFile], named: _Named
) -> _Named:
    """Return what is known of some files and of the references in them."""
    refs = {row[2] for file in files for row in file.documents if row[2]} | set(named.titled)
    refs |= {problem.ref for problem in named.problems if problem.ref}
    refs = set(sorted(refs)[:MOST_REFS])
    by_file = scope.match(Entity.source, Entity.file)
    fits = Entity.ref.in_(refs) if by_file is None else or_(Entity.ref.in_(refs), by_file)
    problems = dict.fromkeys((*named.problems, *list_problems(session, scope.match)))
    removed = dict.fromkeys((*named.removed, *list_removed(session, scope.match, refs=refs)))
    return _Named(list_entities(session, fits), tuple(problems), tuple(removed))


def _list_similar(
    session: Session, asked: Asked, places: Sequence[Place], files: Sequence[KnownFile]
) -> tuple[tuple[str, str], ...]:
    """Return files near a path that was not read."""
    missing = [
        place
        for place in places
        if place.path and not any(f.source == place.source.name for f in files)
    ]
    if asked.kind == PATH and not places:
        return find_similar(session, None, asked.path)
    return find_similar(session, missing[0].source.id, missing[0].path) if missing else ()
