"""Judges documents of other products: every entity a document becomes gets its own verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import Finding
from portal.catalog.core.refs import entity_ref
from portal.catalog.core.specs import check_entity
from portal.catalog.core.storable import check_storable
from portal.sources.core.foreign import PRODUCTS, Translation, translate
from portal.sources.core.foreign.notes import (
    NoEntity,
    Notes,
    Refusal,
    explain,
    explain_drop,
    find_line,
    write_path,
)
from portal.sources.core.placeholders import ReadFile, resolve_placeholders
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.catalog.core.yaml_text.documents import Document
    from portal.sources.core.foreign.members import Member

RESULT_FIX = "Correct the field of the file it comes from."
LISTS = ("providesApis",)
LONGEST_WORD = 100


def judge_foreign(bare: Verdict, document: Document, read: ReadFile) -> list[Verdict]:
    """Return the verdicts of one document; `bare` says which it is, and of what product."""
    unstorable = list(check_storable(document.value))
    if unstorable:
        found = tuple(
            replace(finding, path=f"$.{finding.path}", line=document.line) for finding in unstorable
        )
        return [replace(bare, status=ERROR, reason=found[0].message, errors=found)]
    try:
        translation = translate(bare.product, document.value, document.text)
    except NoEntity as found:
        reason = f"{PRODUCTS[bare.product]} {found}: no entity of the catalog"
        return [replace(bare, status=SKIPPED, reason=reason)]
    except Refusal as refusal:
        return [_refuse(bare, document, refusal)]
    return _judge(bare, document, translation, read)


def _refuse(bare: Verdict, document: Document, refusal: Refusal) -> Verdict:
    line = find_line(refusal.path, document.lines or {}, document.line)
    finding = Finding(write_path(refusal.path), refusal.rule, refusal.message, refusal.fix, line)
    return replace(bare, status=ERROR, reason=refusal.message, errors=(finding,))


def _judge(
    bare: Verdict, document: Document, translation: Translation, read: ReadFile
) -> list[Verdict]:
    """Return a verdict for each entity; what is said about the document goes to the first."""
    verdicts = []
    for index, entity in enumerate(translation.entities):
        resolved, found = resolve_placeholders(entity, read)
        found = found or check_entity(resolved)
        ref = _find_ref(entity)
        if found:
            errors = tuple(
                replace(finding, line=document.line, fix=finding.fix or RESULT_FIX)
                for finding in found
            )
            verdicts.append(
                replace(bare, status=ERROR, reason=found[0].message, ref=ref, errors=errors)
            )
            continue
        verdict = replace(
            bare, status=OK, reason=_say(bare.product, entity), ref=ref, entity=resolved
        )
        if index == 0:
            verdict = _tell(verdict, document, translation.notes)
            verdict = replace(verdict, members=translation.members)
        verdicts.append(verdict)
    return verdicts


def _say(product: str, entity: Mapping[str, Any]) -> str:
    """Return what an entity was read as: `read as an OpsLevel service`."""
    name = PRODUCTS[product]
    article = "an" if name[0] in "AEIOU" else "a"
    word = str(entity["spec"].get("type") or entity["kind"].lower())[:LONGEST_WORD]
    return f"read as {article} {name} {word}"


def _find_ref(entity: Mapping[str, Any]) -> str:
    return entity_ref(entity).canonical


def _tell(verdict: Verdict, document: Document, notes: Notes) -> Verdict:
    lines, first = document.lines or {}, document.line
    product = PRODUCTS[verdict.product]
    warnings = tuple(
        replace(explain(warning), line=find_line(warning.path, lines, first))
        for warning in notes.warnings
    )
    dropped = tuple(
        replace(explain_drop(drop, product), line=find_line(drop.path, lines, first))
        for drop in notes.drops
    )
    return replace(verdict, warnings=(*verdict.warnings, *warnings, *dropped))


def join_members(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """State relations that one document gives for another of the same file; report the others."""
    found = list(verdicts)
    if not any(verdict.members for verdict in found):
        return found
    places = {v.ref: i for i, v in reversed(list(enumerate(found))) if v.status == OK}
    for index, verdict in enumerate(found):
        missing = [
            member
            for member in verdict.members
            if not _join(found, places.get(_canonical(member.ref)), member, verdict)
        ]
        found[index] = replace(
            found[index],
            members=(),
            warnings=(*found[index].warnings, *_report(verdict, missing)),
        )
    return found


def _canonical(ref: str) -> str:
    kind, _, name = ref.partition(":")
    return (f"{kind}:{name}" if "/" in name else f"{kind}:default/{name}").lower()


def _join(found: list[Verdict], at: int | None, member: Member, verdict: Verdict) -> bool:
    """State `verdict` in the spec of the member at `at`; False when it cannot stand there."""
    if at is None or verdict.entity is None:
        return False
    other = found[at]
    entity = other.entity
    if entity is None or (member.field == "system" and entity["kind"] == "System"):
        return False
    spec = dict(entity["spec"])
    own = verdict.entity["metadata"]
    name = f"{own['namespace']}/{own['name']}" if own.get("namespace") else own["name"]
    if member.field in LISTS:
        if entity["kind"] != "Component":
            return False
        refs = [*spec.get(member.field, ()), f"api:{name}"]
        spec[member.field] = list(dict.fromkeys(refs))
    elif spec.setdefault(member.field, name) != name:
        return False
    found[at] = replace(other, entity={**entity, "spec": spec})
    return True


def _report(verdict: Verdict, missing: Iterable[Member]) -> list[Finding]:
    notes = Notes()
    for member in missing:
        notes.drop_as("component-elsewhere", member.path, f"`{member.ref}`")
    product = PRODUCTS[verdict.product] if verdict.product else ""
    found = [explain(warning) for warning in notes.warnings]
    found += [explain_drop(drop, product) for drop in notes.drops]
    return [replace(finding, line=verdict.line) for finding in found]
