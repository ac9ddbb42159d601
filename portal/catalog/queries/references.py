"""References as people type them: what they lead to, what was meant, what could be typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from portal.catalog.core.form_text import list_refs
from portal.catalog.core.refs import DEFAULT_NAMESPACE, parse_ref
from portal.catalog.models import Entity
from portal.catalog.queries.nearest import find_nearest
from portal.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from portal.catalog.core.editable import FormField

MOST_OFFERED = 100
MOST_NEAREST = 3


@dataclass(slots=True)
class Resolved:
    """How references are written, by field and what was typed, and those that lead nowhere."""

    names: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def resolve_references(
    session: Session,
    fields: Sequence[FormField],
    typed: Mapping[str, str],
    shown: Mapping[str, str],
    *,
    namespace: str = DEFAULT_NAMESPACE,
) -> Resolved:
    """Look up what was typed anew in the fields of a form; what stood there may lead nowhere."""
    found = Resolved()
    for each in fields:
        old = set(list_refs(each, shown.get(each.name, "")))
        new = [text for text in list_refs(each, typed.get(each.name, "")) if text not in old]
        choices = {text: _list_choices(each, text, namespace) for text in new}
        refs = {ref for choice in choices.values() for ref in choice}
        there = set(session.scalars(select(Entity.ref).where(Entity.ref.in_(sorted(refs)))))
        for text, choice in choices.items():
            hits = [ref for ref in choice if ref in there]
            if each.default_kind and hits[:1] == choice[:1]:
                del hits[1:]  # a bare name is of the field's own kind, where that leads somewhere
            if len(hits) == 1:
                found.names.setdefault(each.name, {})[text] = _write(each, text, hits[0], namespace)
            else:
                found.problems.append(
                    _explain(session, each, text, hits or choice, is_many=bool(hits))
                )
    return found


def _list_choices(each: FormField, text: str, namespace: str) -> list[str]:
    """Return what a text may stand for: of its kind, else of each kind the field takes."""
    found = []
    for kind in dict.fromkeys((each.default_kind, *each.targets)):
        try:
            parsed = parse_ref(text, default_kind=kind, default_namespace=namespace)
        except ValueError:
            continue
        found.append(parsed.canonical)
    return list(dict.fromkeys(found))


def _write(each: FormField, text: str, ref: str, namespace: str) -> str:
    """Return a reference as it is written: as typed where that leads there, else with its kind."""
    try:
        typed = parse_ref(text, default_kind=each.default_kind, default_namespace=namespace)
    except ValueError:
        typed = None
    if typed is not None and typed.canonical == ref:
        return text
    kind, _, rest = ref.partition(":")
    space, _, name = rest.partition("/")
    return f"{kind}:{name}" if space == namespace else f"{kind}:{space}/{name}"


def _explain(
    session: Session, each: FormField, text: str, refs: Sequence[str], *, is_many: bool
) -> Problem:
    if is_many:
        words = " or ".join(f"`{ref}`" for ref in refs)
        return Problem(each.name, "one", f"`{text}` may be {words}.", "Write which of them.")
    near = [
        ref
        for ref in find_nearest(session, refs)
        if not each.targets or ref.partition(":")[0] in each.targets
    ][:MOST_NEAREST]
    fix = f"Did you mean {', '.join(f'`{ref}`' for ref in near)}?" if near else ""
    return Problem(
        each.name,
        "known",
        f"Nothing is called `{text}`.",
        fix or "Choose an entry that is in the catalog.",
    )


def list_offered(
    session: Session, kinds: Sequence[str], text: str = ""
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return entities of some kinds whose name or title holds a text, the first by name."""
    query = (
        select(Entity.ref, Entity.kind, Entity.namespace, Entity.name, Entity.title)
        .where(Entity.kind.in_(kinds), Entity.is_ephemeral.is_(False))
        .order_by(Entity.sort_name, Entity.id)
        .limit(MOST_OFFERED)
    )
    if text:
        low = text.lower()
        name = Entity.ref.contains(low, autoescape=True)
        query = query.where(or_(name, Entity.sort_name.contains(low, autoescape=True)))
    return session.execute(query).all()


def write_offered(row: Any, default_kind: str | None) -> str:
    """Return how an entity is typed in a field: no longer than needed to lead there."""
    name = row.name if row.namespace == DEFAULT_NAMESPACE else f"{row.namespace}/{row.name}"
    return name if row.kind == default_kind else f"{row.kind}:{name}"
