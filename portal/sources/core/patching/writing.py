"""How values are written: as their neighbours are, and so that they are read back the same."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from yaml import SafeLoader
from yaml.emitter import Emitter

from portal.catalog.core.yaml_text.scalars import resolve_plain
from portal.sources.core.patching.nodes import LIST, MAP, find_column

if TYPE_CHECKING:
    from portal.sources.core.patching.nodes import Node

# What must be escaped within double quotes, besides what JSON escapes.
ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
LONGEST_KEY = 120  # longer ones would need a `?`


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is written: steps of indentation, quotes, and the separators of JSON."""

    is_json: bool = False
    step: int = 2
    list_step: int = 2
    quote: str = '"'
    padding: str = ""
    indent: str | None = None
    has_literals: bool = True
    comma: str = ", "
    colon: str = ": "


def find_style(text: str, root: Node, *, is_json: bool) -> Style:
    """Return how a document is written, from the first that shows it."""
    if is_json:
        return _find_json_style(text, root)
    nodes = sorted(root.walk(), key=lambda node: node.start)
    blocks = [node for node in nodes if node.kind == MAP and not node.is_flow]
    steps = Counter(
        (item.kind, max(0, item.column - node.column))
        for node in blocks
        for item in node.items
        if item.items and not item.is_flow
    )
    usual = {kind: step for (kind, step), _ in reversed(steps.most_common())}
    step = usual.get(MAP) or usual.get(LIST) or 2
    signs = [node.style for node in nodes]
    pads = [text[node.start + 1] for node in nodes if node.is_flow and node.kind == MAP]
    return Style(
        step=step,
        list_step=usual.get(LIST, step),
        quote="'" if signs.count("'") > signs.count('"') else '"',
        padding=" " if pads.count(" ") * 2 > len(pads) else "",
    )


def _find_json_style(text: str, root: Node) -> Style:
    first = root.begins(0)
    line = text.rfind("\n", 0, first) + 1
    is_tight = text[root.keys[0].end] == ":" and text[root.keys[0].end + 1] != " "
    return Style(
        is_json=True,
        indent=text[line:first] if line > root.start else None,
        comma="," if is_tight else ", ",
        colon=":" if is_tight else ": ",
    )


def write_scalar(value: Any, style: Style, *, wanted: str = "", is_flow: bool = False) -> str:
    """Return a scalar in one line; a text in the quotes `wanted`, where these can hold it."""
    if not isinstance(value, str) or style.is_json:
        return _dump(value)
    allowed = Emitter(io.StringIO(), allow_unicode=True).analyze_scalar(value)
    is_plain = allowed.allow_flow_plain if is_flow else allowed.allow_block_plain
    if not wanted and is_plain and _is_text(value):
        return value
    if (wanted or style.quote) == "'" and allowed.allow_single_quoted and not allowed.multiline:
        return "'" + value.replace("'", "''") + "'"
    return _dump(value)


def _dump(value: Any, **options: Any) -> str:
    """Return JSON that YAML reads too."""
    return ODD.sub(_escape, json.dumps(value, ensure_ascii=False, **options))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _is_text(word: str) -> bool:
    """Whether a word without quotes is text to every reader of YAML."""
    if not isinstance(resolve_plain(word), str):
        return False
    known = SafeLoader.yaml_implicit_resolvers.get(word[0], [])
    return not any(pattern.match(word) for _, pattern in known)


def write_flow(value: Any, style: Style) -> str:
    """Return a value in one line, between brackets where it holds others."""
    if style.is_json:
        return _dump(value, separators=(style.comma, style.colon))
    if isinstance(value, dict) and value:
        inside = ", ".join(
            f"{write_scalar(key, style, is_flow=True)}: {write_flow(item, style)}"
            for key, item in value.items()
        )
        return f"{{{style.padding}{inside}{style.padding}}}"
    if isinstance(value, list):
        return f"[{', '.join(write_flow(item, style) for item in value)}]"
    return "{}" if isinstance(value, dict) else write_scalar(value, style, is_flow=True)


def write_json(value: Any, style: Style, margin: str) -> str:
    """Return JSON over several lines, those behind the first after `margin`."""
    written = _dump(value, indent=style.indent)
    return written.replace("\n", f"\n{margin}")


def is_literal(value: Any, style: Style) -> bool:
    """Whether a text is written below a `|`: several lines that need no escaping."""
    is_long = isinstance(value, str) and "\n" in value.rstrip("\n")
    if not is_long or not style.has_literals:
        return False
    allowed = Emitter(io.StringIO(), allow_unicode=True).analyze_scalar(value)
    is_odd = value.endswith("\n\n") or value[0] in " \t\n" or ODD.search(value)
    return bool(allowed.allow_block and not is_odd and "\t" not in value and "\r" not in value)


def write_entry(
    value: Any, style: Style, column: int, *, is_item: bool = False, wanted: str = ""
) -> tuple[str, list[str]]:
    """Return what stands behind the key or dash of an entry at `column`, and the lines below."""
    if is_literal(value, style):
        margin = " " * (column + style.step)
        lines = value.removesuffix("\n").split("\n")
        sign = " |" if value.endswith("\n") else " |-"
        return sign, [f"{margin}{line}" if line else "" for line in lines]
    if not isinstance(value, dict | list):
        return f" {write_scalar(value, style, wanted=wanted)}", []
    if not value:
        return f" {write_flow(value, style)}", []
    below = column + _find_step(value, style, is_item=is_item)
    lines = [line for part in _split(value, style) for line in _write_part(part, style, below)]
    return ("", lines) if not is_item else (" " + lines[0][column + 1 :].lstrip(), lines[1:])


def _find_step(value: Any, style: Style, *, is_item: bool) -> int:
    if is_item:
        return 2
    return style.list_step if isinstance(value, list) else style.step


def _split(value: dict[str, Any] | list[Any], style: Style) -> list[tuple[str, Any]]:
    if isinstance(value, list):
        return [("-", item) for item in value]
    return [(f"{write_scalar(key, style)}:", item) for key, item in value.items()]


def _write_part(part: tuple[str, Any], style: Style, column: int) -> list[str]:
    prefix, value = part
    first, below = write_entry(value, style, column, is_item=prefix == "-")
    return [f"{' ' * column}{prefix}{first}", *below]


def fit_style(style: Style, text: str, place: int, column: int) -> Style:
    """Return the style for an entry that ends at a place: what follows must not run into it.

    Blanks and comments below a `|` would become part of its text; at the very end, a line feed
    would be missing.
    """
    following = text[place:].lstrip("\n").partition("\n")[0]
    bare = following.lstrip(" ")
    runs_on = bare.startswith("#") and len(following) - len(bare) > column
    is_unfit = place == len(text) or runs_on or bool(following and not following.strip())
    return replace(style, has_literals=not is_unfit)


def find_margin(text: str, place: int) -> str:
    """Return the indentation of the line a place is in."""
    start = place - find_column(text, place)
    return text[start : len(text) - len(text[start:].lstrip(" \t"))]
