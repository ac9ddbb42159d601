"""Datadog: what its schema versions have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.core.findings import show

if TYPE_CHECKING:
    from portal.sources.core.foreign.draft import Draft
    from portal.sources.core.foreign.parts import Part

TYPES = {
    "doc": "docs",
    "wiki": "docs",
    "repo": "repository",
    "code": "repository",
    "oncall": "on-call",
    "link": "other",
    "url": "other",
}
TOOLS = ("pagerduty", "opsgenie")


def add_contacts(part: Part, draft: Draft, allowed: tuple[str, ...]) -> None:
    """Keep people and channels; `allowed` are the documented types, empty when any is."""
    for item in part.parts("contacts"):
        value = item.text("contact")
        if value is None:
            item.notes.drop_as("contact-no-value", item.path)
            continue
        word, name = item.text("type"), item.text("name")
        if word and allowed and word.lower() not in allowed:
            item.notes.warn("value-outside-list", item.at("type"), show(word))
        draft.add_contact(word or "other", value, name)
        item.close()


def add_links(
    part: Part, draft: Draft, name: str, allowed: tuple[str, ...], kind: str | None = None
) -> None:
    """Keep a list of links, all of one `kind` or each of its own."""
    for item in part.parts(name):
        url = draft.find_url(item)
        if url is None:
            continue
        title = item.text("name")
        word = None if kind else item.text("type")
        if word and allowed and word.lower() not in allowed:
            item.notes.warn("value-outside-list", item.at("type"), show(word))
        found = word.lower().replace("_", "-") if word else None
        draft.add_link(url, title, kind or TYPES.get(found or "", found))
        item.drop("The address tells it.", "provider")
        item.close()


def add_repositories(part: Part, draft: Draft, name: str) -> None:
    """Keep the address of a repository as a link, and what it says on a public host."""
    if not part.has(name):
        part.take(name)
        return
    url = draft.find_url(part, name, whole=part.at(name))
    if url is not None:
        draft.add_link(url, kind="repository")


def read_on_call(part: Part, draft: Draft, field: str | None) -> None:
    """Read the on-call tools; their address stands in `field`, or is the value itself."""
    for tool in TOOLS:
        if field is None:
            draft.add_on_call(tool, part, tool)
            continue
        inside = part.part(tool)
        draft.add_on_call(tool, inside, field)
        inside.drop("The address tells it.", "region")
        inside.close()
