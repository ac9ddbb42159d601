"""Checks of what every entity has: the root, `apiVersion`, `kind` and `metadata`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from portal.catalog.core import fields
from portal.catalog.core.findings import Finding, show

ROOT_FIELDS = ("apiVersion", "kind", "metadata", "spec")
WITHIN_ROOT = "Move it under `metadata` or `spec`, or delete it."
Rule = tuple[Callable[[Any], bool], str, str]

NAME_RULE = "1 to 63 letters, digits, `-`, `_`, `.`, starting and ending with a letter or digit"
KEY_RULE = "`[prefix/]name`: prefix a lower-case DNS name, name like `metadata.name`"
API_VERSION: Rule = (
    fields.is_api_version,
    "api-version",
    "`[prefix/]version`, such as `backstage.io/v1alpha1`",
)
KIND: Rule = (fields.is_kind, "kind", "1 to 63 letters and digits, starting with a letter")
NAME: Rule = (fields.is_name, "name", NAME_RULE)
NAMESPACE: Rule = (
    fields.is_namespace,
    "namespace",
    "a DNS label: 1 to 63 lower-case letters, digits and single `-`",
)
LABEL_VALUE: Rule = (fields.is_label_value, "label-value", f"empty text, or {NAME_RULE}")
ANNOTATION_VALUE: Rule = (
    fields.is_text,
    "annotation-value",
    "text: put numbers and true/false in quotes",
)
KEY: Rule = (fields.is_key, "key", KEY_RULE)
TAG: Rule = (
    fields.is_tag,
    "tag",
    "1 to 63 lower-case letters, digits, `:`, `+`, `#`, joined by single `-`",
)
FILLED: Rule = (fields.is_filled, "text", "text that is not empty")
TEXT: Rule = (fields.is_text, "text", "text")
URL: Rule = (fields.is_url, "url", "an absolute address such as `https://example.com/page`")


def break_rule(path: str, rule: Rule, value: Any) -> Finding:
    """Return the finding that `value` at `path` breaks `rule`."""
    _, name, words = rule
    if value is None:
        return Finding(
            path,
            name,
            f"`{path}` is empty; it must be {words}.",
            f"Give `{path}` a value: {words}.",
        )
    return Finding(
        path, name, f"`{path}` is {show(value)}; it must be {words}.", f"Change it to {words}."
    )


def missing(path: str, words: str) -> Finding:
    """Return the finding that a required field is not there."""
    return Finding(path, "required", f"`{path}` is missing.", f"Add `{path}`: {words}.")


def wrong_shape(path: str, value: Any, shape: str) -> Finding:
    """Return the finding that a field holds another type."""
    return Finding(
        path, "type", f"`{path}` is {show(value)}; it must be {shape}.", f"Write {shape}."
    )


def check_envelope(entity: Mapping[str, Any]) -> Iterator[Finding]:
    """Check the root and `metadata`; anything found makes the document unusable."""
    for name in entity:
        if name not in ROOT_FIELDS:
            yield Finding(
                name, "unknown-field", f"`{name}` does not belong at the top level.", WITHIN_ROOT
            )
    yield from _check("apiVersion", entity, API_VERSION, required=True)
    yield from _check("kind", entity, KIND, required=True)
    metadata = entity.get("metadata")
    if "metadata" not in entity:
        yield missing("metadata", "an object with at least `name`")
    elif not isinstance(metadata, Mapping):
        yield wrong_shape("metadata", metadata, "an object with at least `name`")
    else:
        yield from _check_metadata(metadata)
    if "spec" in entity and not isinstance(entity["spec"], Mapping):
        yield wrong_shape("spec", entity["spec"], "an object, or leave it out")


def _check(
    path: str, owner: Mapping[str, Any], rule: Rule, *, required: bool = False
) -> Iterator[Finding]:
    name = path.rpartition(".")[2]
    if name not in owner:
        if required:
            yield missing(path, rule[2])
    elif not rule[0](owner[name]):
        yield break_rule(path, rule, owner[name])


def _check_metadata(metadata: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _check("metadata.name", metadata, NAME, required=True)
    yield from _check("metadata.namespace", metadata, NAMESPACE)
    for name in ("title", "uid", "etag"):
        yield from _check(f"metadata.{name}", metadata, FILLED)
    yield from _check("metadata.description", metadata, TEXT)
    yield from _check_map(metadata, "labels", LABEL_VALUE)
    yield from _check_map(metadata, "annotations", ANNOTATION_VALUE)
    yield from _check_tags(metadata)
    yield from _check_links(metadata)


def _check_map(metadata: Mapping[str, Any], name: str, rule: Rule) -> Iterator[Finding]:
    if name not in metadata:
        return
    path, found = f"metadata.{name}", metadata[name]
    if not isinstance(found, Mapping):
        yield wrong_shape(path, found, "an object of keys and text values, or leave it out")
        return
    for key, value in found.items():
        if not fields.is_key(key):
            yield break_rule(f"{path}.{key}", KEY, key)
        if not rule[0](value):
            yield break_rule(f"{path}.{key}", rule, value)


def _check_tags(metadata: Mapping[str, Any]) -> Iterator[Finding]:
    if "tags" not in metadata:
        return
    if not isinstance(metadata["tags"], list):
        yield wrong_shape("metadata.tags", metadata["tags"], "a list of tags, or leave it out")
        return
    for index, tag in enumerate(metadata["tags"]):
        if not fields.is_tag(tag):
            yield break_rule(f"metadata.tags[{index}]", TAG, tag)


def _check_links(metadata: Mapping[str, Any]) -> Iterator[Finding]:
    if "links" not in metadata:
        return
    if not isinstance(metadata["links"], list):
        yield wrong_shape("metadata.links", metadata["links"], "a list of links, or leave it out")
        return
    for index, link in enumerate(metadata["links"]):
        path = f"metadata.links[{index}]"
        if not isinstance(link, Mapping):
            yield wrong_shape(path, link, "an object with `url`")
            continue
        yield from _check(f"{path}.url", link, URL, required=True)
        for name in ("title", "icon", "type"):
            yield from _check(f"{path}.{name}", link, FILLED)
