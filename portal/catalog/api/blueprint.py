"""The blueprint of the catalog's JSON."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint

blueprint = Blueprint("catalog_api", __name__, url_prefix="/api/v1")


def dump(value: Any) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
