"""Datadog: `entity.datadog.yaml`, schema v3, with entities of several kinds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import show
from portal.sources.core.foreign.datadog_shared import (
    add_contacts,
    add_links,
    add_repositories,
    read_on_call,
)
from portal.sources.core.foreign.draft import Draft
from portal.sources.core.foreign.members import Member
from portal.sources.core.foreign.names import make_name
from portal.sources.core.foreign.notes import NoEntity, Refusal
from portal.sources.core.foreign.parts import Part, name_of

if TYPE_CHECKING:
    from portal.sources.core.foreign.notes import Notes, Path

COMPONENTS = ("service", "frontend", "ui", "library", "package")
KINDS = {
    **dict.fromkeys(COMPONENTS, "Component"),
    "queue": "Resource",
    "datastore": "Resource",
    "system": "System",
    "application": "System",
    "api": "API",
}
NO_ENTITIES = ("repository", "ai_agent", "scorecard-rule")
CUSTOM = "custom."
IGNORED = "Datadog sets it itself and ignores what files say."
QUERIES = "It is a query of the product."
DEFAULT = "default"


def detect(value: Mapping[str, Any]) -> bool:
    """Whether a document follows schema v3."""
    return (
        value.get("apiVersion") == "v3"
        and isinstance(value.get("kind"), str)
        and isinstance(value.get("metadata"), Mapping)
    )


def translate(value: Mapping[str, Any], notes: Notes) -> Draft:
    """Return the entity of a document that `detect` accepted."""
    part = Part(value, (), notes)
    part.take("apiVersion")
    word = str(part.take("kind"))
    kind = find_kind(word)
    if word in NO_ENTITIES:
        raise NoEntity(word)
    if kind is None:
        raise Refusal(
            "kind",
            ("kind",),
            f"{show(word)} is no kind that Datadog documents.",
            f"Write one of {', '.join(KINDS)}, or `custom.` and a name.",
        )
    draft = Draft(kind, notes)
    metadata = part.part("metadata")
    _read_metadata(metadata, draft, word)
    _read_spec(part.part("spec"), draft, word)
    tools = part.part("integrations")
    read_on_call(tools, draft, "serviceURL")
    tools.drop_rest("Other integrations have no place.")
    _read_own(part.part("datadog"), draft)
    part.drop("Extensions are free form.", "extensions")
    part.close()
    return draft


def find_kind(word: str) -> str | None:
    """Return the kind of the catalog that a kind of Datadog becomes."""
    if word.startswith(CUSTOM) and word != CUSTOM:
        return "Resource"
    return KINDS.get(word)


def _read_metadata(part: Part, draft: Draft, word: str) -> None:
    name = part.require_name("name", "Datadog")
    draft.set_name(name, part.at("name"), part.text("displayName"))
    if word == "service":
        draft.annotate("datadoghq.com/service-name", name)
    draft.description = part.text("description")
    namespace = part.text("namespace")
    draft.namespace = namespace if namespace != DEFAULT else None
    draft.set_owner(part.name("owner"), part.at("owner"))
    for item in part.parts("additionalOwners"):
        team = item.name("name")
        if team is None:
            part.notes.drop(item.path, "An owner without a name.")
            continue
        draft.add_owner(team, item.text("type"))
        item.close()
    add_contacts(part, draft, ())
    add_links(part, draft, "links", ())
    draft.add_words(part, "tags")
    part.drop(IGNORED, "id", "managed")
    source = part.text("inheritFrom")
    if source is not None:
        part.notes.drop_as("inheritance-not-followed", part.at("inheritFrom"), show(source))
    part.close()


def _read_spec(part: Part, draft: Draft, word: str) -> None:
    draft.set_lifecycle(part.text("lifecycle"), part.at("lifecycle"))
    draft.set_spec("tier", part.text("tier"))
    given = part.text("type")
    if draft.kind in ("Component", "Resource"):
        draft.spec["type"] = given or word.removeprefix(CUSTOM)
        _read_dependencies(part, draft)
    else:
        draft.set_spec("type", given)
    if draft.kind == "System":
        for path, item in part.items("components"):
            _add_member(draft, item, path, "system")
    else:
        _read_systems(part, draft)
    if draft.kind == "API":
        _read_interface(part, draft)
    part.close()


def _read_dependencies(part: Part, draft: Draft) -> None:
    if draft.kind == "Component":
        draft.annotate("datadoghq.com/languages", ",".join(part.texts("languages")))
    for path, item in part.items("dependsOn"):
        ref = _read_ref(item, path, draft.notes)
        if ref is not None:
            draft.add_dependency(ref)


def _read_interface(part: Part, draft: Draft) -> None:
    if "type" not in draft.spec:
        draft.spec["type"] = "openapi"
        draft.notes.warn("type-defaulted", part.at("type"), "`openapi`")
    for path, item in part.items("implementedBy"):
        _add_member(draft, item, path, "providesApis")
    inside = part.part("interface")
    definition, file = inside.take("definition"), inside.text("fileRef")
    inside.close()
    if definition is not None:
        text = definition if isinstance(definition, str) else _write(definition)
        draft.spec["definition"] = text
        if file:
            draft.notes.drop(inside.at("fileRef"), "The definition is in the file as well.")
    elif file is not None:
        draft.spec["definition"] = {"$text": file}
    else:
        raise Refusal(
            "required",
            inside.path,
            "The API has neither `definition` nor `fileRef`.",
            "Add one of them under `spec.interface`.",
        )


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read_own(part: Part, draft: Draft) -> None:
    for item in part.parts("codeLocations"):
        add_repositories(item, draft, "repositoryURL")
        item.drop("The catalog knows whole repositories.", "paths")
        item.close()
    pipelines = part.part("pipelines")
    prints = ",".join(pipelines.texts("fingerprints"))
    draft.annotate("datadoghq.com/ci-pipeline-fingerprints", prints)
    pipelines.close()
    part.drop(QUERIES, "logs", "events", "performanceData", "code")
    part.close()


def _read_ref(item: Any, path: Path, notes: Notes, bare: str = "component") -> str | None:
    """Return a reference of Datadog's as one of the catalog's; a bare name gets a kind."""
    text = notes.as_text(item, path)
    if text is None:
        return None
    kind, colon, rest = text.strip().partition(":")
    found = find_kind(kind) if colon else bare
    if found is None:
        notes.drop_as("value-outside-list", path, show(kind))
        return None
    if not colon:
        rest = kind
        notes.warn("dependency-kind-guessed", path, f"`{bare}`")
    namespace, slash, last = rest.partition("/")
    name = name_of(last if slash else rest, path, notes)
    if slash and namespace != DEFAULT:
        name = f"{make_name(namespace).lower()}/{name}"
    return f"{found.lower()}:{name}"


def _add_member(draft: Draft, item: Any, path: Path, field: str) -> None:
    ref = _read_ref(item, path, draft.notes)
    if ref is not None:
        draft.members.append(Member(path, ref, field))


def _read_systems(part: Part, draft: Draft) -> None:
    """State the system an entity is part of, and the component a component is part of."""
    fields = {"system": "system", "component": "subcomponentOf"}
    for path, item in part.items("componentOf"):
        ref = _read_ref(item, path, draft.notes, "system")
        if ref is None:
            continue
        kind, _, name = ref.partition(":")
        field = fields.get(kind)
        if field is None or (field == "subcomponentOf" and draft.kind != "Component"):
            draft.notes.drop(path, f"No {draft.kind} is part of a {kind} in the catalog.")
        elif field in draft.spec:
            draft.notes.drop_as("second-parent", path)
        else:
            draft.spec[field] = name
