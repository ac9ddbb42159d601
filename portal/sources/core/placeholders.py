"""`$text`, `$json` and `$yaml`: objects that stand for a file of the same source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from portal.catalog.core.findings import Finding, show
from portal.catalog.core.yaml_text.documents import read_documents

KEYS = ("$text", "$json", "$yaml")
MAX_TOTAL_CHARACTERS = 5 * 1024 * 1024
ReadFile = Callable[[str], str]


class PlaceholderError(ValueError):
    """A placeholder cannot be resolved; says why and how to mend it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def resolve_placeholders(value: Any, read: ReadFile) -> tuple[Any, list[Finding]]:
    """Return the value with every placeholder replaced, and what went wrong.

    `read` takes the target as written and returns the file's text; it raises PlaceholderError.
    """
    found: list[Finding] = []
    if not any(True for _ in _find(value)):
        return value, found
    return _resolve(value, "", read, found), found


def _find(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if _key(value) is not None:
            yield "found"
        for item in value.values():
            yield from _find(item)
    elif isinstance(value, list):
        for item in value:
            yield from _find(item)


def _key(value: Mapping[str, Any]) -> str | None:
    if len(value) != 1:
        return None
    key = next(iter(value))
    return key if key in KEYS else None


def _resolve(value: Any, path: str, read: ReadFile, found: list[Finding]) -> Any:
    if isinstance(value, list):
        return [_resolve(item, f"{path}[{i}]", read, found) for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    key = _key(value)
    if key is None:
        return {
            name: _resolve(item, f"{path}.{name}" if path else name, read, found)
            for name, item in value.items()
        }
    try:
        return _read(key, value[key], read)
    except PlaceholderError as error:
        found.append(Finding(f"{path}.{key}", "placeholder", f"`{path}.{key}`: {error}", error.fix))
        return value


def _read(key: str, target: Any, read: ReadFile) -> Any:
    if not isinstance(target, str) or not target.strip() or "\n" in target:
        raise PlaceholderError(
            f"{show(target)} is not the path of a file.", "Write a path relative to this file."
        )
    text = read(target)
    if key == "$text":
        return text
    if key == "$json":
        try:
            return json.loads(text, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            raise PlaceholderError(f"{show(target)} is not JSON.", "Correct that file.") from None
    documents = list(read_documents(text))
    if len(documents) != 1 or documents[0].error or documents[0].is_empty:
        raise PlaceholderError(
            f"{show(target)} is not exactly one YAML document.", "Correct or split that file."
        )
    return documents[0].value
