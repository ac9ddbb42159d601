"""Edits between brackets and braces, where JSON and the short forms of YAML are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from portal.sources.core.patching.nodes import MAP
from portal.sources.core.patching.writing import (
    Style,
    find_margin,
    write_flow,
    write_json,
    write_scalar,
)

if TYPE_CHECKING:
    from portal.sources.core.patching.nodes import Node

COMMA = re.compile(r"\s*,")
REST = re.compile(r"[ \t]*(?:#[^\n]*)?(?=\n|$)")
Span = tuple[int, int, str]


def write(text: str, style: Style, parent: Node, node: Node, value: Any) -> str:
    """Return a value that takes the place of `node` within `parent`."""
    if _is_tall(text, parent) and style.is_json:
        return write_json(value, style, find_margin(text, node.start))
    if isinstance(value, dict | list):
        return write_flow(value, style)
    wanted = node.style if node.style in ("'", '"') and not style.is_json else ""
    written = write_scalar(value, style, wanted=wanted, is_flow=True)
    is_null = node.start == node.end
    return f" {written}" if is_null and text[node.start - 1] == ":" else written


def _is_tall(text: str, node: Node) -> bool:
    return "\n" in text[node.start : node.end]


def insert(
    text: str, style: Style, parent: Node, index: int, entry: tuple[str | None, Any]
) -> Span:
    """Return the edit that adds an entry before the one at `index`, or behind the last."""
    if index < len(parent.items):
        start = parent.begins(index)
        written = _write_entry(text, style, start, entry, parent)
        between = _find_break(text, start)
        return start, start, f"{written},{between}" if between else f"{written}{style.comma}"
    last = max(parent.items[-1].end, parent.keys[-1].end if parent.keys else 0)
    begins = parent.begins(-1)
    written = _write_entry(text, style, begins, entry, parent)
    between = _find_break(text, begins)
    comma = COMMA.match(text, last, parent.end)
    if not between:
        place = comma.end() if comma else last
        return place, place, f"{' ' if comma else style.comma}{written}{',' if comma else ''}"
    after = comma.end() if comma else last
    rest = REST.match(text, after)
    end = rest.end() if rest else after
    kept = text[after:end]
    return last, end, f",{kept}{between}{written}{',' if comma else ''}"


def _find_break(text: str, place: int) -> str:
    """Return the line break and indentation before an entry that begins its line, else ''."""
    line = text.rfind("\n", 0, place)
    before = text[line + 1 : place]
    return f"\n{before}" if line >= 0 and not before.strip() else ""


def _write_entry(
    text: str, style: Style, near: int, entry: tuple[str | None, Any], parent: Node
) -> str:
    key, value = entry
    if style.is_json and style.indent is not None and _is_tall(text, parent):
        written = write_json(value, style, find_margin(text, near))
    else:
        written = write_flow(value, style)
    colon = style.colon if style.is_json else ": "
    return written if key is None else f"{write_scalar(key, style, is_flow=True)}{colon}{written}"


def remove(text: str, style: Style, parent: Node, index: int) -> Span:
    """Return the edit that takes an entry out, and one comma with it."""
    start, end = parent.begins(index), parent.items[index].end
    if parent.kind == MAP:
        end = max(end, parent.keys[index].end)
    comma = COMMA.match(text, end, parent.end)
    if index == len(parent.items) - 1 and not comma:
        before = parent.items[index - 1].end
        if parent.kind == MAP:
            before = max(before, parent.keys[index - 1].end)
        if style.is_json or "#" not in text[before:start]:
            return before, end, ""
    stop = comma.end() if comma else end
    rest = REST.match(text, stop)
    if _find_break(text, start) and rest:
        return text.rfind("\n", 0, start), rest.end(), ""
    return start, len(text) - len(text[stop:].lstrip(" ")), ""
