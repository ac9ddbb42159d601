"""Steps for a reference or a name: who defines it, refused it, removed it, or nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.sources.core.batches import CONFLICT
from portal.sources.core.explained import NAMED, OK, STOPPED, UNKNOWN, Step
from portal.sources.core.explaining_catalog import tell_entity, tell_held, tell_removed
from portal.sources.core.explaining_documents import explain_problem
from portal.sources.core.explaining_sources import explain_read

if TYPE_CHECKING:
    from portal.sources.core.asked import Asked
    from portal.sources.core.known import Known, KnownEntity, KnownProblem

MOST = 10
SECONDS_PER_HOUR = 3600


def explain_names(asked: Asked, known: Known) -> list[Step]:
    """Return the steps for whatever carries a name; nothing does where nobody wrote it."""
    steps: list[Step] = []
    refs = list_named(asked, known)
    for ref in refs[:MOST]:
        entity = known.find_entity(ref)
        problems = [p for p in known.problems if ref in (p.ref, p.about) and _counts(p)]
        if entity is not None:
            steps += _explain_entity(entity, problems, known)
        elif problems:
            steps += _explain_refused(ref, problems, known)
        else:
            removal = next(each for each in known.removed if each.ref == ref)
            words = f"`{removal.source}` defined {ref} in {removal.file}."
            steps += [_name(words, ref, removal.source, known), tell_removed(removal, known)]
    return steps or [_miss(asked, known)]


def _name(words: str, ref: str, name: str, known: Known) -> Step:
    source = known.find_source(name)
    number = source.id if source is not None else None
    return Step(NAMED, OK, words, source_id=number, source=name, ref=ref)


def _counts(problem: KnownProblem) -> bool:
    return problem.severity == "error"


def list_named(asked: Asked, known: Known) -> list[str]:
    """Return the references asked for that anything is known of, those in the catalog first."""
    wanted = {*asked.refs, *known.titled}
    found = [entity.ref for entity in known.entities]
    for problem in known.problems:
        if _counts(problem):
            found += [ref for ref in (problem.ref, problem.about) if ref]
    found += [removal.ref for removal in known.removed]
    return [ref for ref in dict.fromkeys(found) if ref in wanted]


def _explain_entity(entity: KnownEntity, problems: list[KnownProblem], known: Known) -> list[Step]:
    source = known.find_source(entity.source)
    words = f"`{entity.source}` defines {entity.ref} in {entity.file}, line {entity.line}."
    steps = [_name(words, entity.ref, entity.source, known)]
    own = [p for p in problems if (p.source, p.file) == (entity.source, entity.file)]
    if source is not None:
        steps.append(explain_read(source, known, is_here=not own))
    if own:
        steps.append(explain_problem(own, source, known))
    if _is_gone(entity, known):
        steps.append(tell_held(entity, source))
    else:
        steps.append(tell_entity(entity, known, is_old=bool(own)))
    return [*steps, *_list_rivals(entity, problems, known)]


def _is_gone(entity: KnownEntity, known: Known) -> bool:
    """Whether the source holds removals and its file no longer defines an entity."""
    source = known.find_source(entity.source)
    if source is None or not source.held:
        return False
    file = known.find_file(entity.source, entity.file)
    return file is None or all(row[2] != entity.ref for row in file.documents)


def _list_rivals(entity: KnownEntity, problems: list[KnownProblem], known: Known) -> list[Step]:
    """Return who else defines an entity, which stops nothing."""
    return [
        replace(explain_problem([each], known.find_source(each.source), known), status=UNKNOWN)
        for each in problems
        if (each.source, each.file) != (entity.source, entity.file) and each.rule == CONFLICT
    ]


def _explain_refused(ref: str, problems: list[KnownProblem], known: Known) -> list[Step]:
    first = problems[0]
    source = known.find_source(first.source)
    words = f"`{first.source}` names {ref} in {first.file}, line {first.line}."
    steps = [_name(words, ref, first.source, known)]
    if source is not None:
        steps.append(explain_read(source, known, is_here=True))
    mine = [p for p in problems if (p.source, p.file) == (first.source, first.file)]
    return [*steps, explain_problem(mine, source, known)]


def _miss(asked: Asked, known: Known) -> Step:
    hours = int(known.undo.total_seconds() // SECONDS_PER_HOUR)
    what = asked.refs[0] if asked.kind == "reference" and asked.refs else asked.text
    near = f"; the nearest name is `{known.nearest[0]}`" if known.nearest else ""
    words = f"Nothing that was read is called `{what}`{near}."
    fix = (
        "Check the spelling, or paste the address of the file that defines it, which tells more. "
        f"What is removed is remembered for {hours} hours."
    )
    return Step(NAMED, STOPPED, words, fix)
