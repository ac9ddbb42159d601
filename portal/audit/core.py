"""The hash chain: each seal covers its entry and the seal before it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

GENESIS = "0" * 64


def compute_seal(previous: str, entry: dict[str, Any]) -> str:
    """Return the SHA-256 of the previous seal and the entry's canonical JSON, hexadecimal."""
    canonical = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()
