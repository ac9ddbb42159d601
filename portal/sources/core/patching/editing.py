"""One step in the text of a document: which characters give way to which others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.sources.core.patching import flowing
from portal.sources.core.patching.changes import INSERT, REMOVE, CannotPatch, write_pointer
from portal.sources.core.patching.nodes import ALIAS, LIST, MAP
from portal.sources.core.patching.writing import (
    Style,
    fit_style,
    is_literal,
    write_entry,
    write_scalar,
)
from portal.sources.core.placeholders import KEYS

if TYPE_CHECKING:
    from portal.sources.core.patching.changes import Path, Step
    from portal.sources.core.patching.nodes import Node

MERGE = "<<"
COLON = re.compile(r"\s*:")
COMMENT = re.compile(r"[ \t]+#[^\n]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters from `start` to before `end`, and what takes their place."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A document to edit: its text, its value, where everything stands, how it is written."""

    text: str
    value: Any
    root: Node
    style: Style


def edit(page: Page, step: Step) -> Edit:
    """Return what a step changes in the text; raises CannotPatch."""
    parent, holder = _find_parent(page, step)
    last = step.path[-1]
    if isinstance(holder, dict) and MERGE in holder:
        raise _cannot(step.path, "alias", "stands beside a `<<`, which merges other fields in")
    if isinstance(holder, dict) and last not in holder:
        return _insert(page, parent, len(parent.items), str(last), step.value)
    index = list(holder).index(last) if isinstance(holder, dict) else int(last)
    if step.kind == INSERT:
        return _insert(page, parent, index, None, step.value)
    node = parent.items[index]
    if step.kind == REMOVE:
        _check_shared(node, holder[last], step.path)
        _check_references(node, step.path)
        return _remove(page, parent, index)
    _check_replaced(node, holder[last], step.path)
    return _replace(page, parent, index, step.value)


def check_whole(page: Page, path: Path) -> None:
    """Raise CannotPatch where a value that is given anew in several steps holds what is shared."""
    node, value = page.root, page.value
    for part in path:
        node = node.items[list(value).index(part) if isinstance(value, dict) else int(part)]
        value = value[part]
    _check_references(node, path)


def _find_parent(page: Page, step: Step) -> tuple[Node, Any]:
    """Return the mapping or list an entry stands in; raises CannotPatch where that is shared."""
    node, value = page.root, page.value
    for depth, part in enumerate(step.path[:-1]):
        index = list(value).index(part) if isinstance(value, dict) else int(part)
        node, value = node.items[index], value[part]
        _check_shared(node, value, step.path[: depth + 1])
    if not node.items:
        raise _cannot(step.path, "place", "cannot be found in the text")
    return node, value


def _check_shared(node: Node, value: Any, path: Path) -> None:
    if node.kind == ALIAS:
        raise _cannot(path, "alias", "is an alias of what stands elsewhere in the file")
    if node.anchor:
        raise _cannot(path, "alias", f"has the anchor `&{node.anchor}`, so that others repeat it")
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in KEYS:
        target = str(next(iter(value.values())))[:200]
        raise _cannot(path, "placeholder", f"stands in another file, `{target}`")


def _check_replaced(node: Node, value: Any, path: Path) -> None:
    _check_shared(node, value, path)
    if node.tag:
        raise _cannot(path, "tag", f"has the tag `{node.tag[:60]}`")
    _check_references(node, path)


def _check_references(node: Node, path: Path) -> None:
    for each in node.walk():
        if each.anchor:
            raise _cannot(path, "alias", f"holds the anchor `&{each.anchor[:60]}`")
        if each.kind == ALIAS:
            raise _cannot(path, "alias", "is or holds an alias of what stands elsewhere")


def _cannot(path: Path, rule: str, why: str) -> CannotPatch:
    pointer = write_pointer(path)
    return CannotPatch(
        pointer,
        rule,
        f"`{pointer}` {why}, so it is not changed from here.",
        "Edit the file by hand.",
    )


def _end_of_line(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found


def _start_of_line(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _find_dash(text: str, parent: Node, index: int) -> int:
    """Return where the dash of an entry stands: on its line, or above it."""
    line = _start_of_line(text, parent.items[index].start)
    while text[line + parent.column : line + parent.column + 1] != "-":
        if line <= parent.start:
            break
        line = _start_of_line(text, line - 1)
    return line + parent.column


def _find_head(text: str, parent: Node, index: int) -> int:
    """Return the place behind the colon or dash of an entry."""
    if parent.kind == LIST:
        return _find_dash(text, parent, index) + 1
    found = COLON.match(text, parent.keys[index].end)
    return found.end() if found else parent.items[index].start


def _replace(page: Page, parent: Node, index: int, value: Any) -> Edit:
    """Put a value in the place of another."""
    node, text = parent.items[index], page.text
    becomes_tall = isinstance(value, dict | list) and bool(value)
    if parent.is_flow or (node.is_flow and node.items and becomes_tall):
        frame = parent if parent.is_flow else node
        return Edit(node.start, node.end, flowing.write(text, page.style, frame, node, value))
    style = fit_style(page.style, text, _end_of_line(text, node.end), parent.column)
    is_leaf = node.kind not in (MAP, LIST) or node.is_flow
    if is_leaf and not (node.is_block_scalar or becomes_tall or is_literal(value, style)):
        wanted = node.style if node.style in ("'", '"') else ""
        first, _ = write_entry(value, style, 0, wanted=wanted)
        is_null = node.start == node.end
        return Edit(node.start, node.end, first if is_null else first.removeprefix(" "))
    return _rewrite(page, parent, index, (value, style))


def _rewrite(page: Page, parent: Node, index: int, wanted: tuple[Any, Style]) -> Edit:
    """Write an entry anew from its colon or dash on; a comment on its first line stays there."""
    node, text = parent.items[index], page.text
    value, style = wanted
    head = _find_head(text, parent, index)
    first, below = write_entry(value, style, parent.column, is_item=parent.kind == LIST)
    comment = _find_comment(text, head, node)
    if comment and below and parent.kind == LIST and not is_literal(value, style):
        first, below = "", [" " * (parent.column + 1) + first, *below]
    end = _end_of_line(text, node.end)
    if node.items and not value:  # what is said above the entries that go stays
        lines = text[head:end].split("\n")[1:]
        below = [line for line in lines if line.lstrip(" ").startswith("#")]
    return Edit(head, end, "\n".join([f"{first}{comment}", *below]))


def _find_comment(text: str, head: int, node: Node) -> str:
    """Return the comment that stands on the first line of an entry."""
    line_end = _end_of_line(text, head)
    is_leaf = node.kind not in (MAP, LIST) or node.is_flow
    if is_leaf and not node.is_block_scalar:
        found = COMMENT.match(text, node.end, _end_of_line(text, node.end))
    elif node.is_block_scalar:
        found = COMMENT.search(text, node.start, _end_of_line(text, node.start))
    elif node.start > line_end:
        found = COMMENT.match(text, head, line_end)
    else:
        return ""
    return found[0] if found else ""


def _insert(page: Page, parent: Node, index: int, key: str | None, value: Any) -> Edit:
    """Add an entry: a key at the end of a mapping, an item before the one at `index`."""
    text = page.text
    if parent.is_flow:
        return Edit(*flowing.insert(text, page.style, parent, index, (key, value)))
    if index == 0:
        place = _start_of_line(text, _find_dash(text, parent, 0))
    else:
        before = parent.items[index - 1]
        end = parent.keys[index - 1].end if parent.kind == MAP else before.start
        place = max(before.tail, _end_of_line(text, max(before.end, end)))
        if place == len(text) and key is not None and index > 1 and _is_open(text, before):
            return _insert(page, parent, index - 1, key, value)
    style = fit_style(page.style, text, place, parent.column)
    prefix = "-" if key is None else f"{write_scalar(key, style)}:"
    first, below = write_entry(value, style, parent.column, is_item=key is None)
    written = "\n".join([f"{' ' * parent.column}{prefix}{first}", *below])
    return Edit(place, place, f"\n{written}" if index else f"{written}\n")


def _is_open(text: str, node: Node) -> bool:
    """Whether a block of text ends with the file: a line feed behind it would become part of it."""
    while node.items:
        node = node.items[-1]
    head = text[node.start :].partition("\n")[0].partition("#")[0]
    return node.is_block_scalar and "-" not in head


def _remove(page: Page, parent: Node, index: int) -> Edit:
    """Take an entry out, with what stands behind it on its lines."""
    text, node = page.text, parent.items[index]
    if parent.is_flow:
        return Edit(*flowing.remove(text, page.style, parent, index))
    start = parent.begins(index) if parent.kind == MAP else _find_dash(text, parent, index)
    end = _end_of_line(text, max(node.tail, node.end, start))
    line = _start_of_line(text, start)
    if text[line:start].strip(" "):
        return _remove_first(text, parent, start, end)
    if end == len(text):  # there was no last line feed, and there is none afterwards
        return Edit(len(text[:line].rstrip("\n")), end, "")
    return Edit(line, end + 1, "")


def _remove_first(text: str, parent: Node, start: int, end: int) -> Edit:
    """Take out an entry that shares its line with a dash: what comes next moves up to it."""
    following = parent.begins(1) if len(parent.items) > 1 else end
    if "#" in text[end:following] or parent.kind == LIST:
        before = len(text[:start].rstrip(" "))
        return Edit(before, end, "")
    return Edit(start, following, "")
