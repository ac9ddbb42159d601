"""Steps about entities: in the catalog, still there though gone, removed, or not written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.sources.core.declarations import COMMAND
from portal.sources.core.explained import CATALOG, OK, STOPPED, Step, say_time

if TYPE_CHECKING:
    from portal.sources.core.known import Known, KnownEntity, KnownFile, KnownRemoval, KnownSource

UNDO = "An admin can bring it back with `portal catalog undo`, or put the file back and read again."


def tell_entity(entity: KnownEntity, known: Known, *, is_old: bool = False) -> Step:
    """Return that an entity is in the catalog; `is_old` when its file says something else now."""
    source = known.find_source(entity.source)
    words = f"{entity.ref} is in the catalog"
    if is_old:
        words += f" as it was last read, {say_time(entity.read_at)}"
    else:
        words += f", read from `{entity.source}` ({entity.file}:{entity.line})"
        words += f", last changed {say_time(entity.read_at)}"
    if entity.is_ephemeral:
        until = source.expires_at if source is not None else None
        words += f"; it is ephemeral and goes {say_time(until)}" if until else "; it is ephemeral"
    return Step(CATALOG, OK, f"{words}.", at=entity.read_at, is_here=True, **_place(entity, source))


def tell_held(entity: KnownEntity, source: KnownSource | None) -> Step:
    """Return that an entity is still there though no file defines it any more."""
    because = source.held_because if source is not None else ""
    held = f"its removal is held: {because}" if because else "it goes when its source is read next"
    words = f"{entity.ref} is still in the catalog though its file no longer defines it; {held}."
    fix = "Put the file back, or let an admin confirm the removals of the source."
    return Step(
        CATALOG, STOPPED, words, fix, at=entity.read_at, is_here=True, **_place(entity, source)
    )


def tell_removed(removal: KnownRemoval, known: Known) -> Step:
    """Return when an entity was removed, by which run, and how long it can be brought back."""
    until = removal.removed_at + known.undo
    words = (
        f"{removal.ref} was removed {say_time(removal.removed_at)} by run {removal.run_id} of "
        f"`{removal.source}`, because {removal.file} no longer defined it. It can be brought back "
        f"until {say_time(until)}."
    )
    source = known.find_source(removal.source)
    return Step(CATALOG, STOPPED, words, UNDO, at=removal.removed_at, **_place(removal, source))


def tell_lost(ref: str | None, file: KnownFile, source: KnownSource, known: Known) -> Step:
    """Return that a document was read and its entity is not there, which lasts for a run only."""
    removal = next((each for each in known.removed if each.ref == ref), None)
    if removal is not None:
        return tell_removed(removal, known)
    words = f"{ref} was read but is not in the catalog: the run was cut short, or is at work now."
    how = "Run `portal catalog ingest` again." if source.declaration.kind == COMMAND else ""
    fix = how or "Wait for the next run, or ask for one."
    return Step(
        CATALOG,
        STOPPED,
        words,
        fix,
        source_id=source.id,
        source=source.name,
        file=file.path,
        ref=ref or "",
    )


def _place(found: KnownEntity | KnownRemoval, source: KnownSource | None) -> dict[str, Any]:
    return {
        "source_id": source.id if source is not None else None,
        "source": found.source,
        "file": found.file,
        "line": found.line,
        "ref": found.ref,
        "url": source.link(found.file, found.line) if source is not None else "",
    }
