"""An entity as it was at a past time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import make_response

from portal.catalog.core.changes import ENDS
from portal.catalog.core.records import NOWHERE, Place
from portal.catalog.forms.history import read_past
from portal.catalog.queries import entities
from portal.catalog.queries.history import check_known, list_relations_at, read_at, read_present
from portal.catalog.routes import presenting
from portal.catalog.routes.block_yaml import write_blocks
from portal.catalog.routes.telling import history_url, present_changes, split_ref
from portal.catalog.service.overlays import make_record
from portal.infra.clock import utc_now
from portal.web.templating import render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from flask import Response

    from portal.catalog.core.relations import Relation
    from portal.catalog.queries.history import PastEntity
    from portal.web.unit import Session

GONE = 404


def show_past(session: Session, ref: str, text: str) -> Response | str:
    """Show an entity and its relations as they were, or since when it is and was not."""
    at = read_past(text, utc_now())
    check_known(session, ref)
    found = read_at(session, ref, at)
    is_present = read_present(session, ref) is not None
    when = SimpleNamespace(
        at=at,
        text=text,
        words=f"{at:%Y-%m-%d %H:%M} UTC",
        now_url=presenting.entity_url(**split_ref(ref)),
        history_url=history_url(ref),
        is_present=is_present,
    )
    if found.document is None:
        return make_response(_say_absent(session, ref, found, when), GONE)
    relations = list_relations_at(session, found.ref, at)
    return render(
        "catalog/past.html",
        entity=_present(session, found, relations, text),
        when=when,
        was_called=found.ref if found.ref != ref else None,
        made=_present_revision(session, ref, found.revision),
        yaml_text=write_blocks(found.document),
    )


def _say_absent(session: Session, ref: str, found: PastEntity, when: SimpleNamespace) -> str:
    """Return the page that says why there was nothing of this name then."""
    is_removed = found.revision is not None and found.revision.change in ENDS
    since = found.next.at if found.next is not None else _find_beginning(session, ref)
    return render(
        "catalog/absent.html",
        ref=ref,
        label=split_ref(ref)["name"],
        when=when,
        removed_at=found.revision.at if is_removed and found.revision else None,
        since=since,
    )


def _find_beginning(session: Session, ref: str) -> datetime | None:
    """Return since when an entity is there of which no first revision is kept."""
    return entities.get_entity(session, ref).created_at if read_present(session, ref) else None


def _present_revision(session: Session, ref: str, row: Any) -> SimpleNamespace | None:
    return None if row is None else present_changes(session, [row], ref=ref)[0]


def _present(
    session: Session, found: PastEntity, relations: Sequence[Relation], at: str
) -> SimpleNamespace:
    row = found.revision
    place = NOWHERE if row is None else Place(row.source, row.file, 1, row.line)
    record = make_record(session, found.document, place)
    labels = entities.list_labels(session, {r.target for r in relations})
    entity: Any = SimpleNamespace(
        **record.columns,
        ref=found.ref,
        source=place.source,
        file=place.file,
        line=place.line,
        document_number=None,
        read_at=None,
        read_as="",
        is_ephemeral=False,
    )
    domain = record.columns["domain"]
    shown = presenting.make_entity(
        entity, relations, labels, domain=domain, made=(), aliases=(), problems=()
    )
    shown.owner = _link_past(record.columns["owner"], labels, at)
    shown.system = _link_past(record.columns["system"], labels, at)
    shown.domain = _link_past(domain, labels, at)
    for group in shown.relations:
        group.links = [_link_past(item.ref, labels, at) for item in group.items]
    return shown


def _link_past(ref: str | None, labels: Mapping[str, Any], at: str) -> SimpleNamespace | None:
    """Return a link to the page of another entity at the same time, be it there now or not."""
    link = presenting.make_link(ref, labels)
    if link is not None and ref is not None:
        link.url = presenting.entity_url(**split_ref(ref), at=at)
    return link
