"""Every permission this portal knows: what views are labelled with, and what services ask for."""

from __future__ import annotations

from flask import current_app

from portal.errors import InvalidInput, Problem
from portal.infra.contributions import get_contributions
from portal.web.markers import PUBLIC, get_label
from portal.web.unit import get_session


def list_permissions() -> list[str]:
    """Return all permissions, by name."""
    labels = {get_label(view) for view in current_app.view_functions.values()}
    asked = get_contributions(get_session()).permissions
    return sorted({label for label in labels if label and label != PUBLIC} | set(asked))


def check_permission(permission: str) -> None:
    """Raise InvalidInput for a permission that nothing here asks for."""
    known = list_permissions()
    if permission not in known:
        message = f"Nothing here asks for `{permission}`."
        problem = Problem("permission", "known", message, f"One of: {', '.join(known)}.")
        raise InvalidInput(message, (problem,))
