"""Changes as lines that people read: what happened, who or which file made it so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import url_for

from portal.catalog.core.changes import (
    BROUGHT_BACK,
    CREATED,
    EDITED,
    MOVED,
    REMOVED,
    RENAMED,
    RESTORED,
    RETIRED,
    UPDATED,
    say_field,
)
from portal.catalog.core.fields import is_safe_link
from portal.catalog.core.records import PORTAL
from portal.catalog.queries.history import PERSON, list_old_names, name_people
from portal.catalog.routes import presenting
from portal.infra.contributions import get_contributions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portal.web.unit import Session

WORDS = {
    CREATED: "created",
    UPDATED: "changed in its file",
    EDITED: "edited",
    MOVED: "moved to another source",
    RENAMED: "renamed",
    REMOVED: "removed",
    RESTORED: "brought back",
    RETIRED: "retired",
    BROUGHT_BACK: "taken out of the archive",
}
MANY = {
    CREATED: "entries created",
    UPDATED: "entries changed in their files",
    MOVED: "entries moved here",
    REMOVED: "entries removed",
    RESTORED: "entries brought back",
}
BY_PEOPLE = (EDITED, RESTORED, RETIRED, BROUGHT_BACK)
SHOWN_FIELDS, SHOWN_NAMES = 6, 4
MOST_SOURCES = 3


def split_ref(ref: str) -> dict[str, Any]:
    """Return the parts of a canonical reference as addresses take them."""
    kind, _, rest = ref.partition(":")
    namespace, _, name = rest.partition("/")
    return {"kind": kind, "namespace": namespace, "name": name}


def history_url(ref: str, **query: Any) -> str:
    """Return the address of the history of an entity, there or gone."""
    return url_for("catalog.history", **split_ref(ref), **query)


def change_url(ref: str, revision_id: int) -> str:
    """Return the address of one change."""
    return url_for("catalog.change", **split_ref(ref), revision=revision_id)


def present_changes(
    session: Session, rows: Sequence[Any], *, ref: str | None = None
) -> list[SimpleNamespace]:
    """Return changes as pages show them; `ref` is whose they are, else each is its entity's."""
    names = name_people(session, (row.actor for row in rows))
    old = list_old_names(session, [row.id for row in rows if row.change == RENAMED])
    links = _find_links(session, rows) if ref else {}
    return [_present(row, names, old, links, ref or row.ref) for row in rows]


def _find_links(session: Session, rows: Sequence[Any]) -> dict[str, Any]:
    """Return where the sources of an entity's changes are looked after; there are seldom two."""
    sources = list(dict.fromkeys(row.source for row in rows if row.source != PORTAL))
    return {
        source: found
        for source in sources[:MOST_SOURCES]
        for part in get_contributions(session).source_links
        if (found := part.find(session, source))
    }


def _present(
    row: Any, names: Mapping[str, str], old: Mapping[int, str], links: Mapping[str, Any], ref: str
) -> SimpleNamespace:
    fields = [say_field(pointer) for pointer in row.fields]
    link = links.get(row.source)
    address = f"{link.file_url}{quote(row.file)}#L{row.line}" if link and link.file_url else ""
    is_made_here = row.source == PORTAL
    by_person = is_made_here or row.change in BY_PEOPLE or row.actor.startswith(PERSON)
    word = WORDS.get(row.change, row.change)
    if row.change == UPDATED and by_person:
        word = "changed"
    return SimpleNamespace(
        id=row.id,
        at=row.at,
        ref=row.ref,
        change=row.change,
        word=word,
        old_name=old.get(row.id),
        actor=row.actor,
        actor_name=names.get(row.actor),
        by_person=by_person,
        source=row.source,
        source_url=link.url if link else None,
        file="" if is_made_here else row.file,
        line=row.line,
        file_url=address if is_safe_link(address) else None,
        fields=fields[:SHOWN_FIELDS],
        more_fields=max(0, len(fields) - SHOWN_FIELDS),
        url=change_url(ref, row.id),
        entity=SimpleNamespace(
            label=_short(row.ref),
            kind=row.ref.partition(":")[0],
            url=presenting.best_url(**split_ref(row.ref)),
        ),
    )


def _short(ref: str) -> str:
    rest = ref.partition(":")[2]
    return rest.removeprefix("default/")


def present_group(group: Any, url: str) -> SimpleNamespace:
    """Return what one run did as one line; `url` lists it one by one."""
    newest = group.rows[0]
    return SimpleNamespace(
        at=newest.at,
        count=group.count,
        words=MANY.get(newest.change, newest.change),
        change=newest.change,
        source=newest.source,
        actor=newest.actor,
        names=[_short(row.ref) for row in group.rows[:SHOWN_NAMES]],
        more=group.count - min(SHOWN_NAMES, len(group.rows)),
        url=url,
    )
