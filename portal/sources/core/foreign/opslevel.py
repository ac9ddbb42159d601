"""OpsLevel: `opslevel.yml`, version 1, with a `service` or a `component`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.sources.core.foreign.draft import Draft
from portal.sources.core.foreign.names import HOSTS
from portal.sources.core.foreign.notes import NoEntity, Notes, Refusal, write_scalar
from portal.sources.core.foreign.parts import Part, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "OpsLevel"
ROOTS = ("service", "component", "repository")
TELLING = frozenset(
    (
        "owner",
        "lifecycle",
        "tier",
        "product",
        "aliases",
        "tools",
        "alert_sources",
        "system",
        "domain",
        "language",
        "framework",
        "repositories",
        "properties",
    )
)
KNOWN = TELLING | {"name", "description", "type", "tags", "dependencies"}
LEAST_TELLING = 2
LINK_TYPES = {
    "runbooks": "runbook",
    "metrics": "dashboard",
    "code": "repository",
    "incidents": "on-call",
    "issue_tracking": "issues",
    "wiki": "docs",
}
PROVIDERS = {
    "github": HOSTS["github.com"],
    "gitlab": HOSTS["gitlab.com"],
    "bitbucket": HOSTS["bitbucket.org"],
    "azure_devops": HOSTS["dev.azure.com"],
    "azure": HOSTS["dev.azure.com"],
}
NO_PLACE = "The catalog has no place for it."


def detect(value: Mapping[str, Any]) -> bool:
    """Whether a document is OpsLevel's, by its keys alone."""
    found = [root for root in ROOTS if isinstance(value.get(root), Mapping)]
    if not found or "apiVersion" in value or "kind" in value:
        return False
    return any(_is_meant(value, value[root]) for root in found)


def _is_meant(value: Mapping[str, Any], inside: Mapping[str, Any]) -> bool:
    if _is_version(value.get("version")):
        known = sum(key in KNOWN for key in inside)
        return 0 < known >= len(inside) - known
    is_full = "name" in inside and sum(key in TELLING for key in inside) >= LEAST_TELLING
    return is_full and ("version" in value or all(key in ROOTS for key in value))


def _is_version(value: Any) -> bool:
    return not isinstance(value, bool) and value in (1, "1")


def translate(value: Mapping[str, Any], notes: Notes) -> Draft:
    """Return the entity of a document that `detect` accepted."""
    root = _find_root(value)
    whole = Part(value, (), notes)
    if whole.take("version") is not None and not _is_version(value["version"]):
        raise Refusal(
            "version",
            ("version",),
            "Only version 1 of OpsLevel's format is known.",
            "Write `version: 1` if the file keeps to it.",
        )
    part = whole.part(root)
    draft = Draft("Component", notes)
    draft.set_name(part.require_name("name", NAME), part.at("name"))
    draft.description = part.text("description")
    draft.spec["type"] = _read_type(part, root)
    draft.set_lifecycle(part.text("lifecycle"), part.at("lifecycle"))
    draft.set_owner(part.name("owner"), part.at("owner"))
    draft.set_spec("tier", part.text("tier"))
    draft.set_spec("system", part.name("system"))
    for name in ("domain", "product", "language", "framework"):
        draft.annotate(f"opslevel.com/{name}", part.text(name))
    draft.annotate("opslevel.com/aliases", ",".join(part.texts("aliases")))
    _read_tags(part, draft)
    _read_tools(part, draft)
    _read_repositories(part, draft)
    for item in part.parts("dependencies"):
        _read_dependency(item, draft)
    _read_alerts(part, draft)
    _read_properties(part, draft)
    part.close()
    whole.close()
    return draft


def _find_root(value: Mapping[str, Any]) -> str:
    found = [root for root in ROOTS if isinstance(value.get(root), Mapping)]
    if len(found) > 1:
        raise Refusal(
            "ambiguous-root",
            (),
            f"The document holds {' and '.join(f'`{root}`' for root in found)}.",
            "Put each into a document of its own.",
        )
    if found[0] == "repository":
        raise NoEntity("repository")
    return found[0]


def _read_type(part: Part, root: str) -> str:
    if root == "service":
        return "service"
    word = part.text("type")
    if word is None:
        part.notes.warn("type-defaulted", part.at("type"), "`service`")
    return word or "service"


def _read_tags(part: Part, draft: Draft) -> None:
    for item in part.parts("tags"):
        key, value = item.text("key"), item.text("value")
        if key is None:
            part.notes.drop(item.path, "A tag without a key.")
            continue
        if value is None:
            draft.add_word(key, item.path)
        else:
            draft.add_pair(key, value, item.path)
        item.close()


def _read_tools(part: Part, draft: Draft) -> None:
    for item in part.parts("tools"):
        url = draft.find_url(item)
        if url is None:
            continue
        title, category = item.text("name"), item.text("category")
        environment = item.text("environment")
        if environment:
            title = f"{title} ({environment})" if title else environment
        draft.add_link(url, title, _link_type(category))
        item.close()


def _link_type(category: str | None) -> str | None:
    if category is None:
        return None
    word = category.lower()
    return LINK_TYPES.get(word, word.replace("_", "-"))


def _read_repositories(part: Part, draft: Draft) -> None:
    listed: list[str] = []
    paths: list[str] = []
    is_told = True
    for item in part.parts("repositories"):
        name, provider, path = item.text("name"), item.text("provider"), item.text("path")
        item.drop(NO_PLACE, "display_name")
        item.close()
        if name is None:
            continue
        annotation = PROVIDERS.get((provider or "").lower())
        if annotation:
            draft.annotate(annotation, name)
        listed.append(f"{provider}:{name}" if provider else name)
        if path and path != "/":
            if paths:
                part.notes.drop(item.at("path"), "The catalog keeps the path of one repository.")
            paths.append(path)
        is_told = is_told and annotation is not None
    if listed and (len(listed) > 1 or not is_told):
        draft.annotate("opslevel.com/repositories", ",".join(listed))
    draft.annotate("opslevel.com/repository-path", paths[0] if paths else None)


def _read_dependency(item: Part, draft: Draft) -> None:
    alias = item.text("alias")
    if alias is None:
        item.notes.drop(item.path, "A dependency without an alias.")
        return
    draft.add_dependency(f"component:{name_of(alias, item.at('alias'), item.notes)}")
    item.drop("A reference has no text of its own.", "notes")
    item.close()


def _read_alerts(part: Part, draft: Draft) -> None:
    found: dict[str, list[str]] = {}
    for item in part.parts("alert_sources"):
        kind, value = item.text("type"), item.text("external_id")
        if kind is None or value is None:
            part.notes.drop(item.path, "An alert source needs `type` and `external_id`.")
            continue
        key = kind.lower()
        is_known = key in ("pagerduty", "opsgenie")
        if not is_known:
            key = name_of(kind, item.at("type"), part.notes)
        target = f"{key}.com/service-id" if is_known else f"opslevel.com/alert-source.{key}"
        found.setdefault(target, []).append(value)
        item.close()
    for target, values in found.items():
        draft.annotate(target, ",".join(dict.fromkeys(values)))


def _read_properties(part: Part, draft: Draft) -> None:
    inside = part.part("properties")
    for name, value in _scalars(inside):
        draft.annotate_named("opslevel.com/property.", name, value, inside.at(name))


def _scalars(part: Part) -> Iterator[tuple[str, str]]:
    for name in part.value:
        value = part.take(name)
        if isinstance(value, Mapping | list):
            part.notes.drop_as("wrong-type", part.at(name), "a structure")
        elif value is not None:
            yield name, value if isinstance(value, str) else write_scalar(value)
