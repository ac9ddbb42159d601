"""Atlassian Compass: `compass.yml`, configVersion 1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import show
from portal.sources.core.foreign.draft import Draft
from portal.sources.core.foreign.names import make_name
from portal.sources.core.foreign.notes import Notes, Refusal, is_absent, write_scalar
from portal.sources.core.foreign.parts import Part

if TYPE_CHECKING:
    from portal.sources.core.foreign.notes import Path

NAME = "Compass"
COMPONENT_ID = re.compile(r"ari:cloud:compass:[^:]*:component/.+")
TEAM_ID = re.compile(r"ari:cloud:(?:identity|teams)::team/([^/\s]+)")
TELLING = ("typeId", "ownerId", "fields", "relationships", "customFields", "links")
LINK_TYPES = {
    "DOCUMENT": "docs",
    "CHAT_CHANNEL": "chat",
    "ON_CALL": "on-call",
    "REPOSITORY": "repository",
    "PROJECT": "issues",
    "DASHBOARD": "dashboard",
    "OTHER_LINK": "other",
}
TIERS = ("1", "2", "3", "4")
RESOURCE = "cloud-resource"
OTHER = "other"


def detect(value: Mapping[str, Any]) -> bool:
    """Whether a document is Compass's, by its keys alone."""
    if "apiVersion" in value:
        return False
    if _is_id(value.get("id"), COMPONENT_ID):
        return True
    return "configVersion" in value and any(name in value for name in TELLING)


def _is_id(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value.strip()) is not None


def translate(value: Mapping[str, Any], notes: Notes) -> Draft:
    """Return the entity of a document that `detect` accepted."""
    part = Part(value, (), notes)
    version = part.take("configVersion")
    if version is not None and (isinstance(version, bool) or version not in (1, "1")):
        raise Refusal(
            "version",
            ("configVersion",),
            f"configVersion {show(version)} is not known; only 1 is.",
            "Write `configVersion: 1` if the file keeps to it.",
        )
    name = part.require_name("name", NAME)
    kind, word = _read_type(part)
    draft = Draft(kind, notes)
    draft.set_name(name, part.at("name"))
    draft.spec["type"] = word
    draft.description = part.text("description")
    _read_ids(part, draft)
    _read_owner(part, draft)
    _read_fields(part.part("fields"), draft)
    for item in part.parts("links"):
        _read_link(item, draft)
    _read_relationships(part.part("relationships"), draft)
    draft.add_words(part, "labels")
    for item in part.parts("customFields"):
        _read_custom_field(item, draft)
    part.close()
    return draft


def _read_type(part: Part) -> tuple[str, str]:
    word = part.text("typeId")
    if word is None:
        part.notes.warn("type-defaulted", part.at("typeId"), f"`{OTHER}`")
        return "Component", OTHER
    if word.startswith("ari:"):
        part.notes.warn("value-outside-list", part.at("typeId"), show(word))
        return "Component", OTHER
    word = word.strip().lower().replace("_", "-")
    return ("Resource" if word == RESOURCE else "Component"), word


def _read_ids(part: Part, draft: Draft) -> None:
    own_id = part.text("id")
    if own_id is None:
        part.notes.warn("id-missing", part.at("id"))
    draft.annotate("atlassian.com/compass-component-id", own_id)
    draft.annotate("atlassian.com/compass-slug", part.text("slug"))
    word = part.value.get("typeId")
    if isinstance(word, str) and word.startswith("ari:"):
        draft.annotate("atlassian.com/compass-type-id", word)


def _read_owner(part: Part, draft: Draft) -> None:
    at = part.at("ownerId")
    text = part.text("ownerId")
    match = TEAM_ID.fullmatch(text.strip()) if text else None
    if text and match is None:
        part.notes.drop_as("not-an-id", at, show(text))
    draft.set_owner(make_name(match[1]) if match else None, at)
    if match and text:
        draft.annotate("atlassian.com/compass-owner-id", text)
        part.notes.warn("owner-is-an-id", at, f"`{match[1]}`")


def _read_fields(part: Part, draft: Draft) -> None:
    draft.set_lifecycle(part.text("lifecycle"), part.at("lifecycle"))
    tier = part.text("tier", is_quiet=True)
    draft.set_spec("tier", tier)
    if tier is not None and tier not in TIERS:
        part.notes.warn("value-outside-list", part.at("tier"), show(tier))
    monorepo = part.text("isMonorepoProject", is_quiet=True)
    draft.annotate("atlassian.com/compass-monorepo", monorepo)
    part.close()


def _read_link(item: Part, draft: Draft) -> None:
    url = draft.find_url(item)
    if url is None:
        return
    title, word = item.text("name"), item.text("type")
    kind = None
    if word is not None:
        kind = LINK_TYPES.get(word.upper())
        if kind is None:
            item.notes.warn("value-outside-list", item.at("type"), show(word))
            kind = word.lower().replace("_", "-")
    draft.add_link(url, title, kind)
    item.close()


def _read_relationships(part: Part, draft: Draft) -> None:
    found: list[str] = []
    for path, item in part.items("DEPENDS_ON"):
        text = part.notes.as_text(item, path)
        if text is None:
            continue
        if _is_id(text, COMPONENT_ID):
            found.append(text.strip())
        else:
            part.notes.drop_as("not-an-id", path, show(text))
    if found:
        joined = ",".join(dict.fromkeys(found))
        draft.annotate("atlassian.com/compass-depends-on", joined)
        part.notes.warn("dependency-by-id", part.at("DEPENDS_ON"))
    part.close()


def _read_custom_field(item: Part, draft: Draft) -> None:
    name, kind, value = item.text("name"), item.text("type"), item.take("value")
    if name is None:
        item.notes.drop(item.path, "A custom field without a name.")
        return
    if kind == "user":
        item.notes.drop(item.path, "It is the account id of a person.")
        return
    text = _write_value(value, item.at("value"), item.notes, is_list=kind == "multi_select")
    if text is not None:
        draft.annotate_named("atlassian.com/compass-field.", name, text, item.at("name"))
    item.close()


def _write_value(value: Any, path: Path, notes: Notes, *, is_list: bool) -> str | None:
    if is_absent(value):
        return None
    if is_list and isinstance(value, list):
        texts = [notes.as_text(each, (*path, i), is_quiet=True) for i, each in enumerate(value)]
        return ",".join(text for text in texts if text is not None) or None
    if isinstance(value, Mapping | list):
        notes.drop_as("wrong-type", path, show(value))
        return None
    return value if isinstance(value, str) else write_scalar(value)
