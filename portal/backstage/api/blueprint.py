"""The blueprint that all routes of the drop-in API share."""

from __future__ import annotations

from flask import Blueprint

PREFIX = "/api/catalog"
blueprint = Blueprint("backstage", __name__, url_prefix=PREFIX)
