"""Which fields people fill in, for which kinds, and where in a document each stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from portal.catalog.core import own_fields
from portal.catalog.core.contacts import CO_OWNERS, CONTACT, ROLES
from portal.catalog.core.document_fields import MISSING, join_pointer, read_field, split_pointer
from portal.catalog.core.kinds import find_kind
from portal.catalog.core.meaning import CLASSES, TIER_ANNOTATION, TIER_WORDS, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.catalog.core.own_fields import OwnField

# How a field is filled in.
LINE, LONG, WORD, TIER, REF, REFS = "line", "long", "word", "tier", "ref", "refs"
OWNERS, CONTACTED, TAGS, LINKS = "owners", "contact", "tags", "links"
PAIRS, CODE, CHOICE, TICKS = "pairs", "code", "choice", "ticks"
ONE_PER_ROW = (REFS, OWNERS, TICKS)

OWNED = ("component", "api", "resource", "system", "domain", "template", "airesource")
PARTS = ("component", "api", "resource", "airesource")
OWN_TARGETS = (*OWNED, "group", "user")
TIERED = ("component", "api", "resource", "system")
PEOPLE = ("group", "user")
ANNOTATIONS, LABELS = "/metadata/annotations", "/metadata/labels"
TIER_PLACES = (
    join_pointer("metadata", "annotations", TIER_ANNOTATION),
    "/spec/tier",
    "/spec/criticality",
)
ON_LINES = "One on each line: key=value."
NO_WORDS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as people fill it in; `pointer` is where its value stands in the document.

    `kinds` are those that have it, all without any; `targets` the kinds its references may be of,
    a bare name being of `default_kind`; `suggested` words to choose from; `own` what an admin
    declared where it is a field of the company.
    """

    name: str
    label: str
    pointer: str
    input: str = LINE
    help: str = ""
    group: str = "about"
    kinds: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    default_kind: str | None = None
    suggested: tuple[str, ...] = ()
    own: OwnField | None = None


GROUPS = {
    "about": "What it is",
    "ownership": "Who answers for it",
    "place": "What it belongs to and stands on",
    "own": "Your company's own fields",
    "links": "Links",
    "more": "Labels and annotations",
    "definition": "Definition",
}


def _annotation(key: str) -> str:
    return join_pointer("metadata", "annotations", key)


FIELDS = (
    FormField("title", "Title", "/metadata/title", help="How people call it. The name stays."),
    FormField("description", "Description", "/metadata/description", LONG, "One or two sentences."),
    FormField(
        "type",
        "Type",
        "/spec/type",
        WORD,
        "Your company's own word, such as service; it is mapped to a class.",
        kinds=(*OWNED, "group"),
    ),
    FormField(
        "lifecycle",
        "Lifecycle",
        "/spec/lifecycle",
        WORD,
        kinds=("component", "api", "airesource"),
        suggested=("experimental", "production", "deprecated", "retired"),
    ),
    FormField("tier", "Tier", TIER_PLACES[0], TIER, kinds=TIERED),
    FormField("tags", "Tags", "/metadata/tags", TAGS, "Lower-case words between commas."),
    FormField(
        "owner",
        "Owner",
        "/spec/owner",
        REF,
        "The one team that is accountable. Figures count for it alone.",
        "ownership",
        OWNED,
        PEOPLE,
        "group",
    ),
    FormField(
        "co_owners",
        "Co-owners",
        _annotation(CO_OWNERS),
        OWNERS,
        "Teams or people who look after it as well. Figures do not count for them.",
        "ownership",
        OWNED,
        PEOPLE,
        "group",
    ),
    *(
        FormField(
            f"contact_{role.replace('-', '_')}",
            f"Contact: {label}",
            _annotation(f"{CONTACT}{role}"),
            CONTACTED,
            "A team or person, an e-mail address, a web address or a channel such as #checkout.",
            "ownership",
            OWNED,
            PEOPLE,
            "group",
        )
        for role, label in ROLES.items()
    ),
    FormField(
        "system",
        "System",
        "/spec/system",
        REF,
        group="place",
        kinds=PARTS,
        targets=("system",),
        default_kind="system",
    ),
    FormField(
        "domain",
        "Domain",
        "/spec/domain",
        REF,
        group="place",
        kinds=("system",),
        targets=("domain",),
        default_kind="domain",
    ),
    FormField(
        "subdomain_of",
        "Part of the domain",
        "/spec/subdomainOf",
        REF,
        group="place",
        kinds=("domain",),
        targets=("domain",),
        default_kind="domain",
    ),
    FormField(
        "subcomponent_of",
        "Part of the component",
        "/spec/subcomponentOf",
        REF,
        group="place",
        kinds=("component",),
        targets=("component",),
        default_kind="component",
    ),
    FormField(
        "depends_on",
        "Depends on",
        "/spec/dependsOn",
        REFS,
        "Components and resources it cannot do without. Empty a row to take it out.",
        "place",
        ("component", "resource", "airesource"),
        ("component", "resource"),
    ),
    FormField(
        "provides_apis",
        "Provides APIs",
        "/spec/providesApis",
        REFS,
        group="place",
        kinds=("component",),
        targets=("api",),
        default_kind="api",
    ),
    FormField(
        "consumes_apis",
        "Consumes APIs",
        "/spec/consumesApis",
        REFS,
        group="place",
        kinds=("component",),
        targets=("api",),
        default_kind="api",
    ),
    FormField("links", "Links", "/metadata/links", LINKS, group="links"),
    FormField("labels", "Labels", LABELS, PAIRS, ON_LINES, "more"),
    FormField("annotations", "Annotations", ANNOTATIONS, PAIRS, ON_LINES, "more"),
    FormField("definition", "Definition", "/spec/definition", CODE, "", "definition", ("api",)),
)
TYPES = {
    "component": tuple(word.replace("_", "-") for word in CLASSES if word != "other"),
    "api": ("openapi", "asyncapi", "graphql", "grpc"),
    "resource": ("database", "topic", "queue", "cache", "bucket", "cluster"),
}


def list_fields(
    document: Mapping[str, Any], tiers: Mapping[str, str] = NO_WORDS
) -> list[FormField]:
    """Return the fields of an entity's form, each with the pointer its value stands at.

    A kind of another product's version has those that every kind has. `tiers` are the company's
    own words.
    """
    known = find_kind(document["kind"], document["apiVersion"]) is not None
    kind = str(document["kind"]).lower()
    return [
        _place(field, document, kind, tiers)
        for field in FIELDS
        if not field.kinds or (known and kind in field.kinds)
    ]


def _place(
    field: FormField, document: Mapping[str, Any], kind: str, tiers: Mapping[str, str]
) -> FormField:
    if field.input == TIER:
        return replace(field, pointer=find_tier_place(document, tiers))
    if field.name == "type":
        return replace(field, suggested=TYPES.get(kind, ()))
    return field


def find_tier_place(document: Mapping[str, Any], tiers: Mapping[str, str] = NO_WORDS) -> str:
    """Return where an entity's tier is read from: what is understood, else stands, first."""
    words = {*TIER_WORDS, *map(fold, tiers)}
    stand = [
        (pointer, value)
        for pointer in TIER_PLACES
        if (value := read_field(document, pointer)) is not MISSING
    ]
    understood = [pointer for pointer, value in stand if fold(str(value)) in words]
    return next(iter([*understood, *(pointer for pointer, _ in stand)]), TIER_PLACES[0])


OWN_INPUTS = {own_fields.CHOICE: CHOICE, own_fields.BOOLEAN: CHOICE, own_fields.CHOICES: TICKS}


def make_own_field(own: OwnField) -> FormField:
    """Return how people fill in a field that an admin declared."""
    is_ref = own.type == own_fields.REF
    return FormField(
        f"own_{own.key}",
        own.title,
        join_pointer(*own.parts),
        REF if is_ref else OWN_INPUTS.get(own.type, LINE),
        own.help,
        "own",
        targets=OWN_TARGETS if is_ref else (),
        default_kind="component" if is_ref else None,
        own=own,
    )


def list_own_keys(fields: Sequence[FormField]) -> frozenset[str]:
    """Return the annotations that have a field of their own, and so none among the others."""
    keys = (split_pointer(field.pointer) for field in fields if field.input != PAIRS)
    return frozenset(key[2] for key in keys if key[:2] == ["metadata", "annotations"])


def say_pointer(pointer: str, fields: Sequence[FormField] = FIELDS) -> str:
    """Return what stands at a pointer in words."""
    for field in fields:
        if field.pointer == pointer:
            return field.label
    keys = split_pointer(pointer)
    if keys[:2] == ["metadata", "annotations"] and len(keys) > 2:  # noqa: PLR2004 a key of its own
        return f"Annotation {'/'.join(keys[2:])}"
    if keys[:2] == ["metadata", "labels"] and len(keys) > 2:  # noqa: PLR2004 a key of its own
        return f"Label {'/'.join(keys[2:])}"
    return ".".join(keys)
