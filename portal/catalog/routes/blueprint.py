"""The blueprint all pages of the catalog hang on."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("catalog", __name__)
