"""Why something is in the catalog or is not: from what is known to steps in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.sources.core.asked import (
    FILE,
    FOLDER,
    NAME,
    NAMED,
    NOTHING,
    ORGANISATION,
    PATH,
    REPOSITORY,
    Asked,
)
from portal.sources.core.explained import (
    ASKED,
    OK,
    SOURCE,
    STOPPED,
    UNKNOWN,
    Explanation,
    Step,
    conclude,
)
from portal.sources.core.explained import FILE as FILE_STAGE
from portal.sources.core.explaining_files import explain_file, explain_files
from portal.sources.core.explaining_names import explain_names, list_named
from portal.sources.core.explaining_sources import (
    explain_branch,
    explain_missing,
    explain_read,
    explain_repository,
    tell_source,
)
from portal.sources.core.placing import Place, find_organisations, find_places, list_at_host

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.sources.core.known import Known, KnownSource

MOST_NAMED = 5
NOT_ASKED = "Nothing was asked."
NOT_READ = "This cannot be read as an address, a path or a reference."
HOW = "Paste the address of a file or a repository, a path, or a reference such as component:name."
WORDS = {
    FILE: "a file at {host}, in `{repository}`",
    FOLDER: "a folder at {host}, in `{repository}`",
    REPOSITORY: "the repository `{repository}` at {host}",
    ORGANISATION: "`{repository}` at {host}",
    "address": "a file at {host}",
    PATH: "the file `{path}`",
    "reference": "the reference `{ref}`",
    NAME: "the name `{text}`",
}


def explain(asked: Asked, known: Known) -> Explanation:
    """Return why what is asked about is in the catalog or is not."""
    if asked.kind == NOTHING:
        words = NOT_READ if asked.text else NOT_ASKED
        return conclude(asked.text, [Step(ASKED, STOPPED, words, HOW)])
    first = Step(ASKED, OK, _say_asked(asked))
    if asked.kind in NAMED:
        places = find_places(asked, known) if asked.kind == NAME else []
        if not places or list_named(asked, known):
            return conclude(asked.text, [first, *explain_names(asked, known)], known.nearest)
        return conclude(asked.text, [first, *_choose(asked, places, known)])
    return conclude(asked.text, [first, *_explain_place(asked, known)])


def _say_asked(asked: Asked) -> str:
    words = WORDS[asked.kind].format(
        host=asked.host,
        repository=next(iter(asked.repositories), asked.host),
        path=asked.path,
        ref=next(iter(asked.refs), asked.text),
        text=asked.text,
    )
    return f"You ask about {words}."


def _explain_place(asked: Asked, known: Known) -> list[Step]:
    places = find_places(asked, known)
    if asked.kind == PATH and len(places) != 1 and not _is_named(asked, places):
        return [_list_places(places) if places else _miss_path(asked, known)]
    if places:
        return _choose(asked, places, known)
    organisations = find_organisations(asked, known)
    if asked.kind == ORGANISATION and organisations:
        return _explain_organisation(organisations[0], known)
    if organisations:
        return explain_missing(asked, organisations[0], known)
    return [_miss_source(asked, known)]


def _choose(asked: Asked, places: Sequence[Place], known: Known) -> list[Step]:
    """Return the steps through the source that gets furthest; the others are named."""
    tried = [(place, _follow(asked, place, known)) for place in places]
    place, steps = min(tried, key=lambda each: _rank(each[1]))
    others = [f"`{p.source.name}`" for p, _ in tried if p.source.id != place.source.id]
    return [tell_source(place, known, others), *steps]


def _rank(steps: Sequence[Step]) -> tuple[bool, int]:
    """Return how soon steps stop: those that lead into the catalog come first."""
    ok = next((n for n, step in enumerate(steps) if step.status == STOPPED), len(steps))
    return not any(step.is_here for step in steps), -ok


def _follow(asked: Asked, place: Place, known: Known) -> list[Step]:
    """Return the steps from a source to the catalog; what stops for good ends them."""
    source = place.source
    repository = explain_repository(source, known)
    before = [repository] if repository is not None else []
    branch = explain_branch(asked, place)
    if source.read_at is None:
        return [*before, explain_read(source, known, is_here=False)]
    if branch is not None and branch.status == STOPPED:
        return [*before, explain_read(source, known, is_here=True), branch]
    is_whole = asked.kind in (REPOSITORY, FOLDER) or not place.path
    rest = explain_files(place, known) if is_whole else explain_file(asked, place, known)
    is_here = any(step.is_here for step in rest) and not any(s.status == STOPPED for s in rest)
    read = explain_read(source, known, is_here=is_here)
    return [*before, read, *([branch] if branch is not None else []), *rest]


def _is_named(asked: Asked, places: Sequence[Place]) -> bool:
    """Whether a path says by itself which source it is in."""
    return any(place.path != asked.path and asked.path.endswith(place.path) for place in places)


def _list_places(places: Sequence[Place]) -> Step:
    named = [f"`{place.source.name}/{place.path}`" for place in places[:MOST_NAMED]]
    words = f"Several files that were read have this path: {', '.join(named)}."
    return Step(FILE_STAGE, UNKNOWN, words, "Ask for one of them, with its source before the path.")


def _miss_path(asked: Asked, known: Known) -> Step:
    near = [f"`{source}/{path}`" for source, path in known.similar[:MOST_NAMED]]
    words = f"No file that was read is called `{asked.path}`."
    if near:
        words += f" Near it: {', '.join(near)}."
    fix = "Paste the file's address at its host, which says more: then its source can be told."
    return Step(FILE_STAGE, STOPPED, words, fix)


def _explain_organisation(source: KnownSource, known: Known) -> list[Step]:
    words = "Its repositories are discovered by themselves; ask for one of them."
    read = explain_read(source, known, is_here=True)
    told = Step("repository", UNKNOWN, words, source_id=source.id, source=source.name)
    return [tell_source(Place(source, ""), known, []), told, read]


def _miss_source(asked: Asked, known: Known) -> Step:
    what = f"`{asked.repositories[0]}`" if asked.repositories else "this address"
    if not any(source.parent_id is None for source in known.sources):
        words = "This portal has no sources yet, so nothing at all was read."
        fix = "An admin declares one, or runs `portal catalog ingest PATH` on a folder."
        return Step(SOURCE, STOPPED, words, fix)
    there = [f"`{source.name}`" for source in list_at_host(asked.host, known)]
    if there:
        listed = ", ".join(there[:MOST_NAMED])
        words = f"No source reads {what} at {asked.host}. These read something there: {listed}."
    else:
        words = f"No source reads anything at {asked.host}."
    owner = asked.repositories[0].rpartition("/")[0] if asked.repositories else ""
    whole = f", or all of `{owner}`" if owner else ""
    return Step(SOURCE, STOPPED, words, f"An admin adds a source for {what}{whole}.")
