"""What the catalog keeps of an entity: its columns, tags, relations and aliases."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.core.aliases import Alias, list_aliases
from portal.catalog.core.filters import expand_ref
from portal.catalog.core.meaning import find_class, find_stage, find_tier, parse_criticalities
from portal.catalog.core.refs import entity_ref
from portal.catalog.core.relations import Relation, list_relations
from portal.catalog.core.values import make_uid
from portal.catalog.core.words import Words, gather_words

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_WORD = 200
NO_WORDS: Mapping[str, str] = {}
PORTAL = "portal"
"""The source of what was made in the portal itself."""
HELD_BY_HAND = "brought back by hand; no file of its source defines it now"
"""What an entity was read as that came back without its file; a file that defines it ends that."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entity was read: source, file, document number and line, both from 1.

    `read_as` says what it was read as where that is no Backstage document; what is ephemeral
    expires by itself and is left out of lists and counts.
    """

    source: str
    file: str
    document_number: int
    line: int
    read_as: str = ""
    is_ephemeral: bool = False


NOWHERE = Place("", "", 1, 1)
"""The place of a document that is only looked at."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entity ready to be stored; `columns` are those drawn from its document.

    `base` in them is the document as its file has it, where overlays made another of it.
    """

    ref: str
    place: Place
    digest: str
    columns: Mapping[str, Any]
    tags: tuple[str, ...]
    relations: tuple[Relation, ...]
    criticalities: Mapping[str, str]
    words: Words
    aliases: tuple[Alias, ...]


def build_record(
    entity: Mapping[str, Any],
    place: Place,
    *,
    base: Mapping[str, Any] | None = None,
    types: Mapping[str, str] = NO_WORDS,
    lifecycles: Mapping[str, str] = NO_WORDS,
    tiers: Mapping[str, str] = NO_WORDS,
) -> Record:
    """Return the record of a checked entity; `base` is what overlays made it of.

    The other mappings are the company's own words.
    """
    ref = entity_ref(entity)
    metadata = entity["metadata"]
    spec = entity.get("spec") or {}
    kind = ref.kind.lower()
    relations = tuple(dict.fromkeys(relation.forward for relation in list_relations(entity)))
    title = metadata.get("title")
    columns = {
        "uid": make_uid(ref.canonical),
        "kind": kind,
        "namespace": ref.namespace.lower(),
        "name": ref.name,
        "sort_name": (title or ref.name).lower()[:LONGEST_WORD],
        "title": title,
        "description": metadata.get("description"),
        "type": _word(spec.get("type")),
        "entity_class": find_class(spec.get("type"), kind, types),
        "lifecycle": _word(spec.get("lifecycle")),
        "stage": find_stage(spec.get("lifecycle"), lifecycles),
        "tier": find_tier(entity, tiers),
        "owner": _target(relations, ref.canonical, "ownedBy"),
        "system": _target(relations, ref.canonical, "partOf", "system:"),
        "domain": _target(relations, ref.canonical, "partOf", "domain:"),
        "document": dict(entity),
        "base": None if base is None else dict(base),
    }
    tags = tuple(dict.fromkeys(metadata.get("tags") or ()))
    judged = (entity, columns["entity_class"], columns["stage"], columns["tier"])
    return Record(
        ref.canonical,
        place,
        hashlib.blake2b(
            _canonical(judged if base is None else (*judged, base)), digest_size=16
        ).hexdigest(),
        {**columns, "tags": list(tags)},
        tags,
        relations,
        {expand_ref(end, "component"): word for end, word in parse_criticalities(entity).items()},
        gather_words(entity, columns["entity_class"]),
        tuple(list_aliases(entity)),
    )


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _word(value: Any) -> str | None:
    return value[:LONGEST_WORD] if isinstance(value, str) and value else None


def _target(relations: tuple[Relation, ...], ref: str, kind: str, prefix: str = "") -> str | None:
    return next(
        (
            r.target
            for r in relations
            if r.type == kind and r.source == ref and r.target.startswith(prefix)
        ),
        None,
    )
