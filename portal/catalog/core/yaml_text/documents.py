"""Cuts a file into YAML documents and reads each alone, within limits that protect the portal.

Objects are built from parse events, never by a recursive loader: depth, aliases and repeated
keys are judged before anything can grow, and one broken document does not hide its neighbours.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import yaml
from yaml.reader import ReaderError

from portal.catalog.core.yaml_text.builder import Broken, Builder

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 5 * 1024 * 1024
MAX_DOCUMENTS = 10_000
SEPARATOR = re.compile(r"^(---|\.\.\.)(?=[ \t\r\n]|$)", re.MULTILINE)
COMMENT_OR_DIRECTIVE = re.compile(r"\s*(?:#.*|%.*)?")
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: `value` when it could be read, else `error` with its line.

    `number` counts from 1; `line` is where it begins; `lines` maps JSON paths
    to lines; `text` is how it is written, `position` where that begins in the file (without its
    byte order mark, every line ending counted as one character).
    """

    number: int
    line: int
    value: Any = None
    error: str | None = None
    error_line: int | None = None
    lines: dict[str, int] | None = None
    text: str = ""
    position: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the document holds nothing at all."""
        return self.error is None and self.value is None


class NotText(ValueError):  # noqa: N818 reads as what happened
    """The file is no text in UTF-8, too large, or has too many documents; says which."""


def decode(raw: bytes) -> str:
    """Return the text of a file; raises NotText for binaries and oversized files."""
    if len(raw) > MAX_BYTES:
        raise NotText(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotText("the file is not text in UTF-8") from None
    if "\0" in text:
        raise NotText("the file is binary")
    return text


def read_documents(text: str) -> Iterator[Document]:
    """Read every document of a descriptor file, in order; raises NotText beyond 10,000."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    for number, (position, chunk, first_line) in enumerate(_split(text), start=1):
        if number > MAX_DOCUMENTS:
            raise NotText(f"the file has more than {MAX_DOCUMENTS:,} documents")
        yield replace(_read(chunk, number, first_line), position=position)


def _split(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield (place, text, number of its first line) of each document, the markers left out."""
    position, line, explicit = 0, 1, False
    for match in SEPARATOR.finditer(text):
        chunk = text[position : match.start()]
        if explicit or not _is_blank(chunk):
            yield position, chunk, line
        line += text.count("\n", position, match.start())
        explicit = match.group() == "---"
        position = match.end()
    rest = text[position:]
    if explicit or not _is_blank(rest):
        yield position, rest, line


def _is_blank(chunk: str) -> bool:
    return all(COMMENT_OR_DIRECTIVE.fullmatch(line) for line in chunk.split("\n"))


def _first_content_line(chunk: str, first_line: int) -> int:
    for offset, line in enumerate(chunk.split("\n")):
        if line.strip() and not line.lstrip().startswith("#"):
            return first_line + offset
    return first_line


def _read(chunk: str, number: int, first_line: int) -> Document:
    line = _first_content_line(chunk, first_line)
    builder = Builder(first_line)
    try:
        value = builder.build(yaml.parse(chunk, Loader=Loader))
    except Broken as error:
        return Document(number, line, error=str(error), error_line=error.line, text=chunk)
    except yaml.MarkedYAMLError as error:
        as_json = _try_json(chunk)
        if as_json is not None:
            return Document(number, line, value=as_json, lines={}, text=chunk)
        mark = error.problem_mark or error.context_mark
        where = first_line + (mark.line if mark else 0)
        return Document(number, line, error=_explain(error), error_line=where, text=chunk)
    except ReaderError as error:
        where = first_line + chunk.count("\n", 0, error.position)
        return Document(
            number,
            line,
            error=f"a character that YAML does not allow (#x{error.character:04x})",
            error_line=where,
            text=chunk,
        )
    return Document(number, line, value=value, lines=builder.lines, text=chunk)


def _explain(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.problem, error.context) if part]
    return " ".join(parts) or "this is not YAML"


def _try_json(chunk: str) -> Any:
    """Read what YAML 1.1 refuses but JSON allows (tabs as indentation); None when it is no JSON."""
    if not chunk.lstrip().startswith("{"):
        return None
    try:
        return json.loads(chunk, object_pairs_hook=_unique, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found
