"""Shapes of the history's JSON answers, as openapi.json declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from portal.catalog.core.diffs import compare_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.catalog.core.runs import Group


class ChangeItem(BaseModel):
    """One change of an entity.

    `change` is created, updated, edited, moved, renamed, removed, restored, retired or
    brought_back; `fields` are JSON Pointers into the document; `old_ref` is what it was called
    before a rename.
    """

    id: int
    ref: str
    change: str
    at: str
    actor: str
    actor_name: str | None
    source: str
    file: str
    line: int
    owner: str | None
    owner_before: str | None
    fields: list[str]
    old_ref: str | None


class HistoryList(BaseModel):
    """One page of the changes of an entity, the latest first; `next_cursor` is null on the last."""

    ref: str
    in_catalog: bool
    items: list[ChangeItem]
    next_cursor: str | None


class FieldDiff(BaseModel):
    """A field that differs; null before where it was not there, and after where it is gone."""

    pointer: str
    before: Any
    after: Any


class ChangeDetail(BaseModel):
    """One change with the document before and after, null where there was none."""

    change: ChangeItem
    fields: list[FieldDiff]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class StateDiff(BaseModel):
    """Two states of an entity and the fields in which they differ."""

    ref: str
    fields: list[FieldDiff]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ChangeGroup(BaseModel):
    """A line of changes: one, or those of one run put together, of which some are named."""

    count: int
    change: str
    source: str
    actor: str
    at: str
    items: list[ChangeItem]


class ChangeList(BaseModel):
    """One page of lines, the latest first; `next_cursor` is null on the last."""

    items: list[ChangeGroup]
    next_cursor: str | None


class RemovedItem(BaseModel):
    """Something that is gone and can be brought back until then."""

    ref: str
    source: str
    file: str
    line: int
    owner: str | None
    removed_at: str
    until: str


class RemovedList(BaseModel):
    """One page of what can be brought back; `next_cursor` is null on the last."""

    items: list[RemovedItem]
    total: int
    next_cursor: str | None


class NamedEntity(BaseModel):
    """The reference of an entity that is there now."""

    ref: str


def write_change(row: Any, names: Mapping[str, str], old: Mapping[int, str]) -> ChangeItem:
    """Return a revision in the shape of ChangeItem."""
    return ChangeItem(
        id=row.id,
        ref=row.ref,
        change=row.change,
        at=row.at.isoformat(),
        actor=row.actor,
        actor_name=names.get(row.actor),
        source=row.source,
        file=row.file,
        line=row.line,
        owner=row.owner,
        owner_before=row.owner_before,
        fields=row.fields,
        old_ref=old.get(row.id),
    )


def write_fields(before: Any, after: Any) -> list[FieldDiff]:
    """Return what differs between two documents."""
    return [
        FieldDiff(pointer=each.pointer, before=each.before, after=each.after)
        for each in compare_fields(before, after)
    ]


def write_group(
    group: Group, names: Mapping[str, str], old: Mapping[int, str], *, most: int
) -> ChangeGroup:
    """Return a line of changes in the shape of ChangeGroup, with at most so many named."""
    newest = group.rows[0]
    return ChangeGroup(
        count=group.count,
        change=newest.change,
        source=newest.source,
        actor=newest.actor,
        at=newest.at.isoformat(),
        items=[write_change(row, names, old) for row in group.rows[:most]],
    )
