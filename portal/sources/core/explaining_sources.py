"""Steps about a source: whether it finds the repository, is read, and on which branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.sources.core.declarations import COMMAND, TITLES, Declaration
from portal.sources.core.explained import (
    BRANCH,
    OK,
    READ,
    REPOSITORY,
    SOURCE,
    STOPPED,
    UNKNOWN,
    Step,
    say_time,
    say_version,
)
from portal.sources.core.placing import say_organisation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from portal.sources.core.asked import Asked
    from portal.sources.core.known import Known, KnownSource
    from portal.sources.core.placing import Place

# How to have a repository read that a filter leaves out, by what the reason begins with.
FILTERS = (
    ("it is archived", "Unarchive it, or let an admin have archived repositories read as well."),
    ("it is a fork", "Let an admin have forks read as well."),
    ("it fits none of", "Let an admin widen which repositories the source includes."),
    ("it has none of the topics", "Give the repository one of these topics at its host."),
)
EXCLUDED = "Let an admin change which repositories the source leaves out."


def tell_source(place: Place, known: Known, others: Sequence[str]) -> Step:
    """Return which source holds it, and which others do."""
    source = place.source
    parent = known.find_parent(source)
    if parent is not None:
        words = f"`{source.name}` holds it: a repository of `{parent.name}`, which reads "
        words += f"{say_organisation(parent)}."
    else:
        words = f"The source `{source.name}` holds it: {_say_kind(source.declaration)}."
    if others:
        words += f" {', '.join(others)} would hold it too."
    return Step(SOURCE, OK, words, source_id=source.id, source=source.name)


def _say_kind(declaration: Declaration) -> str:
    title = TITLES[declaration.kind]
    if declaration.is_host:
        return f"{title} {declaration.organisation}"
    title = title[0].lower() + title[1:]
    return title if declaration.kind == COMMAND else f"{title} {declaration.address}"


def explain_repository(source: KnownSource, known: Known) -> Step | None:
    """Return that a repository is found; None for a source that is declared by itself."""
    parent = known.find_parent(source)
    if parent is None:
        return None
    words = f"The repository `{source.declaration.address}` is found and taken by the filters."
    return Step(REPOSITORY, OK, words, source_id=parent.id, source=parent.name)


def explain_missing(asked: Asked, parent: KnownSource, known: Known) -> list[Step]:
    """Return why a repository that lies in an organisation is not read."""
    wanted = {name.lower() for name in asked.repositories}
    found = f"The source `{parent.name}` reads {say_organisation(parent)}."
    told = Step(SOURCE, OK, found, source_id=parent.id, source=parent.name)
    left = next(
        (
            each
            for each in known.left_out
            if each.source_id == parent.id and each.path.lower() in wanted
        ),
        None,
    )
    if left is not None:
        words = f"`{left.path}` is left out by the filters of `{parent.name}`: {left.reason}."
        fix = next((fix for start, fix in FILTERS if left.reason.startswith(start)), EXCLUDED)
        return [told, Step(REPOSITORY, STOPPED, words, fix, parent.read_at, parent.id, parent.name)]
    read = explain_read(parent, known, is_here=False)
    if read.status == STOPPED:
        return [told, read]
    words = f"`{asked.repositories[0]}` was not among the repositories that `{parent.name}` found."
    fix = (
        "Check the name. A repository that is new is found at the next discovery; one that the "
        f"credential of `{parent.name}` may not see is never found: let an admin give it access."
    )
    missing = Step(REPOSITORY, STOPPED, words, fix, parent.read_at, parent.id, parent.name)
    return [told, missing, read]


def explain_read(source: KnownSource, known: Known, *, is_here: bool) -> Step:
    """Return whether a source is read; a failure stops nothing where all is in the catalog."""
    parent = known.find_parent(source)
    top = parent or source
    blocked = _find_block(source, top)
    if blocked is None:
        return _tell_read(source, top)
    words, fix, at = blocked
    if source.read_at is not None:
        words += f" What follows is as of {say_time(source.read_at)}, when it was last read."
    status = UNKNOWN if is_here else STOPPED
    return Step(READ, status, words, fix, at, source.id, source.name)


def _find_block(source: KnownSource, top: KnownSource) -> tuple[str, str, datetime | None] | None:
    """Return what keeps a source from being read, what mends it, and since when."""
    if top.is_paused:
        return f"`{top.name}` is paused: it is not read.", "Resume it, or ask an admin to.", None
    for failing in (source, top):
        if failing.failing_since is not None:
            since = say_time(failing.failing_since)
            words = f"`{failing.name}` cannot be read since {since}: {failing.failure}"
            fix = failing.failure_fix or "Ask an admin to look at the source."
            return words, fix, failing.failing_since
    if source.read_at is None:
        words = f"`{source.name}` has not been read yet."
        return words, f"Wait for its first run, or ask for one. {_say_next(top)}".strip(), None
    return None


def _tell_read(source: KnownSource, top: KnownSource) -> Step:
    at = source.checked_at or source.read_at
    words = f"`{source.name}` was last read {say_time(at)}." if at else f"`{source.name}` was read."
    return Step(READ, OK, f"{words} {_say_next(top)}", "", at, source.id, source.name)


def _say_next(top: KnownSource) -> str:
    if top.declaration.kind == COMMAND:
        return "It is read when somebody runs `portal catalog ingest`."
    if top.is_requested:
        return "It was asked for and is read as soon as a worker is free."
    if top.next_run_at is not None:
        return f"It is read next at {say_time(top.next_run_at)}."
    return "It is read only when somebody asks for it."


def explain_branch(asked: Asked, place: Place) -> Step | None:
    """Return whether an address is of the branch that is read; None where it names none."""
    source = place.source
    if not place.branch:
        return None
    if place.is_another_branch:
        shown = asked.rest or f"{place.branch}/{place.path}"
        words = f"The branch `{source.branch}` is read; this address is of another: `{shown}`."
        words += f" `{place.branch}` is not read."
        fix = f"Merge it into `{source.branch}`, or let an admin change the branch that is read."
        return Step(BRANCH, STOPPED, words, fix, None, source.id, source.name)
    if not place.is_certain:
        words = f"The branch of the address is `{place.branch}`; which one is read is not known."
        fix = "Compare it with the default branch at the host."
        return Step(BRANCH, UNKNOWN, words, fix, None, source.id, source.name)
    is_commit = place.branch == source.commit
    words = f"The {'commit' if is_commit else 'branch'} `{say_version(place.branch)}` is read."
    return Step(BRANCH, OK, words, "", None, source.id, source.name)
