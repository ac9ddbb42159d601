"""The blueprint of ownership as JSON, and how answers are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

if TYPE_CHECKING:
    from pydantic import BaseModel

blueprint = Blueprint("ownership_api", __name__, url_prefix="/api/v1")


def answer(model: BaseModel, status: int = 200) -> Response:
    """Return an answer as JSON."""
    return Response(model.model_dump_json(), status, mimetype="application/json")
