"""Enforces the labels of `portal.web.markers` before any view runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, request

from portal.auth.core import ANONYMOUS, authorise
from portal.errors import Forbidden
from portal.web.markers import PUBLIC, get_label

if TYPE_CHECKING:
    from flask import Flask


def install_guard(app: Flask) -> None:
    """Ask for the permission of every view; a view without a label is closed to everyone."""
    app.before_request(lambda: _guard(app))


def _guard(app: Flask) -> None:
    g.actor = ANONYMOUS
    if request.endpoint is None:
        return  # routing already failed: 404 or 405 follows
    label = get_label(app.view_functions[request.endpoint])
    if label is None:
        raise Forbidden("This page states no permission, so it is closed.")
    if label != PUBLIC:
        authorise(g.actor, label)
