"""Rows handed out as files: CSV that no spreadsheet runs, JSON, JSON lines; all streamed."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from flask import Response

from portal.infra.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA_START = ("=", "+", "-", "@", "\t", "\r", "\n")
LINES = "application/x-ndjson"


def answer_file(
    name: str, kind: str, fields: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> Response:
    """Answer with `rows` as a file of today, called `name`, as `csv` or `json`."""
    is_json = kind == "json"
    body = write_json(rows) if is_json else write_csv(fields, rows)
    response = Response(body, mimetype="application/json" if is_json else "text/csv")
    file = f"{name}-{utc_now():%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def answer_lines(rows: Iterable[Mapping[str, Any]]) -> Response:
    """Answer with one JSON object per line, each sent as soon as it is there."""
    response = Response(write_lines(rows), mimetype=LINES)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def write_csv(fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a heading and a line for each row."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(fields)
    for row in rows:
        writer.writerow([make_cell(row[name]) for name in fields])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def make_cell(value: Any) -> str:
    """Return a value as the text of a cell; one that reads as a formula gets a `'` in front."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = " ".join(value)
    elif isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = str(value)
    return f"'{text}" if text.startswith(FORMULA_START) else text


def write_json(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield one JSON list."""
    yield "["
    for number, row in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"


def write_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line of JSON for each row."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
