"""The blueprint of the pages of teams and of who owns what."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("ownership", __name__)
