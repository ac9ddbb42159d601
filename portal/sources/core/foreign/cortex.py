"""Cortex: `cortex.yaml`, an OpenAPI document whose `info` holds `x-cortex-` fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import show
from portal.sources.core.foreign import cortex_teams
from portal.sources.core.foreign.draft import Draft
from portal.sources.core.foreign.names import HOSTS
from portal.sources.core.foreign.notes import is_absent, write_scalar
from portal.sources.core.foreign.parts import Part, name_of

if TYPE_CHECKING:
    from portal.sources.core.foreign.notes import Notes

NAME = "Cortex"
PREFIX = "x-cortex-"
KINDS = {"service": "Component", "domain": "Domain", "team": "Group"}
LINK_TYPES = {"documentation": "docs"}
GIT = {
    "github": HOSTS["github.com"],
    "gitlab": HOSTS["gitlab.com"],
    "bitbucket": HOSTS["bitbucket.org"],
    "azure": HOSTS["dev.azure.com"],
}
ON_CALL = {
    "pagerduty": ("service", "schedule", "escalation-policy"),
    "opsgenie": ("service", "schedule"),
    "victorops": ("schedule",),
}
BASEPATH = "cortex.io/git-basepath"
WIRING = "It wires the product to telemetry, or means what the installation defines."
NO_PLACE = "The catalog has no place for it."
DROPPED = tuple(
    PREFIX + name
    for name in (
        "definition",
        "relationships",
        "apm",
        "slos",
        "alerts",
        "k8s",
        "infra",
        "snyk",
        "rollbar",
        "bugsnag",
        "ci-cd",
        "microsoft-teams",
    )
)


def detect(value: Mapping[str, Any]) -> bool:
    """Whether a document is Cortex's, by the keys of its `info` alone."""
    info = value.get("info")
    return isinstance(info, Mapping) and any(key.startswith(PREFIX) for key in info)


def translate(value: Mapping[str, Any], notes: Notes, text: str) -> list[Draft]:
    """Return the entity of a document, and the API it describes where it holds paths."""
    whole = Part(value, (), notes)
    info = whole.part("info")
    tag = info.require_name("x-cortex-tag", NAME)
    kind = info.text("x-cortex-type") or "service"
    draft = Draft(KINDS.get(kind.lower(), "Resource"), notes)
    title = info.text("title")
    if title is None:
        notes.warn("title-missing", info.at("title"))
    draft.set_name(tag, info.at("x-cortex-tag"), title)
    if draft.name != tag:
        draft.annotate("cortex.io/tag", tag)
    _read_description(info, draft)
    _set_type(draft, kind)
    draft.set_lifecycle(None, info.path)
    cortex_teams.read_owners(info, draft)
    cortex_teams.read_team(info, draft)
    cortex_teams.read_slack(info, draft)
    cortex_teams.read_parents(info, draft)
    for name in ("groups", "service-groups"):
        _read_groups(info, draft, PREFIX + name)
    _read_links(info, draft)
    _read_git(info.part("x-cortex-git"), draft)
    _read_on_call(info.part("x-cortex-oncall"), draft)
    _read_dependencies(info, draft)
    _read_projects(info, draft)
    _read_metadata(info.part("x-cortex-custom-metadata"), draft)
    info.drop(WIRING, *DROPPED)
    return _finish(whole, info, draft, text)


def _finish(whole: Part, info: Part, draft: Draft, text: str) -> list[Draft]:
    whole.take("openapi")
    has_paths = whole.take("paths") is not None
    for part in (whole, info):
        own = [name for name in part.value if not name.startswith(PREFIX)]
        if has_paths:
            for name in own:
                part.take(name)
        else:
            part.drop_unread("Without `paths` there is no API it belongs to.", own)
        part.close()
    if not has_paths:
        return [draft]
    api = Draft("API", draft.notes)
    api.name, api.title = draft.name, draft.title
    owner = draft.spec.get("owner", "unknown")
    api.spec = {"type": "openapi", "lifecycle": draft.spec.get("lifecycle", "unknown")}
    api.spec |= {"owner": owner, "definition": text.lstrip("\n")}
    if draft.kind == "Component":
        draft.spec["providesApis"] = [f"api:{draft.name}"]
    return [draft, api]


def _read_description(info: Part, draft: Draft) -> None:
    first, second = info.text("description"), info.text("x-cortex-description")
    draft.description = first or second
    if first and second:
        info.notes.drop(info.at("x-cortex-description"), "`description` is there as well.")


def _set_type(draft: Draft, kind: str) -> None:
    if draft.kind == "Group":
        draft.spec |= {"type": "team", "children": []}
    elif draft.kind != "Domain":
        draft.spec["type"] = kind if draft.kind == "Resource" else "service"


def _read_groups(info: Part, draft: Draft, name: str) -> None:
    for path, item in info.items(name):
        if isinstance(item, Mapping):
            part = Part(item, path, info.notes)
            text = part.text("tag")
            part.close()
        else:
            text = info.notes.as_text(item, path)
        if text is not None:
            draft.add_word(text, path)


def _read_links(info: Part, draft: Draft) -> None:
    for item in info.parts("x-cortex-link"):
        url = draft.find_url(item)
        if url is None:
            continue
        title, word = item.text("name"), item.text("type")
        kind = word.lower().replace("_", "-") if word else None
        draft.add_link(url, title, LINK_TYPES.get(kind or "", kind))
        item.drop("A link has a title alone.", "description")
        item.close()
    boards = info.part("x-cortex-dashboards")
    for item in boards.parts("embeds"):
        url = draft.find_url(item)
        if url is not None:
            draft.add_link(url, item.text("type"), "dashboard")
            item.close()
    boards.close()


def _read_git(part: Part, draft: Draft) -> None:
    for host, annotation in GIT.items():
        inside = part.part(host)
        slug = inside.text("repository")
        project = inside.text("project") if host == "azure" else None
        draft.annotate(annotation, f"{project}/{slug}" if project and slug else slug)
        basepath = inside.text("basepath")
        if basepath and draft.annotations.get(BASEPATH, basepath) != basepath:
            inside.notes.drop(inside.at("basepath"), "The catalog keeps one path.")
        draft.annotate(BASEPATH, basepath)
        inside.drop("It names an account of the installation.", "alias")
        inside.close()
    part.close()


def _read_on_call(part: Part, draft: Draft) -> None:
    for tool, kinds in ON_CALL.items():
        inside = part.part(tool)
        value, word = inside.text("id"), inside.text("type")
        if value is None:
            inside.close()
            continue
        kind = (word or kinds[0]).lower().replace("_", "-")
        if kind in kinds:
            draft.annotate(f"{tool}.com/{kind}-id", value)
            inside.close()
        else:
            inside.notes.drop_as("value-outside-list", inside.path, show(word), inside.at("type"))
    part.close()


def _read_dependencies(info: Part, draft: Draft) -> None:
    for path, item in info.items("x-cortex-dependency"):
        if isinstance(item, Mapping):
            part = Part(item, path, info.notes)
            tag, at = part.text("tag"), part.at("tag")
            if tag is None:
                info.notes.drop(path, "A dependency without a tag.")
                continue
            reason = "A reference has no text of its own."
            part.drop(reason, "method", "path", "description", "metadata")
            part.close()
        else:
            tag, at = info.notes.as_text(item, path), path
        if tag is not None:
            draft.add_dependency(f"component:{name_of(tag, at, info.notes)}")


def _read_projects(info: Part, draft: Draft) -> None:
    issues = info.part("x-cortex-issues")
    jira = issues.part("jira")
    for index, (path, item) in enumerate(jira.items("projects")):
        text = info.notes.as_text(item, path)
        if index == 0:
            draft.annotate("jira/project-key", text)
        elif text is not None:
            info.notes.drop(path, "The catalog keeps one project.")
    jira.drop(NO_PLACE, "labels", "components", "defaultJql", "alias")
    for part in (jira, issues):
        part.close()
    analysis = info.part("x-cortex-static-analysis")
    _read_project(analysis.part("sonarqube"), draft, "sonarqube.org/project-key")
    analysis.drop(NO_PLACE, "codecov", "mend", "veracode", "checkmarx", "blackduck", "semgrep")
    analysis.close()
    _read_project(info.part("x-cortex-sentry"), draft, "sentry.io/project-slug")


def _read_project(part: Part, draft: Draft, annotation: str) -> None:
    draft.annotate(annotation, part.text("project"))
    part.drop("It names an account of the installation.", "alias")
    part.close()


def _read_metadata(part: Part, draft: Draft) -> None:
    for name in part.value:
        value = part.take(name)
        if isinstance(value, Mapping) and "value" in value:
            inside = Part(value, part.at(name), part.notes)
            value = inside.take("value")
            if not isinstance(value, Mapping | list):
                inside.drop("An annotation has no text of its own.", "description")
                inside.close()
        if isinstance(value, Mapping | list):
            part.notes.drop(part.at(name), "An annotation is one text.")
        elif not is_absent(value):
            text = value if isinstance(value, str) else write_scalar(value)
            draft.annotate_named("cortex.io/metadata.", name, text, part.at(name))
