"""Declaring sources, changing and removing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from portal.audit.service import record_act
from portal.auth.core import Actor, authorise
from portal.catalog.models import CatalogProblem, RemovedEntity
from portal.catalog.service.revisions import bump_revision
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra import work
from portal.infra.vault import delete_secret, put_secret
from portal.sources.core.declarations import COMMAND, Declaration
from portal.sources.core.names import check_name
from portal.sources.models import (
    Source,
    SourceDelivery,
    SourceFile,
    SourceLeftOut,
    SourceMemory,
    SourceReadme,
    SourceRun,
)
from portal.sources.queries.sources import find_source, list_children
from portal.sources.service.permissions import EXPIRE, WRITE
from portal.sources.service.requests import find_next, request_run
from portal.sources.service.runs import renew_lifetime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.infra.secrets import SecretBox

# What a source may keep encrypted; `webhook` is what deliveries are signed with.
WEBHOOK = "webhook"
SECRETS = ("password", "private_key", "token", "app_key", WEBHOOK)


@dataclass(frozen=True, slots=True)
class SecretChange:
    """Secrets to keep in place of those before, and those to forget; what is in neither stays."""

    kept: Mapping[str, str]
    forgotten: tuple[str, ...] = ()


def name_secret(source_id: int, name: str) -> str:
    """Return the name a source's secret is stored under."""
    return f"sources/{source_id}/{name}"


def declare_source(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    name: str,
    *,
    declaration: Declaration,
    box: SecretBox,
    secrets: SecretChange,
    now: datetime,
) -> Source:
    """Declare a source and have it read; raises InvalidInput when the name is taken."""
    authorise(actor, WRITE)
    check_name(name)
    if find_source(session, name) is not None:
        raise _taken(name)
    source = Source(
        name=name, kind=declaration.kind, declaration=declaration.as_json(), created_at=now
    )
    try:
        with session.begin_nested():
            session.add(source)
    except IntegrityError:
        raise _taken(name) from None
    _put_secrets(session, box, source.id, secrets, now)
    renew_lifetime(source, declaration, now=now)
    _read_soon(session, source, declaration, now)
    _record(session, actor, source, "declare", None, _describe(declaration, secrets), now)
    return source


def change_source(  # noqa: PLR0913 every part is named
    session: Session,
    actor: Actor,
    source: Source,
    *,
    declaration: Declaration,
    box: SecretBox,
    secrets: SecretChange,
    was: int,
    now: datetime,
) -> None:
    """Change a source and have all of it read again; raises Conflict when it changed meanwhile."""
    authorise(actor, WRITE)
    _check_managed(source)
    if source.revision != was:
        raise Conflict(
            "Somebody else changed this source meanwhile.", fix="Look at it again, then change it."
        )
    before = Declaration.read(source.declaration)
    source.declaration, source.kind = declaration.as_json(), declaration.kind
    source.revision += 1
    bump_revision(session)  # entities are served with where their source is
    source.version, source.stamp = "", ""
    for child in list_children(session, source.id):
        own = Declaration.read(child.declaration)
        child.declaration = declaration.for_repository(own.address, own.branch).as_json()
        child.version, child.stamp = "", ""
    _put_secrets(session, box, source.id, secrets, now)
    renew_lifetime(source, declaration, now=now)
    _read_soon(session, source, declaration, now)
    _record(
        session, actor, source, "change", before.as_json(), _describe(declaration, secrets), now
    )


def pause_source(
    session: Session, actor: Actor, source: Source, *, paused: bool, now: datetime
) -> None:
    """Stop reading a source by itself, or go on."""
    authorise(actor, WRITE)
    _check_managed(source)
    if source.is_paused == paused:
        return
    source.is_paused = paused
    if not paused:
        _read_soon(session, source, Declaration.read(source.declaration), now)
    session.flush()
    _record(session, actor, source, "pause" if paused else "resume", None, None, now)


def confirm_removals(session: Session, actor: Actor, source: Source, *, now: datetime) -> int:
    """Agree to the removals a source holds; the next run carries out so many and no more."""
    authorise(actor, WRITE)
    children = list_children(session, source.id)
    waiting = [source, *children]
    # What an organisation holds is what its repositories do, counted once.
    held = sum(each.held for each in children or waiting)
    if not held:
        raise Conflict("Nothing is held any more.", fix="Look at the source again.")
    source.confirmed_removals = held
    for each in waiting:
        if each.held:
            each.holds_removals = False
            request_run(session, each, now=now)
    # What is gone from an organisation only a discovery can tell.
    request_run(session, source, now=now)
    _record(session, actor, source, "confirm_removals", None, {"removals": held}, now)
    return held


def remove_source(session: Session, actor: Actor, source: Source, *, now: datetime) -> None:
    """Have a source removed with everything it brought, which takes longer than a request may."""
    authorise(actor, WRITE)
    if source.parent_id is not None:
        _check_managed(source)
    source.is_paused, source.expires_at = True, now
    session.flush()
    work.publish(session, EXPIRE, "removed", due_at=now)
    before = source.declaration and _describe(Declaration.read(source.declaration), None)
    _record(session, actor, source, "remove", before, None, now)


def forget_source(session: Session, actor: Actor, source: Source) -> None:
    """Forget a source whose entities are gone, with its files, runs and secrets."""
    authorise(actor, WRITE)
    for table in (
        SourceFile,
        SourceReadme,
        SourceRun,
        SourceMemory,
        SourceDelivery,
        SourceLeftOut,
    ):
        session.execute(delete(table).where(table.source_id == source.id))
    session.execute(delete(CatalogProblem).where(CatalogProblem.source == source.name))
    for name in SECRETS:
        delete_secret(session, name_secret(source.id, name))
    session.execute(delete(RemovedEntity).where(RemovedEntity.source == source.name))
    session.delete(source)
    session.flush()


def remember(session: Session, source_id: int, values: Mapping[str, Any]) -> None:
    """Keep the answers of a host for its next run."""
    held = session.scalar(select(SourceMemory).where(SourceMemory.source_id == source_id))
    if held is None:
        session.add(SourceMemory(source_id=source_id, values=dict(values)))
    elif held.values != values:
        held.values = dict(values)
    session.flush()


def _read_soon(session: Session, source: Source, declaration: Declaration, now: datetime) -> None:
    source.next_run_at = find_next(source.id, declaration, now)
    request_run(session, source, now=now)


def _taken(name: str) -> InvalidInput:
    message = f"A source called `{name}` exists."
    return InvalidInput(message, (Problem("name", "unique", message, "Choose another name."),))


def _check_managed(source: Source) -> None:
    if source.kind == COMMAND or source.parent_id is not None:
        message = (
            f"{source.name} is read by command; there is nothing to change here."
            if source.kind == COMMAND
            else f"{source.name} follows its organisation."
        )
        raise InvalidInput(message, (Problem("source", "managed", message),))


def _put_secrets(
    session: Session, box: SecretBox, source_id: int, change: SecretChange, now: datetime
) -> None:
    for name in change.forgotten:
        delete_secret(session, name_secret(source_id, name))
    for name, text in change.kept.items():
        put_secret(session, box, name_secret(source_id, name), text, now=now)


def _describe(declaration: Declaration, secrets: SecretChange | None) -> dict[str, Any]:
    """Return a declaration for the audit trail; of secrets only which changed."""
    found = declaration.as_json()
    if secrets is not None and (secrets.kept or secrets.forgotten):
        found["secrets"] = {"put": sorted(secrets.kept), "forgotten": sorted(secrets.forgotten)}
    return found


def _record(  # noqa: PLR0913, PLR0917 one line of the trail
    session: Session,
    actor: Actor,
    source: Source,
    act: str,
    before: Any,
    after: Any,
    now: datetime,
) -> None:
    record_act(
        session,
        actor.name,
        f"source:{source.name}",
        action=f"source.{act}",
        before=before,
        after=after,
        now=now,
    )
