"""What the form of an entity shows: its fields, where each is from, what is wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import url_for

from portal.catalog.core.document_fields import MISSING, is_within, read_field
from portal.catalog.core.editable import (
    CONTACTED,
    GROUPS,
    LINKS,
    ONE_PER_ROW,
    OWNERS,
    PAIRS,
    REF,
    REFS,
    TICKS,
    TIER,
    FormField,
    say_pointer,
)
from portal.catalog.core.form_text import BETWEEN, list_long_keys, show_texts
from portal.catalog.core.meaning import TIER_LABELS, find_tier
from portal.catalog.core.merging import BOTH, THEIRS, make_mark
from portal.catalog.core.own_fields import BOOLEAN, CHOICES, CHOSEN
from portal.catalog.core.records import PORTAL
from portal.catalog.queries.form_fields import list_form_fields
from portal.catalog.queries.origins import list_changers, list_origins, name_people
from portal.catalog.queries.references import list_offered, write_offered
from portal.catalog.routes.origins import present_origins, say_value
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portal.catalog.core.merging import Merged
    from portal.catalog.core.own_fields import OwnField
    from portal.catalog.models import Entity
    from portal.errors import Problem
    from portal.web.unit import Session

SPARE_ROWS = 2
MORE_ROWS = 6
SHOWN_IN_LONG = 4
CLOSED = ("more", "definition")
PLACES = {"ownedBy": "owner", "partOf": "system", "providesApi": "provides_apis"} | {
    "consumesApi": "consumes_apis",
    "dependsOn": "depends_on",
}


class Filled:
    """A form to be shown: texts by field, and what is known of them."""

    def __init__(self, session: Session, entity: Entity) -> None:
        self.session, self.entity = session, entity
        self.fields = list_form_fields(session, entity)
        self.present = show_texts(self.fields, entity.document)
        self.texts = dict(self.present)
        self.seen = {name: make_mark(text) for name, text in self.present.items()}
        self.merged: Mapping[str, Merged] = {}
        self.problems: Sequence[Problem] = ()
        self.drop: frozenset[str] = frozenset()
        self.version = entity.revision
        self.spare = SPARE_ROWS

    def merge(self, merged: Mapping[str, Merged]) -> None:
        """Take over what two people made of the fields; it is then based on what is there now."""
        self.merged = merged
        self.texts = {name: each.text for name, each in merged.items()}

    def present_groups(self) -> list[SimpleNamespace]:
        """Return the fields by group, as the page shows them."""
        session, errors = self.session, find_errors(self.fields, self.problems)
        origins = present_origins(session, self.entity, list_origins(session, self.entity))
        changers = self._name_changers()
        groups = []
        for name, title in GROUPS.items():
            fields = [
                self._present(field, errors, origins, changers)
                for field in self.fields
                if field.group == name
            ]
            if fields:
                is_open = name not in CLOSED or any(
                    f.error or f.whose in (BOTH, THEIRS) for f in fields
                )
                groups.append(SimpleNamespace(name=name, title=title, fields=fields, open=is_open))
        return groups

    def _name_changers(self) -> dict[str, SimpleNamespace]:
        """Return who changed what others changed meanwhile, by field."""
        pointers = {
            field.pointer: field.name
            for field in self.fields
            if field.name in self.merged and self.merged[field.name].whose in (BOTH, THEIRS)
        }
        if not pointers:
            return {}
        found = list_changers(self.session, self.entity.ref, pointers)
        names = name_people(self.session, (row.actor for row in found.values()))
        return {
            pointers[pointer]: SimpleNamespace(by=names.get(row.actor, row.actor), at=row.at)
            for pointer, row in found.items()
        }

    def _present(
        self,
        field: FormField,
        errors: Mapping[str, str],
        origins: Iterable[SimpleNamespace],
        changers: Mapping[str, SimpleNamespace],
    ) -> SimpleNamespace:
        text = self.texts[field.name]
        merged = self.merged.get(field.name)
        mine = [o for o in origins if is_within(o.pointer, field.pointer)]
        return SimpleNamespace(
            name=field.name,
            label=field.label,
            input=field.input,
            help=_help(field, self.entity.document),
            text=text,
            rows=_split(field, text, self.spare),
            error=errors.get(field.name, ""),
            seen=self.seen[field.name],
            whose=merged.whose if merged else "",
            theirs=say_text(field, merged.theirs) if merged and merged.whose == BOTH else "",
            changer=changers.get(field.name),
            origins=[o for o in mine if o.is_set_here] if field.input == PAIRS else mine,
            dropped=self.drop,
            options=_list_options(self.session, field, self.entity, text),
            offer=_offer_id(field),
        )


def say_text(field: FormField, text: str) -> str:
    """Return a field's text as it is shown beside another."""
    if field.input == LINKS:
        return "\n".join(" · ".join(filter(None, row.split(BETWEEN))) for row in text.split("\n"))
    return text


def _help(field: FormField, document: Mapping[str, Any]) -> str:
    """Return what stands below a field, with what of it cannot be changed here."""
    long = list_long_keys(read_field(document, field.pointer)) if field.input == PAIRS else []
    if not long:
        return field.help
    more = f" and {len(long) - SHOWN_IN_LONG} more" if len(long) > SHOWN_IN_LONG else ""
    named = ", ".join(f"`{key}`" for key in long[:SHOWN_IN_LONG])
    return f"{field.help} Of several lines, and so left as they are: {named}{more}."


def _split(field: FormField, text: str, spare: int) -> list[Any]:
    """Return the rows of a field that has some, with empty ones below."""
    rows = text.split("\n") if text else []
    if field.input == LINKS:
        return [
            dict(zip(("title", "url", "type"), (*row.split(BETWEEN), "", ""), strict=False))
            for row in [*rows, *[""] * spare]
        ]
    if field.input == TICKS:
        return rows
    return [*rows, *[""] * spare] if field.input in ONE_PER_ROW else []


def _list_options(
    session: Session, field: FormField, entity: Entity, text: str
) -> list[tuple[str, str]]:
    """Return what a field offers to choose from: (value, how it reads)."""
    if field.own is not None:
        return _list_choices(field.own, text)
    if field.input != TIER:
        return [(word, word) for word in field.suggested]
    known = [("", "not set"), *((str(tier), label) for tier, label in TIER_LABELS.items())]
    if any(text == value for value, _ in known):
        return known
    tiers = get_contributions(session).vocabulary.tiers
    meant = find_tier(entity.document, tiers)
    label = TIER_LABELS[meant] if meant is not None else "no tier"
    return [(text, f"{text} (counts as {label})"), *known]


def _list_choices(own: OwnField, text: str) -> list[tuple[str, str]]:
    """Return what may be chosen in an own field, and what stands there though it may not."""
    if own.type == BOOLEAN:
        known = [("true", "yes"), ("false", "no")]
    elif own.type in CHOSEN:
        known = [(choice.value, choice.name) for choice in own.choices]
    else:
        return []
    values = [value for value, _ in known]
    strange = [
        (row, f"{row} (not allowed)") for row in text.split("\n") if row and row not in values
    ]
    return [*([] if own.type == CHOICES else [("", "not set")]), *known, *strange]


def _offer_id(field: FormField) -> str:
    if field.input not in (REF, CONTACTED, REFS, OWNERS):
        return ""
    return f"offer-{'-'.join(field.targets)}-{field.default_kind or 'any'}"


def list_offers(session: Session, fields: Iterable[FormField]) -> list[SimpleNamespace]:
    """Return what fields of references offer, once for those that offer the same."""
    found = {}
    for field in fields:
        name = _offer_id(field)
        if name and name not in found:
            rows = list_offered(session, field.targets)
            found[name] = SimpleNamespace(
                id=name,
                url=url_for(
                    "catalog.offers", kind=list(field.targets), default=field.default_kind or ""
                ),
                options=present_offers(rows, field.default_kind),
            )
    return list(found.values())


def present_offers(rows: Iterable[Any], default_kind: str | None) -> list[tuple[str, str]]:
    """Return entities as a field offers them: what is typed, and how it is called."""
    return [(write_offered(row, default_kind), row.title or "") for row in rows]


def find_name(fields: Sequence[FormField], place: str) -> str:
    """Return the field that a problem is about, by its name, pointer, path or relation."""
    if place in PLACES:
        place = PLACES[place]
    for field in fields:
        if place in (field.name, field.pointer):
            return field.name
    dotted = place if place.startswith("/") else "/" + place.replace("[", ".").replace("]", "")
    dotted = dotted.replace("~1", "/").replace(".", "/")
    best = ""
    for field in fields:
        above = field.pointer.replace("~1", "/").replace(".", "/")
        if is_within(dotted, above) and len(above) > len(best):
            best, name = above, field.name
    return name if best else place


def find_errors(fields: Sequence[FormField], problems: Iterable[Problem]) -> dict[str, str]:
    """Return what is wrong and how to mend it, by name of the field."""
    found: dict[str, list[str]] = {}
    for each in problems:
        found.setdefault(find_name(fields, each.field), []).append(
            f"{each.message} {each.fix}".strip()
        )
    return {name: " ".join(dict.fromkeys(texts)) for name, texts in found.items()}


def list_proposed(entity: Entity, changes: Iterable[Any]) -> list[SimpleNamespace]:
    """Return changes in words: the field, what is there and what is to be."""
    return [
        SimpleNamespace(
            name=say_pointer(change.pointer),
            before=say_value(read_field(entity.document, change.pointer)),
            after=say_value(MISSING if change.is_removal else change.value),
        )
        for change in changes
    ]


def find_proposals(session: Session, entity: Entity) -> str | None:
    """Return where changes of an entity's file are proposed, None where that is not done."""
    proposals = get_contributions(session).proposals
    if not proposals or entity.source == PORTAL or entity.read_as:
        return None
    if not proposals[0].is_offered(session, entity.source):
        return None
    return url_for(
        proposals[0].endpoint,
        kind=entity.kind,
        namespace=entity.namespace,
        name=entity.name.lower(),
    )
