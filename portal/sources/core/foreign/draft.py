"""An entity under construction, with the rules all products share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalog.core import fields
from portal.catalog.core.findings import show
from portal.sources.core.foreign.names import (
    find_on_call,
    find_repository,
    is_hashed,
    make_name,
    make_tag,
)
from portal.sources.core.foreign.parts import name_of

if TYPE_CHECKING:
    from portal.sources.core.foreign.members import Member
    from portal.sources.core.foreign.notes import Notes, Path
    from portal.sources.core.foreign.parts import Part

UNKNOWN = "unknown"


class Draft:
    """Collects what becomes `metadata` and `spec`; empty things are left out at the end."""

    def __init__(self, kind: str, notes: Notes) -> None:
        self.kind = kind
        self.notes = notes
        self.name = ""
        self.namespace: str | None = None
        self.title: str | None = None
        self.description: str | None = None
        self.annotations: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.tags: list[str] = []
        self.links: list[dict[str, str]] = []
        self.contacts: list[dict[str, str]] = []
        self.owners: list[dict[str, str]] = []
        self.depends_on: list[str] = []
        self.members: list[Member] = []
        self.spec: dict[str, Any] = {}

    def set_name(self, text: str, path: Path, title: str | None = None) -> None:
        """Name the entity; what had to be changed shows as its title."""
        self.name = name_of(text, path, self.notes)
        shown = title or text.strip()
        self.title = shown if shown != self.name else None

    def set_owner(self, name: str | None, missing: Path, rule: str = "owner-missing") -> None:
        """State the accountable team by a name the catalog allows; `missing` is where it lacks."""
        self.spec["owner"] = UNKNOWN if name is None else f"group:{name}"
        if name is None:
            self.notes.warn(rule, missing)

    def set_lifecycle(self, word: str | None, missing: Path) -> None:
        """State the lifecycle where the kind has one, or keep the word where one is given."""
        if word is not None:
            self.spec["lifecycle"] = word
        elif self.kind in ("Component", "API"):
            self.spec["lifecycle"] = UNKNOWN
            self.notes.warn("lifecycle-missing", missing)

    def set_spec(self, name: str, value: Any) -> None:
        """Set a field of spec where there is a value."""
        if value is not None:
            self.spec[name] = value

    def annotate(self, key: str, value: str | None) -> None:
        """Keep a text as an annotation; the first value of a key stays."""
        if value:
            self.annotations.setdefault(key, value)

    def annotate_named(self, prefix: str, name: str, value: str, path: Path) -> None:
        """Keep a text under a key that ends in a name of the file's own, made valid.

        Keys never show as names, so only a name that can no longer be told from its key is noted.
        """
        host, _, start = prefix.partition("/")
        last = start + make_name(name)
        key = f"{host}/{make_name(last)}"
        if is_hashed(name) or is_hashed(last):
            self.notes.warn("name-changed", path, f"`{key}`")
        if self.annotations.get(key, value) != value:
            self.notes.drop(path[:-1] if path[-1:] == ("name",) else path, "Its key is taken.")
        self.annotate(key, value)

    def add_word(self, text: str, path: Path) -> None:
        """Keep a word as a tag, a `key:value` as a label."""
        key, colon, value = text.partition(":")
        if colon:
            self.add_pair(key, value, path)
            return
        tag = make_tag(text)
        if not fields.is_tag(tag):
            self.notes.drop_as("tag-dropped", path, show(text))
            return
        if tag in self.tags:
            return
        self.tags.append(tag)
        if tag != text:
            self.notes.warn("tag-changed", path, f"`{tag}`")

    def add_pair(self, key: str, value: str, path: Path) -> None:
        """Keep a pair as a label, or as a tag where it cannot be one."""
        if self.labels.get(key) == value:
            return
        is_free = key.lower() not in {held.lower() for held in self.labels}
        if is_free and fields.is_key(key) and fields.is_label_value(value):
            self.labels[key] = value
            return
        tag = make_tag(f"{key}:{value}")
        if not fields.is_tag(tag):
            self.notes.drop_as("tag-dropped", path, show(f"{key}:{value}"))
            return
        if tag not in self.tags:
            self.tags.append(tag)
            self.notes.warn("label-as-tag", path, f"`{tag}`")

    def add_words(self, part: Part, name: str) -> None:
        """Keep a list of words and pairs."""
        for path, item in part.items(name):
            text = self.notes.as_text(item, path)
            if text is not None:
                self.add_word(text, path)

    def find_url(self, part: Part, name: str = "url", whole: Path | None = None) -> str | None:
        """Return an address that may become a link; without one, `whole` is dropped."""
        value, at = part.take(name), part.at(name)
        whole = part.path if whole is None else whole
        if value is None:
            self.notes.drop_as("link-no-url", whole)
            return None
        if not isinstance(value, str):
            self.notes.drop_as("wrong-type", whole, show(value), at=at)
            return None
        url = value.strip()
        if fields.is_safe_link(url):
            return url
        scheme = url.partition(":")[0].lower()
        is_relative = not fields.has_scheme(url) or scheme in fields.SAFE_SCHEMES
        self.notes.drop_as("link-relative" if is_relative else "link-scheme", whole, show(url), at)
        return None

    def add_link(self, url: str, title: str | None = None, kind: str | None = None) -> None:
        """Add a link; that of a repository on a public host names the repository too."""
        link = {"url": url}
        if title:
            link["title"] = title
        if kind:
            link["type"] = kind
        if link not in self.links:
            self.links.append(link)
        found = find_repository(url) if kind == "repository" else None
        if found:
            self.annotate(*found)

    def add_on_call(self, tool: str, part: Part, name: str) -> None:
        """Add the page of an on-call tool: a link, and the id of the service in it."""
        if not part.has(name):
            part.take(name)
            return
        url = self.find_url(part, name, whole=part.at(name))
        if url:
            self.annotate(f"{tool}.com/service-id", find_on_call(tool, url))
            self.add_link(url, kind="on-call")

    def add_contact(self, kind: str, value: str, name: str | None = None) -> None:
        """Add a person or channel; contacts never own anything."""
        contact = {"type": kind.lower(), "value": value}
        if name:
            contact["name"] = name
        if contact not in self.contacts:
            self.contacts.append(contact)

    def add_owner(self, name: str, role: str | None = None) -> None:
        """Add a further team."""
        self.owners.append({"ref": f"group:{name}"} | ({"role": role} if role else {}))

    def add_dependency(self, ref: str) -> None:
        """Add a dependency, each once."""
        if ref not in self.depends_on:
            self.depends_on.append(ref)

    def build(self) -> dict[str, Any]:
        """Return the entity."""
        metadata: dict[str, Any] = {"name": self.name}
        for name in ("namespace", "title", "description", "labels", "annotations", "tags", "links"):
            if value := getattr(self, name):
                metadata[name] = value
        spec = dict(self.spec)
        lists = (
            ("dependsOn", self.depends_on),
            ("additionalOwners", self.owners),
            ("contacts", self.contacts),
        )
        spec.update((name, found) for name, found in lists if found)
        return {
            "apiVersion": "backstage.io/v1alpha1",
            "kind": self.kind,
            "metadata": metadata,
            "spec": spec,
        }
