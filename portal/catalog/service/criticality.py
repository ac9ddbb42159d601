"""Stating how hard an entity stands on things, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.catalog.core.document_fields import Change, join_pointer
from portal.catalog.core.meaning import CRITICALITY_ANNOTATION, write_criticalities
from portal.catalog.queries.dependencies import list_ends, read_said
from portal.catalog.service.editing import edit_entity, open_for_change
from portal.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor

POINTER = join_pointer("metadata", "annotations", CRITICALITY_ANNOTATION)


def state_criticalities(
    session: Session,
    actor: Actor,
    ref: str,
    *,
    stated: Mapping[str, str | None],
    version: int,
    now: datetime,
) -> int:
    """State the criticality of dependencies, None to take it back; returns the new revision.

    What is stated of others stays as it is. Raises InvalidInput for what it does not stand on.
    """
    entity = open_for_change(session, actor, ref, version=version)
    known = list_ends(session, entity)
    problems = tuple(
        Problem(
            other,
            "known",
            f"{ref} states no dependency on {other}.",
            "Name one of its dependencies or APIs.",
        )
        for other in stated
        if other not in known
    )
    if problems:
        raise InvalidInput("Some of these are no dependencies.", problems)
    said = read_said(entity)
    wanted = {other: word for other, word in (said | dict(stated)).items() if word is not None}
    if wanted == said:
        return entity.revision
    text = write_criticalities(wanted)
    change = Change(POINTER, text) if wanted else Change(POINTER, is_removal=True)
    return edit_entity(session, actor, ref, changes=[change], version=version, now=now)
