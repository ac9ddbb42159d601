"""YAML 1.2 core scalars: what an unquoted word becomes."""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUE = frozenset(("true", "True", "TRUE"))
FALSE = frozenset(("false", "False", "FALSE"))
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# Descriptors mean JSON, which has no infinity; JavaScript writes null for these, and so does this.
NO_NUMBER = frozenset(
    sign + word
    for sign in ("", "+", "-")
    for word in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")
)
NUMBER_START = frozenset("0123456789-+.")
LONGEST_NUMBER = 400


def resolve_plain(text: str) -> Any:
    """Return the value of an unquoted scalar by YAML 1.2's core schema; dates stay text."""
    if text in NULLS:
        return None
    if text[0] in NUMBER_START and len(text) < LONGEST_NUMBER:
        return _number(text)
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    return text


def _number(text: str) -> Any:
    if INTEGER.fullmatch(text):
        return int(text)
    if OCTAL.fullmatch(text):
        return int(text.replace("0o", "0", 1), 8)
    if HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if FLOAT.fullmatch(text):
        return _real(float(text))
    return None if text in NO_NUMBER else text


def _real(value: float) -> int | float | None:
    if math.isinf(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def resolve_tagged(tag: str, text: str) -> Any:
    """Return the value of a scalar with an explicit tag; unknown tags leave the text."""
    short = tag.removeprefix("tag:yaml.org,2002:")
    if short in ("null", "bool", "int", "float"):
        return resolve_plain(text)
    if short == "binary":
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return text
        return {"type": "Buffer", "data": list(data)}
    return text
