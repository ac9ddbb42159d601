"""The keyed hash chain: each seal covers its entry, its place in the chain and the seal before.

A seal reads `v1.<key id>.<HMAC-SHA-256, hexadecimal>`. The key id says under which secret key it
was made, so that older seals can still be checked once the key was replaced.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GENESIS = "0" * 64
FORMAT = "v1"
SHAPE = re.compile(rf"{FORMAT}\.([0-9a-f]{{1,16}})\.[0-9a-f]{{64}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Keys:
    """The key new seals are made with, and every key that is known, by id."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChainRow:
    """An entry as the chain sees it; `covered` holds what the seal covers, as it is stored."""

    id: int
    position: int | None
    seal: str | None
    covered: Mapping[str, Any]


def make_seal(keys: Keys, position: int, previous: str, covered: Mapping[str, Any]) -> str:
    """Return the seal of an entry at `position`, behind the one sealed by `previous`."""
    return _sign(keys, keys.current, _say_entry(position, previous, covered))


def judge_seal(keys: Keys, position: int, previous: str, row: ChainRow) -> str | None:
    """Return why a row's seal is not right, None when it is."""
    return _judge(keys, row.seal, _say_entry(position, previous, row.covered))


def make_head(keys: Keys, count: int, last_seal: str) -> str:
    """Return the proof of how many entries are sealed and which seal is the last."""
    return _sign(keys, keys.current, _say_head(count, last_seal))


def judge_head(keys: Keys, count: int, last_seal: str, proof: str) -> str | None:
    """Return why the record of the chain's end is not right, None when it is."""
    return _judge(keys, proof, _say_head(count, last_seal))


def read_key_id(seal: str | None) -> str | None:
    """Return which key a seal was made with; None when it is no seal."""
    found = SHAPE.fullmatch(seal or "")
    return found[1] if found else None


def _judge(keys: Keys, seal: str | None, message: bytes) -> str | None:
    key_id = read_key_id(seal)
    if seal is None or key_id is None:
        return "what stands in place of the seal is none"
    if key_id not in keys.by_id:
        return f"it is sealed under the secret key {key_id}, which is not given"
    if not hmac.compare_digest(seal, _sign(keys, key_id, message)):
        return "it does not fit its seal, so one of them was changed"
    return None


def _sign(keys: Keys, key_id: str, message: bytes) -> str:
    return f"{FORMAT}.{key_id}.{hmac.new(keys.by_id[key_id], message, hashlib.sha256).hexdigest()}"


def _say_entry(position: int, previous: str, covered: Mapping[str, Any]) -> bytes:
    # What was damaged may be no text at all; it only has to give other bytes than before.
    canonical = json.dumps(
        covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=repr
    )
    return f"entry\n{position}\n{previous}\n{canonical}".encode(errors="surrogateescape")


def _say_head(count: int, last_seal: str) -> bytes:
    return f"head\n{count}\n{last_seal}".encode(errors="surrogateescape")
