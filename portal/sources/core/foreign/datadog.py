"""Datadog: which of its schema versions a document follows; v1 to v2.2 are read here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import show
from portal.sources.core.foreign import datadog_entities
from portal.sources.core.foreign.datadog_shared import (
    add_contacts,
    add_links,
    add_repositories,
    read_on_call,
)
from portal.sources.core.foreign.draft import Draft
from portal.sources.core.foreign.notes import Refusal, is_absent
from portal.sources.core.foreign.parts import Part

if TYPE_CHECKING:
    from portal.sources.core.foreign.notes import Notes

NAME = "Datadog"
SERVICE = "dd-service"
VERSION = "schema-version"
VERSIONS = ("v1", "v2", "v2.1", "v2.2")
TYPES = ("web", "db", "cache", "function", "browser", "mobile", "custom")
OLD_LINKS = ("doc", "wiki", "runbook", "url", "repo", "dashboard", "oncall", "code", "link")
LINKS = {"v1": OLD_LINKS, "v2": OLD_LINKS, "v2.1": ("doc", "runbook", "repo", "dashboard", "other")}
CONTACTS = {"v2": ("email", "slack"), "v2.1": ("email", "slack", "microsoft-teams")}
FREE_FORM = "Extensions are free form."


def detect(value: Mapping[str, Any]) -> bool:
    """Whether a document is Datadog's, by its keys alone."""
    if "apiVersion" in value:
        return datadog_entities.detect(value)
    if SERVICE in value:
        return True
    version, info = value.get(VERSION), value.get("info")
    if isinstance(info, Mapping) and (SERVICE in info or version == "v1"):
        return True
    return isinstance(version, str) and version.startswith("v2")


def translate(value: Mapping[str, Any], notes: Notes) -> Draft:
    """Return the entity of a document that `detect` accepted."""
    if "apiVersion" in value:
        return datadog_entities.translate(value, notes)
    part = Part(value, (), notes)
    version = _find_version(part)
    draft = Draft("Component", notes)
    if version == "v1":
        _read_first(part, draft)
    else:
        _read_second(part, draft, version)
    part.drop(FREE_FORM, "extensions")
    part.close()
    return draft


def _find_version(part: Part) -> str:
    version = part.take(VERSION)
    if version is None:
        if SERVICE in part.value:
            raise Refusal(
                "required",
                (VERSION,),
                f"`{VERSION}` is missing.",
                f"Add `{VERSION}: v2.2`, or the version it follows.",
            )
        return "v1"
    if version not in VERSIONS:
        raise Refusal(
            "version",
            (VERSION,),
            f"`{VERSION}` is {show(version)}, which is not known.",
            f"Write one of {', '.join(VERSIONS)}.",
        )
    return str(version)


def _name_service(part: Part, draft: Draft, title: str | None = None) -> None:
    name = part.require_name(SERVICE, NAME)
    draft.set_name(name, part.at(SERVICE), title)
    draft.annotate("datadoghq.com/service-name", name)


def _read_first(part: Part, draft: Draft) -> None:
    info, org, contact = part.part("info"), part.part("org"), part.part("contact")
    _name_service(info, draft, info.text("display-name"))
    draft.description = info.text("description")
    draft.spec["type"] = "service"
    draft.set_lifecycle(None, info.path)
    draft.set_owner(org.name("team"), org.at("team"))
    draft.set_spec("system", org.name("application"))
    draft.set_spec("tier", info.text("service-tier"))
    for word in ("email", "slack"):
        value = contact.text(word)
        if value is not None:
            draft.add_contact(word, value)
    add_links(part, draft, "external-resources", LINKS["v1"])
    draft.add_words(part, "tags")
    tools = part.part("integrations")
    read_on_call(tools, draft, None)
    add_repositories(tools, draft, "github")
    for inside in (info, org, contact, tools):
        inside.close()


def _read_second(part: Part, draft: Draft, version: str) -> None:
    _name_service(part, draft)
    team = part.name("team")
    draft.spec["type"] = "service"
    if version != "v2":
        draft.description = part.text("description")
        draft.set_spec("system", part.name("application"))
        draft.set_spec("tier", part.text("tier"))
        draft.set_lifecycle(part.text("lifecycle"), part.at("lifecycle"))
    else:
        team = _read_handle(part, draft, team)
        draft.set_lifecycle(None, part.at("lifecycle"))
    draft.set_owner(team, part.at("team"))
    if version == "v2.2":
        _read_newest(part, draft)
    add_contacts(part, draft, CONTACTS.get(version, ()))
    add_links(part, draft, "links", LINKS.get(version, ()))
    add_links(part, draft, "repos", (), "repository")
    add_links(part, draft, "docs", (), "docs")
    draft.add_words(part, "tags")
    tools = part.part("integrations")
    read_on_call(tools, draft, None if version == "v2" else "service-url")
    tools.drop_rest("Other integrations have no place.")


def _read_handle(part: Part, draft: Draft, team: str | None) -> str | None:
    """Return the owner: the team, else the handle; one that differs is kept as an annotation."""
    if is_absent(part.value.get("dd-team")):
        part.take("dd-team")
        return team
    if team is None:
        return part.name("dd-team")
    handle = part.text("dd-team")
    if handle is not None and handle != part.value.get("team"):
        draft.annotate("datadoghq.com/team", handle)
    return team


def _read_newest(part: Part, draft: Draft) -> None:
    word = part.text("type")
    if word is not None:
        draft.spec["type"] = word
        if word not in TYPES:
            part.notes.warn("value-outside-list", part.at("type"), show(word))
    draft.annotate("datadoghq.com/languages", ",".join(part.texts("languages")))
    prints = ",".join(part.texts("ci-pipeline-fingerprints"))
    draft.annotate("datadoghq.com/ci-pipeline-fingerprints", prints)
