"""Value columns by path: read when first asked for, kept by the process until the catalog changes.

A column costs one query, whatever the condition; what is kept is bounded, the longest unused goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from cachetools import LRUCache
from sqlalchemy import bindparam, func, select

from portal.catalog.core.kinds import FORWARD, PAIRS
from portal.catalog.core.predicates import check_size, choose
from portal.catalog.core.value_columns import ValueColumn, build_value_column
from portal.catalog.models import Entity, EntityRelation, EntityValue
from portal.catalog.queries.columns import get_revision
from portal.infra.cache import get_cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from portal.catalog.core.columns import Ints, Mask
    from portal.catalog.core.predicates import Predicate

MOST_ROWS_KEPT = 2_000_000
RELATIONS = "relations."
TYPES = {name.lower(): name for name in PAIRS}
REF, UID = "ref", "metadata.uid"
# Kept as columns of entities; the first is no path of Backstage's, which order by it nonetheless.
OWN = {
    REF: select(Entity.id, Entity.ref, Entity.ref),
    UID: select(Entity.id, Entity.uid, Entity.uid),
}
BY_PATH = select(
    EntityValue.entity_id,
    EntityValue.value,
    func.coalesce(EntityValue.original, EntityValue.value),
).where(EntityValue.path == bindparam("path"))


Derive = Callable[["Session"], Iterable[tuple[int, str | None, str | None]]]
"""Yields number, value in lower case and value as written of entities that have any."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All entities at one revision, in the order of their uids: what rows of columns stand for."""

    revision: int
    ids: Ints
    uids: Sequence[str]
    by_id: Ints
    kept: LRUCache[str, ValueColumn] = field(
        default_factory=lambda: LRUCache(MOST_ROWS_KEPT, getsizeof=lambda found: len(found) + 1)
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def find_rows(self, ids: Sequence[int]) -> Ints:
        """Return the rows of ids, all of which are here."""
        rows: Ints = self.by_id[np.searchsorted(self.ids, np.asarray(ids), sorter=self.by_id)]
        return rows


class Values:
    """The values of all entities as one unit sees them.

    `derived` reads paths that follow from more than documents, from nothing that changes without
    the catalog's revision; what documents hold there does not count.
    """

    def __init__(self, session: Session, derived: Mapping[str, Derive]) -> None:
        self._session = session
        self._derived = derived
        self.entities = get_cache(session).renew("catalog.values", Snapshot, self._renew)

    def _renew(self, held: Snapshot | None) -> Snapshot:
        # One of another revision, even a newer one, has rows that this unit does not see.
        revision = get_revision(self._session)
        if held is not None and held.revision == revision:
            return held
        # Sorted here, so that both databases agree on the order.
        found = sorted(row[:] for row in self._session.execute(select(Entity.uid, Entity.id)))
        ids = np.array([row[1] for row in found], np.int64)
        return Snapshot(revision, ids, [row[0] for row in found], np.argsort(ids))

    def read(self, path: str) -> ValueColumn:
        """Return the column of a path in lower case."""
        entities = self.entities
        with entities.lock:
            found = entities.kept.get(path)
        if found is None:
            found = self._load(path)
            if len(found) < MOST_ROWS_KEPT:
                with entities.lock:
                    entities.kept[path] = found
        return found

    def choose(self, predicate: Predicate | None) -> Mask | None:
        """Return which rows fit; nothing asked is None."""
        if predicate is None:
            return None
        check_size(predicate)
        return choose(predicate, len(self.entities.ids), self.read)

    def _load(self, path: str) -> ValueColumn:
        derive = self._derived.get(path)
        found: Sequence[Any] = (
            self._session.execute(_select(path), {"path": path}).all()
            if derive is None
            else list(derive(self._session))
        )
        rows = self.entities.find_rows([row[0] for row in found]).tolist() if found else []
        return build_value_column(
            (row, value, original) for row, (_, value, original) in zip(rows, found, strict=True)
        )


def _select(path: str) -> Any:
    if path in OWN:
        return OWN[path]
    if path.startswith(RELATIONS):
        return _select_relations(TYPES.get(path.removeprefix(RELATIONS)))
    return BY_PATH


def _select_relations(kind: str | None) -> Any:
    """Return who stands in a relation to whom; both ends of a pair are stored once."""
    own, other, stored = EntityRelation.source, EntityRelation.target, kind
    if kind is not None and kind not in FORWARD:
        own, other, stored = EntityRelation.target, EntityRelation.source, PAIRS[kind]
    return (
        select(Entity.id, other, other.label("written"))
        .join(EntityRelation, own == Entity.ref)
        .where(EntityRelation.type == stored)
        .distinct()
    )


def list_documents(session: Session, ids: Sequence[int]) -> list[Any]:
    """Return what entities are composed of, in the order of `ids`, which may repeat."""
    found = {
        row.id: row
        for row in session.execute(
            select(
                Entity.id,
                Entity.ref,
                Entity.uid,
                Entity.digest,
                Entity.document,
                Entity.source,
                Entity.file,
                Entity.is_ephemeral,
            ).where(Entity.id.in_(set(ids)))
        )
    }
    return [found[number] for number in ids if number in found]


def find_id_by_uid(session: Session, uid: str) -> int | None:
    """Return the id of the entity with a uid."""
    return session.scalar(select(Entity.id).where(Entity.uid == uid))


def list_ids_by_refs(session: Session, refs: Sequence[str]) -> dict[str, int]:
    """Return the ids of those canonical references that exist."""
    rows = session.execute(select(Entity.ref, Entity.id).where(Entity.ref.in_(set(refs))))
    return {row.ref: row.id for row in rows}
