"""Schemas as indented lines, whatever their shape; circles and hostile sizes end early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.catalog.core.api_document import SchemaOutline, SchemaRow
from portal.catalog.core.loose import as_line, as_list, as_mapping, list_items, say_choices
from portal.catalog.core.pointers import find_ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.pointers import Reader

MAX_DEPTH = 5
MAX_ROWS = 200
MAX_OPTIONS = 10
MAX_PARTS = 20
OPTIONS = {"oneOf": "one of", "anyOf": "any of"}


def outline_schema(reader: Reader, schema: Any) -> SchemaOutline:
    """Return a schema's type in words and its fields as lines, at most 200 of them."""
    writer = _Writer(reader)
    found, ref = reader.follow(schema)
    mapping = _merge(reader, found)
    writer.add_fields(mapping, 0, (ref,) if ref else ())
    return SchemaOutline(
        say_type(reader, schema),
        as_line(mapping.get("description")),
        say_choices(mapping.get("enum")),
        tuple(writer.rows),
        writer.more,
    )


def say_type(reader: Reader, schema: Any, depth: int = 0) -> str:
    """Return a schema's type in words, such as `list of Order` or `string (date-time) or null`."""
    if depth > MAX_DEPTH or not reader.spend():
        return "…"
    found, ref = reader.follow(schema)
    if found is None:
        return f"see {as_line(find_ref(schema), 120)}" if find_ref(schema) else "anything"
    mapping = as_mapping(found)
    name = as_line(ref.rpartition("/")[2], 80)
    words = _say_plain(reader, mapping, depth)
    if name and words in ("object", "anything"):
        words = name
    nullable = mapping.get("nullable") is True or mapping.get("x-nullable") is True
    return f"{words} or null" if nullable else words


def _say_plain(reader: Reader, mapping: Mapping[str, Any], depth: int) -> str:
    for key, words in OPTIONS.items():
        if isinstance(mapping.get(key), list):
            parts = [say_type(reader, p, depth + 1) for p in as_list(mapping[key], MAX_OPTIONS)]
            return f"{words} {', '.join(dict.fromkeys(parts))}"
    given = mapping.get("type")
    names = [n for n in (given if isinstance(given, list) else [given]) if isinstance(n, str)]
    if not names:
        names = _guess(mapping)
    said = [_say_name(reader, name, mapping, depth) for name in names[:MAX_OPTIONS]]
    return " or ".join(dict.fromkeys(said)) or "anything"


def _guess(mapping: Mapping[str, Any]) -> list[str]:
    if "properties" in mapping or "allOf" in mapping or "additionalProperties" in mapping:
        return ["object"]
    return ["array"] if "items" in mapping else []


def _say_name(reader: Reader, name: str, mapping: Mapping[str, Any], depth: int) -> str:
    if name == "array":
        return f"list of {say_type(reader, mapping.get('items'), depth + 1)}"
    extra = mapping.get("additionalProperties")
    if name == "object" and isinstance(extra, dict) and "properties" not in mapping:
        return f"map of {say_type(reader, extra, depth + 1)}"
    form = as_line(mapping.get("format"), 40)
    return f"{as_line(name, 40)} ({form})" if form else as_line(name, 40)


def _merge(reader: Reader, schema: Any) -> Mapping[str, Any]:
    """Return a schema with the fields of its `allOf` parts beside its own."""
    mapping = as_mapping(schema)
    parts = as_list(mapping.get("allOf"), MAX_PARTS)
    if not parts:
        return mapping
    properties: dict[str, Any] = {}
    required: list[Any] = []
    for part in (*parts, mapping):
        found = as_mapping(reader.follow(part)[0])
        nested = as_list(found.get("allOf"), MAX_PARTS) if found is not mapping else ()
        for inner in (found, *(as_mapping(reader.follow(p)[0]) for p in nested)):
            if not reader.spend():
                break
            properties.update(list_items(inner.get("properties"), MAX_ROWS))
            required += as_list(inner.get("required"), MAX_ROWS)
    return {**mapping, "properties": properties, "required": required}


class _Writer:
    """Collects the lines of one outline."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.rows: list[SchemaRow] = []
        self.more = 0

    def add_fields(self, mapping: Mapping[str, Any], depth: int, path: tuple[str, ...]) -> None:
        """Add a line for every field of a schema; `path` are the references that lead here."""
        required = {n for n in as_list(mapping.get("required"), MAX_ROWS) if isinstance(n, str)}
        for name, schema in list_items(mapping.get("properties"), MAX_ROWS):
            self._add_field(name, schema, depth, path, is_required=name in required)
        self._add_inner(mapping, depth, path)

    def _add_inner(self, mapping: Mapping[str, Any], depth: int, path: tuple[str, ...]) -> None:
        """Go through what a list or a map holds, and through the shapes to choose from."""
        for key in ("items", "additionalProperties"):
            if isinstance(mapping.get(key), dict):
                self._descend(mapping[key], depth, path)
        for key in OPTIONS:
            for option in as_list(mapping.get(key), MAX_OPTIONS):
                words = say_type(self._reader, option)
                if self._add(SchemaRow(depth, words, "", is_option=True)):
                    self._descend(option, depth + 1, path)

    def _add_field(
        self, name: str, schema: Any, depth: int, path: tuple[str, ...], *, is_required: bool
    ) -> None:
        found = as_mapping(self._reader.follow(schema)[0])
        described = as_line(as_mapping(schema).get("description") or found.get("description"))
        row = SchemaRow(
            depth,
            as_line(name, 120),
            say_type(self._reader, schema),
            is_required,
            described,
            say_choices(found.get("enum")),
        )
        if self._add(row):
            self._descend(schema, depth + 1, path)

    def _add(self, row: SchemaRow) -> bool:
        if len(self.rows) >= MAX_ROWS or not self._reader.spend_row():
            self.more += 1
            return False
        self.rows.append(row)
        return True

    def _descend(self, schema: Any, depth: int, path: tuple[str, ...]) -> None:
        found, ref = self._reader.follow(schema)
        if depth >= MAX_DEPTH or (ref and ref in path) or not self._reader.spend():
            return
        inner = (*path, ref) if ref else path
        self.add_fields(_merge(self._reader, found), depth, inner)
