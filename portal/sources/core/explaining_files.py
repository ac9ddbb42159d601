"""Steps about files: does a pattern take it, was it there, what became of each document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.sources.core.declarations import COMMAND, URL
from portal.sources.core.explained import (
    CATALOG,
    FILE,
    OK,
    PATH,
    STOPPED,
    Step,
    count,
    say_version,
)
from portal.sources.core.explaining_catalog import (
    tell_entity,
    tell_held,
    tell_lost,
    tell_removed,
)
from portal.sources.core.explaining_documents import (
    explain_documents,
    explain_problem,
    list_documents,
)
from portal.sources.core.paths import DESCRIPTORS, SKIPPED_FOLDERS, compile_pattern, is_skipped

if TYPE_CHECKING:
    from portal.sources.core.asked import Asked
    from portal.sources.core.known import Known, KnownFile, KnownProblem, KnownSource
    from portal.sources.core.placing import Place

MOST_NEAR, MOST_STEPS = 5, 20


def explain_file(asked: Asked, place: Place, known: Known) -> list[Step]:
    """Return the steps from a path to the catalog."""
    file = known.find_file(place.source.name, place.path)
    path = explain_path(place.source, place.path, is_known=file is not None)
    if file is None:
        left = _list_left(place, known)
        if path.status == STOPPED:
            return [path, *left]
        return [path, _miss_file(place, known), *left]
    documents = explain_documents(file, place.source, known, line=asked.line)
    return [path, _tell_file(place), *documents, *_tell_catalog(file, place.source, known)]


def explain_path(source: KnownSource, path: str, *, is_known: bool) -> Step:
    """Return whether a source would read a path at all."""
    place: dict[str, Any] = {"source_id": source.id, "source": source.name, "file": path}
    if source.declaration.kind == URL:
        return Step(PATH, OK, "It is the file the source is declared with.", **place)
    patterns = DESCRIPTORS if source.declaration.kind == COMMAND else source.declaration.patterns
    taken = next((p for p in patterns if compile_pattern(p).fullmatch(path)), None)
    listed = ", ".join(f"`{pattern}`" for pattern in patterns)
    if is_known and (taken is None or is_skipped(path)):
        return Step(PATH, OK, f"No pattern takes `{path}`; a Location names it.", **place)
    if is_skipped(path):
        folder = next(part for part in path.split("/") if part in SKIPPED_FOLDERS)
        words = f"`{path}` lies in `{folder}`, a folder that is never searched."
        return Step(PATH, STOPPED, words, "Move the file, or name it in a Location.", **place)
    if taken is None:
        words = f"No pattern of `{source.name}` takes `{path}`; it reads {listed}."
        fix = (
            "Rename or move the file, name it in a Location that is read, or let an admin add a "
            "pattern to the source."
        )
        return Step(PATH, STOPPED, words, fix, **place)
    return Step(PATH, OK, f"The pattern `{taken}` takes `{path}`.", **place)


def _tell_file(place: Place) -> Step:
    source = place.source
    words = f"The file was there when it was last read{_say_at(source)}."
    return Step(
        FILE,
        OK,
        words,
        at=source.read_at,
        source_id=source.id,
        source=source.name,
        file=place.path,
        url=source.link(place.path),
    )


def _say_at(source: KnownSource) -> str:
    return f", at `{say_version(source.commit)}`" if source.commit else ""


def _miss_file(place: Place, known: Known) -> Step:
    source = place.source
    near = [f"`{path}`" for name, path in known.similar if name == source.name][:MOST_NEAR]
    if source.parent_id is not None and not source.commit:
        words = f"`{source.name}` had no commit on the branch `{source.branch}`, so no files."
    else:
        words = f"`{place.path}` was not there when `{source.name}` was last read{_say_at(source)}."
    if near:
        words += f" These were: {', '.join(near)}."
    fix = "Check the spelling. If it was added or pushed since, it is read in the next run."
    return Step(
        FILE,
        STOPPED,
        words,
        fix,
        at=source.read_at,
        source_id=source.id,
        source=source.name,
        file=place.path,
    )


def _list_left(place: Place, known: Known) -> list[Step]:
    """Return what became of the entities of a file that is gone."""
    source = place.source
    held = [tell_held(each, source) for each in known.list_at(source.name, place.path)]
    gone = [r for r in known.removed if (r.source, r.file) == (source.name, place.path)]
    return [*held, *(tell_removed(each, known) for each in gone)][:MOST_STEPS]


def _tell_catalog(file: KnownFile, source: KnownSource, known: Known) -> list[Step]:
    """Return for each entity a file defines whether it is in the catalog."""
    documents = list_documents(file, known)
    steps = []
    for document in dict.fromkeys(document for document in documents if document.ref):
        entity = known.find_entity(document.ref)
        if entity is None:
            if document.is_taken:
                steps.append(tell_lost(document.ref, file, source, known))
        elif entity.source == source.name:
            is_old = not document.is_taken and entity.file == file.path
            steps.append(tell_entity(entity, known, is_old=is_old))
    refs = {document.ref for document in documents}
    left = [e for e in known.list_at(file.source, file.path) if e.ref not in refs]
    # What a broken file may still define is kept as it was; else it vanished and is held.
    is_broken = any(document.is_broken for document in documents)
    steps += [
        tell_entity(each, known, is_old=True) if is_broken else tell_held(each, source)
        for each in left
    ]
    unique = {step.ref: step for step in reversed(steps)}
    return list(reversed(unique.values()))[:MOST_STEPS]


def explain_files(place: Place, known: Known) -> list[Step]:
    """Return the steps for a repository or a folder as a whole."""
    source = place.source
    below = f"{place.path}/" if place.path else ""
    files = [f for f in known.files if f.source == source.name and f.path.startswith(below)]
    entities = [e for e in known.entities if e.source == source.name and e.file.startswith(below)]
    about: dict[str, Any] = {"source_id": source.id, "source": source.name}
    wrong = _list_wrong(source, below, known)
    defining = [file for file in files if any(row[2] for row in file.documents)]
    if not defining and not wrong and not entities:
        return [_miss_files(place, files, known)]
    least = "At least " if known.is_cut else ""
    words = f"{least}{count(len(files), 'file was', 'files were')} read there{_say_at(source)}; "
    words += f"{count(len(defining), 'defines', 'define')} entities."
    found = Step(FILE, OK, words, at=source.read_at, **about)
    return [found, *wrong[:MOST_STEPS], *_count_entities(len(entities), source, least)]


def _list_wrong(source: KnownSource, below: str, known: Known) -> list[Step]:
    """Return a step for each document below a folder that is refused."""
    groups: dict[tuple[str, int], list[KnownProblem]] = {}
    for each in known.problems:
        is_there = each.source == source.name and each.file.startswith(below)
        if is_there and each.severity == "error":
            groups.setdefault((each.file, each.document), []).append(each)
    return [explain_problem(problems, source, known) for problems in groups.values()]


def _count_entities(number: int, source: KnownSource, least: str) -> list[Step]:
    if not number:
        return []
    words = f"{least}{count(number, 'entity', 'entities')} of it "
    words += f"{'is' if number == 1 else 'are'} in the catalog."
    if source.held:
        words += f" {count(source.held, 'removal is', 'removals are')} held: {source.held_because}."
    return [
        Step(
            CATALOG,
            OK,
            words,
            at=source.read_at,
            source_id=source.id,
            source=source.name,
            is_here=True,
        )
    ]


def _miss_files(place: Place, files: list[KnownFile], known: Known) -> Step:
    source = place.source
    if not files and source.parent_id is not None and not source.commit:
        return _miss_file(place, known)
    patterns = ", ".join(f"`{pattern}`" for pattern in source.declaration.patterns)
    if files:
        words = (
            f"{count(len(files), 'file was', 'files were')} read there, but none defines anything."
        )
        listed = ", ".join(f"`{file.path}`" for file in files[:MOST_NEAR])
        fix = f"Ask for one of them to see why: {listed}."
    else:
        words = f"No file there fits what `{source.name}` reads: {patterns}."
        fix = (
            "Add a descriptor, such as `catalog-info.yaml`, and push it to the branch that is read."
        )
    return Step(
        FILE, STOPPED, words, fix, at=source.read_at, source_id=source.id, source=source.name
    )
