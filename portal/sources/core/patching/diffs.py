"""Differences as `git apply` takes them."""

from __future__ import annotations

import difflib
import re

PLAIN = re.compile(r"[^\x00-\x1f\x7f\"\\]*")
ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", '"': r"\"", "\\": r"\\"}
MISSING_END = "\\ No newline at end of file\n"


def make_diff(path: str, before: str, after: str) -> str:
    """Return the unified difference between two texts of a file; '' where there is none."""
    lines = difflib.unified_diff(
        _split(before), _split(after), _name(f"a/{path}"), _name(f"b/{path}"), lineterm="\n"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n{MISSING_END}" for line in lines)


def _split(text: str) -> list[str]:
    """Return the lines as Git counts them: only a line feed ends one."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _name(path: str) -> str:
    """Return a path as a header holds it: a tab ends one with blanks, odd characters are quoted."""
    if PLAIN.fullmatch(path):
        return f"{path}\t" if " " in path else path
    quoted = "".join(ESCAPES.get(c) or (c if c.isprintable() else _octal(c)) for c in path)
    return f'"{quoted}"'


def _octal(character: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in character.encode())
