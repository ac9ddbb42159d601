"""Cortex: owners, channels, members, and where an entity stands in a hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from portal.catalog.core.findings import show
from portal.sources.core.foreign.parts import Part, name_of

if TYPE_CHECKING:
    from portal.sources.core.foreign.draft import Draft
    from portal.sources.core.foreign.notes import Path

OWNERS = "x-cortex-owners"
PARENTS = ("x-cortex-domain-parents", "x-cortex-parents")
SETTING = "It is a setting of the product."


def read_owners(info: Part, draft: Draft) -> None:
    """State the first group as owner, further groups beside it, people and channels as contacts."""
    teams: list[str] = []
    has_others = False
    for item in info.parts(OWNERS):
        word = (item.text("type") or "").lower()
        if word == "group":
            name = _read_group(item)
            if name is not None:
                teams.append(name)
        elif word in ("email", "slack"):
            _read_contact(item, draft, word)
            has_others = True
        else:
            at = item.at("type")
            info.notes.drop_as("value-outside-list", item.path, show(word), at)
    if teams or draft.kind != "Group":
        rule = "owner-not-a-team" if has_others else "owner-missing"
        draft.set_owner(teams[0] if teams else None, info.at(OWNERS), rule)
    for name in teams[1:]:
        draft.add_owner(name)


def _read_group(item: Part) -> str | None:
    text = item.text("name")
    item.drop("A reference has no text of its own.", "provider", "description", "inheritance")
    item.drop(SETTING, "notificationsEnabled")
    item.close()
    if text is None:
        return None
    last = text.rstrip("/").rpartition("/")[2]
    if last != text:
        item.notes.warn("owner-shortened", item.at("name"), f"`{last}`")
    return name_of(last, item.at("name"), item.notes)


def _read_contact(item: Part, draft: Draft, word: str) -> None:
    value = item.text("email" if word == "email" else "channel")
    if value is None:
        item.notes.drop_as("contact-no-value", item.path)
        return
    draft.add_contact(word, value, item.text("description"))
    item.drop(SETTING, "notificationsEnabled", "inheritance")
    item.close()


def read_slack(info: Part, draft: Draft) -> None:
    """Keep channels as contacts."""
    part = info.part("x-cortex-slack")
    for path, item in part.items("channels"):
        if not isinstance(item, Mapping):
            name = part.notes.as_text(item, path)
            if name is not None:
                draft.add_contact("slack", name)
            continue
        inside = Part(item, path, part.notes)
        name = inside.text("name")
        if name is None:
            part.notes.drop_as("contact-no-value", path)
            continue
        draft.add_contact("slack", name, inside.text("description"))
        inside.drop(SETTING, "notificationsEnabled")
        inside.close()
    part.close()


def read_team(info: Part, draft: Draft) -> None:
    """Keep the members of a team as contacts: nobody is made a user by a file."""
    part = info.part("x-cortex-team")
    for item in part.parts("members"):
        value = item.text("email")
        if value is None:
            info.notes.drop_as("contact-no-value", item.path)
            continue
        draft.add_contact("email", value, item.text("name"))
        item.drop(SETTING, "notificationsEnabled")
        item.drop("A contact has no role.", "role", "roles")
        item.close()
    part.drop("Membership comes from the identity provider, not from a file.", "groups")
    part.close()


def read_parents(info: Part, draft: Draft) -> None:
    """State what an entity stands under and what stands under it."""
    parents = [found for name in PARENTS for found in _list_tags(info, name)]
    children = _list_tags(info, "x-cortex-children")
    if draft.kind in ("Domain", "Group"):
        field = "subdomainOf" if draft.kind == "Domain" else "parent"
        for index, (path, whole, text) in enumerate(parents):
            if index == 0:
                draft.spec[field] = name_of(text, path, info.notes)
            else:
                info.notes.drop_as("second-parent", whole)
    else:
        draft.annotate("cortex.io/domain-parents", _join(parents))
    if draft.kind == "Group":
        names = [name_of(text, path, info.notes) for path, _, text in children]
        draft.spec["children"] = list(dict.fromkeys(names))
    else:
        draft.annotate("cortex.io/children", _join(children))


def _join(found: list[tuple[Path, Path, str]]) -> str:
    return ",".join(dict.fromkeys(text for _, _, text in found))


def _list_tags(info: Part, name: str) -> list[tuple[Path, Path, str]]:
    """Return (path of the tag, path of the item, tag) of a list of texts or `{tag}`."""
    found = []
    for path, item in info.items(name):
        at = path
        text: str | None
        if isinstance(item, Mapping):
            part = Part(item, path, info.notes)
            text, at = part.text("tag"), part.at("tag")
            part.close()
        else:
            text = info.notes.as_text(item, path)
        if text is not None:
            found.append((at, path, text))
    return found
