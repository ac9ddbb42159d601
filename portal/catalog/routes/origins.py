"""Where fields come from, as pages show it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from portal.catalog.core.aliases import SECRET_KEYS
from portal.catalog.core.document_fields import (
    MISSING,
    Change,
    is_within,
    read_field,
    split_pointer,
)
from portal.catalog.core.editable import say_pointer
from portal.catalog.core.records import PORTAL
from portal.catalog.forms.editing import write_changes_json
from portal.catalog.queries.form_fields import list_form_fields
from portal.catalog.queries.history import list_overlays
from portal.catalog.queries.origins import FILE, MADE_HERE, SET_HERE, Origin, name_people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.catalog.models import Entity
    from portal.web.unit import Session

LONGEST_SHOWN = 300
# What each part of the overview is drawn from.
OVERVIEW = {
    "title": "/metadata/title",
    "description": "/metadata/description",
    "owner": "/spec/owner",
    "system": "/spec/system",
    "domain": "/spec/domain",
    "type": "/spec/type",
    "lifecycle": "/spec/lifecycle",
    "tags": "/metadata/tags",
    "links": "/metadata/links",
    "labels": "/metadata/labels",
}


def say_value(value: Any, *, cut: bool = True) -> str | None:
    """Return a value as a reader sees it; None where there is none."""
    if value is MISSING:
        return None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    elif isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        text = "; ".join(" · ".join(str(part) for part in item.values()) for item in value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN or not cut else f"{text[:LONGEST_SHOWN]}…"


def is_secret(pointer: str) -> bool:
    """Whether a field holds what opens something elsewhere."""
    keys = split_pointer(pointer)
    return keys[:2] == ["metadata", "annotations"] and keys[-1] in SECRET_KEYS


def present_origins(
    session: Session, entity: Entity, origins: Sequence[Origin]
) -> list[SimpleNamespace]:
    """Return origins in words."""
    names = name_people(session, (origin.by for origin in origins))
    fields = list_form_fields(session, entity)
    places = [field.pointer for field in fields]

    def place(origin: Origin) -> tuple[int, str]:
        known = places.index(origin.pointer) if origin.pointer in places else len(places)
        return known, origin.pointer

    return [
        SimpleNamespace(
            pointer=origin.pointer,
            overlay=origin.overlay,
            change_json=_write_change(origin),
            label=say_pointer(origin.pointer, fields),
            value="kept from view, see Raw"
            if is_secret(origin.pointer)
            else say_value(origin.value),
            said="kept from view" if is_secret(origin.pointer) else say_value(origin.said),
            kind=origin.kind,
            is_set_here=origin.kind == SET_HERE,
            is_made_here=origin.kind == MADE_HERE,
            is_from_file=origin.kind == FILE,
            by=names.get(origin.by, origin.by),
            since=origin.since,
        )
        for origin in sorted(origins, key=place)
    ]


def _write_change(origin: Origin) -> str:
    """Return what proposes to the file what was set over it."""
    is_gone = origin.value is MISSING
    change = Change(origin.pointer, None if is_gone else origin.value, is_removal=is_gone)
    return write_changes_json([change]) if origin.kind == SET_HERE else ""


def find_marks(session: Session, entity: Entity) -> dict[str, str]:
    """Return, for the parts of the overview that were set here, who did so."""
    if entity.source == PORTAL or entity.base is None:
        return {}
    overlays = list_overlays(session, entity.ref)
    names = name_people(session, (overlay.set_by for overlay in overlays))
    pointers = {
        **OVERVIEW,
        **{overlay.pointer: overlay.pointer for overlay in overlays},
        **{".".join(split_pointer(overlay.pointer)): overlay.pointer for overlay in overlays},
        "tier": _find_tier(session, entity),
    }
    return {
        part: f"Set in the portal by {names.get(over.set_by, over.set_by)} "
        f"on {over.set_at:%Y-%m-%d}; the file says {_say_base(entity, over.pointer)}."
        for part, pointer in pointers.items()
        for over in overlays
        if is_within(over.pointer, pointer) or is_within(pointer, over.pointer)
    }


def _say_base(entity: Entity, pointer: str) -> str:
    value = say_value(read_field(entity.base or {}, pointer))
    return "nothing" if value is None else f"“{value}”"


def _find_tier(session: Session, entity: Entity) -> str:
    fields = list_form_fields(session, entity)
    return next((field.pointer for field in fields if field.name == "tier"), "/spec/tier")
