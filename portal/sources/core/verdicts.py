"""Judges one document: an entity, something to skip, or an error with path, line, rule and fix."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.findings import Finding
from portal.catalog.core.refs import entity_ref
from portal.catalog.core.specs import check_entity, list_hints
from portal.catalog.core.storable import UNSTORABLE, check_storable
from portal.sources.core.descriptors import (
    broken_text_means_descriptor,
    holds_template,
    is_template_value,
    looks_like_descriptor,
    looks_like_template,
)
from portal.sources.core.foreign import detect, find_broken, find_name
from portal.sources.core.foreign.notes import write_path
from portal.sources.core.placeholders import ReadFile, resolve_placeholders
from portal.sources.core.translated import judge_foreign
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.yaml_text.documents import Document

EMPTY = "empty document"
TEMPLATE = "still a template"
NO_DESCRIPTOR = "not a catalog descriptor"
YAML_FIX = "Correct the YAML at this line; a linter such as yamllint shows more."


def judge_document(file: str, document: Document, read: ReadFile) -> list[Verdict]:
    """Judge one document of `file`; `read` gives the text behind a placeholder.

    Only a document of another product can become several entities, each with its verdict.
    """
    bare = Verdict(file, document.number, document.line, SKIPPED)
    if document.error is not None:
        return [_judge_broken(bare, document)]
    if document.value is None:
        return [replace(bare, reason=EMPTY)]
    product = detect(document.value)
    if product is None:
        return [_judge_own(bare, document, read)]
    path, name = find_name(product, document.value)
    if is_template_value(name):
        return [replace(bare, reason=TEMPLATE)]
    bare = replace(bare, product=product, named_at=write_path(path))
    return judge_foreign(bare, document, read)


def _judge_own(bare: Verdict, document: Document, read: ReadFile) -> Verdict:
    value = document.value
    if not looks_like_descriptor(value) or holds_template(value):
        is_template = looks_like_descriptor(value)
        return replace(bare, reason=TEMPLATE if is_template else NO_DESCRIPTOR)
    lines = document.lines or {}
    value, found = resolve_placeholders(value, read)
    found = found or list(check_storable(value)) or check_entity(value)
    if found:
        return replace(
            bare,
            status=ERROR,
            reason=found[0].message,
            ref=_find_ref(value),
            errors=_locate(found, lines, document.line),
        )
    return replace(
        bare,
        status=OK,
        ref=entity_ref(value).canonical,
        entity=value,
        warnings=_locate(list_hints(value), lines, document.line),
    )


def _judge_broken(bare: Verdict, document: Document) -> Verdict:
    if looks_like_template(document.text):
        return replace(bare, reason=TEMPLATE)
    product = find_broken(document.text)
    if product is None and not broken_text_means_descriptor(document.text):
        return replace(bare, reason=NO_DESCRIPTOR, is_unreadable=True)
    message = f"This document is not YAML that can be read: {document.error}."
    finding = Finding("$" if product else "", "yaml", message, YAML_FIX, document.error_line)
    return replace(
        bare,
        status=ERROR,
        reason=message,
        errors=(finding,),
        is_unreadable=True,
        product=product or "",
    )


def _find_ref(value: Mapping[str, Any]) -> str | None:
    try:
        ref = entity_ref(value).canonical
    except (KeyError, TypeError, AttributeError):
        return None
    return None if UNSTORABLE.search(ref) else ref


def _locate(found: list[Finding], lines: Mapping[str, int], first: int) -> tuple[Finding, ...]:
    return tuple(replace(finding, line=_line_of(finding.path, lines, first)) for finding in found)


def _line_of(path: str, lines: Mapping[str, int], first: int) -> int:
    """Return the line of a path, or of the nearest thing above it that is there."""
    while path:
        if path in lines:
            return lines[path]
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return first
