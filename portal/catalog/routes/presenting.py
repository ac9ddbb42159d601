"""What the catalog's templates read: plain objects made from rows."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml
from flask import url_for

from portal.catalog.core.fields import is_safe_link
from portal.catalog.core.meaning import TIER_LABELS
from portal.infra.clock import utc_now
from portal.infra.contributions import get_contributions
from portal.web.unit import Session, get_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from portal.catalog.core.link_templates import MadeLink
    from portal.catalog.core.relations import Relation
    from portal.catalog.models import Entity

RELATION_LABELS = {
    "ownedBy": "Owned by",
    "ownerOf": "Owns",
    "partOf": "Part of",
    "hasPart": "Has parts",
    "providesApi": "Provides",
    "apiProvidedBy": "Provided by",
    "consumesApi": "Consumes",
    "apiConsumedBy": "Consumed by",
    "dependsOn": "Depends on",
    "dependencyOf": "Needed by",
    "childOf": "Child of",
    "parentOf": "Parent of",
    "memberOf": "Member of",
    "hasMember": "Members",
}
SHOWN_SPEC = frozenset(
    (
        "type",
        "lifecycle",
        "owner",
        "system",
        "domain",
        "definition",
        "dependsOn",
        "dependencyOf",
        "consumesApis",
        "providesApis",
        "subcomponentOf",
        "subdomainOf",
        "parent",
        "children",
        "members",
        "memberOf",
    )
)
LONGEST_VALUE = 300
MINUTES_SHOWN = 90
MOST_IN_GROUP = 200
OWNER_HINT = "owner-suggested"


def entity_url(kind: str, namespace: str, name: str, **query: Any) -> str:
    """Return the address of an entity's page in the catalog."""
    return url_for("catalog.show", kind=kind, namespace=namespace, name=name.lower(), **query)


def entity_page_url(kind: str, namespace: str, name: str) -> str | None:
    """Return the address of the page a feature gives this kind, None where none does."""
    endpoint = get_database().contributions.entity_pages.get(kind)
    if endpoint is None:
        return None
    return url_for(endpoint, namespace=namespace, name=name.lower())


def best_url(kind: str, namespace: str, name: str) -> str:
    """Return where a link to an entity leads: its kind's own page, else the catalog's."""
    return entity_page_url(kind, namespace, name) or entity_url(kind, namespace, name)


def say_kind(kind: str) -> str:
    """Return a kind as people write it."""
    return {"api": "API", "airesource": "AI resource"}.get(kind, kind)


def make_link(ref: str | None, labels: Mapping[str, Any]) -> SimpleNamespace | None:
    """Return a link to `ref`; without `url` when nothing of that name exists."""
    if ref is None:
        return None
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    row = labels.get(ref)
    if row is None:
        label = name if namespace == "default" else rest
        return SimpleNamespace(ref=ref, kind=kind, label=label, url=None, type=None)
    return SimpleNamespace(
        ref=ref,
        kind=kind,
        label=row.title or row.name,
        type=row.type,
        url=best_url(row.kind, row.namespace, row.name),
    )


def make_row(row: Any, labels: Mapping[str, Any], problems: Mapping[str, int]) -> SimpleNamespace:
    """Return a line of the list."""
    return SimpleNamespace(
        ref=row.ref,
        url=best_url(row.kind, row.namespace, row.name),
        kind=say_kind(row.kind),
        name=row.name,
        namespace=row.namespace,
        title=row.title,
        description=row.description,
        type=row.type,
        class_label=say_class(row.entity_class),
        lifecycle=row.lifecycle,
        tier=row.tier,
        tier_label=TIER_LABELS.get(row.tier),
        owner=make_link(row.owner, labels),
        system=make_link(row.system, labels),
        domain=make_link(row.domain, labels),
        tags=row.tags,
        source=row.source,
        updated_at=row.updated_at,
        problem_count=problems.get(row.ref, 0),
    )


def say_class(name: str | None) -> str | None:
    """Return a class as words."""
    return None if name is None else name.replace("_", " ")


def make_entity(  # noqa: PLR0913 every part is named
    entity: Entity,
    relations: Iterable[Relation],
    labels: Mapping[str, Any],
    *,
    domain: str | None,
    made: Iterable[MadeLink],
    aliases: Iterable[Any],
    problems: Iterable[Any],
) -> SimpleNamespace:
    """Return an entity as its page shows it."""
    metadata = entity.document["metadata"]
    found = list(problems)
    owner = make_link(entity.owner, labels)
    is_owned = owner is not None and owner.url is not None
    return SimpleNamespace(
        ref=entity.ref,
        kind=say_kind(entity.kind),
        name=entity.name,
        namespace=entity.namespace,
        title=entity.title,
        description=entity.description,
        type=entity.type,
        class_label=say_class(entity.entity_class),
        lifecycle=entity.lifecycle,
        stage=entity.stage,
        tier_label=TIER_LABELS.get(entity.tier) if entity.tier is not None else None,
        owner=owner,
        system=make_link(entity.system, labels),
        domain=make_link(domain, labels),
        tags=entity.tags,
        links=[_make_web_link(link) for link in metadata.get("links") or ()],
        made_links=_group_links(made),
        labels=sorted((metadata.get("labels") or {}).items()),
        annotations=sorted((metadata.get("annotations") or {}).items()),
        fields=_list_fields(entity.document.get("spec") or {}),
        source=SimpleNamespace(
            name=entity.source,
            file=entity.file,
            line=entity.line,
            document=entity.document_number,
            read_at=entity.read_at,
            read_as=entity.read_as,
            notes=[_make_problem(p) for p in found if _is_note(p, entity)],
            view_url=_safe(metadata, "backstage.io/view-url"),
        ),
        aliases=list(aliases),
        relations=_group(list(relations), labels),
        owner_hints=[] if is_owned else [p.message for p in found if p.rule == OWNER_HINT],
        problems=[
            _make_problem(p) for p in found if not _is_note(p, entity) and p.rule != OWNER_HINT
        ],
    )


def present_origin(session: Session, entity: Entity) -> SimpleNamespace:
    """Return where the source of an entity is looked after, and where people see its file.

    `ends` says when the entity expires by itself, `failing_since` since when it is not read.
    """
    found = next(
        (
            link
            for part in get_contributions(session).source_links
            if (link := part.find(session, entity.source))
        ),
        None,
    )
    if found is None:
        return SimpleNamespace(url=None, file_url=None, ends="", failing_since=None)
    address = f"{found.file_url}{quote(entity.file)}#L{entity.line}" if found.file_url else ""
    return SimpleNamespace(
        url=found.url,
        file_url=address if is_safe_link(address) else None,
        ends=_say_end(found.expires_at) if entity.is_ephemeral else "",
        failing_since=found.failing_since,
    )


def _say_end(moment: datetime | None) -> str:
    """Return how long something is still there, in hours or the last minutes of it."""
    if moment is None:
        return ""
    minutes = max(1, round((moment - utc_now()).total_seconds() / 60))
    return f"{round(minutes / 60)} h" if minutes >= MINUTES_SHOWN else f"{minutes} min"


def _is_note(problem: Any, entity: Entity) -> bool:
    """Whether a problem tells how another product's file was read, not what is wrong with it."""
    is_there = bool(entity.read_as) and problem.file == entity.file
    return is_there and problem.severity == "warning" and str(problem.path).startswith("$")


def _make_problem(problem: Any) -> SimpleNamespace:
    return SimpleNamespace(
        severity=problem.severity,
        rule=problem.rule,
        message=problem.message,
        fix=problem.fix,
        place=problem.file,
        line=problem.line,
    )


def _make_web_link(link: Mapping[str, Any]) -> SimpleNamespace:
    raw = link["url"]
    return SimpleNamespace(
        title=link.get("title") or raw, url=raw if is_safe_link(raw) else None, raw=raw
    )


def _group_links(made: Iterable[MadeLink]) -> list[SimpleNamespace]:
    """Return the links of templates, those of several environments under one title."""
    titles: dict[str, list[MadeLink]] = {}
    for link in made:
        titles.setdefault(link.title, []).append(link)
    return [SimpleNamespace(title=title, links=links) for title, links in titles.items()]


def _safe(metadata: Mapping[str, Any], annotation: str) -> str | None:
    url = (metadata.get("annotations") or {}).get(annotation)
    return url if isinstance(url, str) and is_safe_link(url) else None


def _group(relations: list[Relation], labels: Mapping[str, Any]) -> list[SimpleNamespace]:
    groups: dict[str, list[Any]] = {}
    for relation in relations:
        groups.setdefault(relation.type, []).append(make_link(relation.target, labels))
    return [
        SimpleNamespace(
            label=RELATION_LABELS[kind],
            direction=kind,
            items=groups[kind][:MOST_IN_GROUP],
            total=len(groups[kind]),
        )
        for kind in RELATION_LABELS
        if kind in groups
    ]


def _list_fields(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(name), _shorten(value)) for name, value in spec.items() if name not in SHOWN_SPEC]


def _shorten(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def write_yaml(document: Any) -> str:
    """Return a document as YAML, keys in the order they were read."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def write_json(document: Any) -> str:
    """Return a document as indented JSON."""
    return json.dumps(document, ensure_ascii=False, indent=2)
