"""From a wished change to a proposal: read what it is about, fetch the file, patch it, ask.

No unit is open while anything outside is asked, and the file is fetched from where it is kept each
time: what the catalog read may be older.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.core.edits import describe_findings
from portal.catalog.core.refs import entity_ref
from portal.catalog.core.yaml_text.documents import NotText, decode, read_documents
from portal.catalog.service.overlays import lay
from portal.errors import Conflict, InvalidInput, Unavailable
from portal.infra.outbound import Limits, OutboundError, calling
from portal.sources.core.declarations import FOLDER, REPOSITORY
from portal.sources.core.hosts import FoundRepository, Remembered
from portal.sources.core.patching import CannotPatch, patch_text
from portal.sources.core.paths import resolve_target
from portal.sources.core.placeholders import PlaceholderError
from portal.sources.core.proposals import (
    FileNow,
    Wanted,
    name_branch,
    write_body,
    write_title,
)
from portal.sources.core.trees import SourceDown
from portal.sources.core.verdict import OK
from portal.sources.core.verdicts import judge_document
from portal.sources.flows.opening import Tools, open_host, open_repository, read_secrets
from portal.sources.service.proposals import Draft, Target, find_target, record_proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.auth.core import Actor
    from portal.catalog.core.document_fields import Change
    from portal.infra.db import Database
    from portal.sources.core.hosts import Host
    from portal.sources.core.proposals import Opened
    from portal.sources.models import ChangeProposal
    from portal.sources.queries.sources import Plan

    Unit = Callable[[], AbstractContextManager[Session]]

SECONDS = 10.0
LIMITS = Limits(total_seconds=SECONDS, read_seconds=8.0, body_bytes=64 << 20)
BY_HAND, BY_REQUEST = "by_hand", "by_request"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change comes to: the entity its file would define, and with what lies over it.

    `base` names the bytes it was made for; `way` says whether a request can be opened.
    """

    file: str
    where: str
    way: str
    entity: dict[str, Any]
    effective: dict[str, Any]
    diff: str
    base: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A preview, and the proposal that came of it when one was wanted."""

    preview: Preview
    proposal: ChangeProposal | None


def propose_change(  # noqa: PLR0913 one way for pages, JSON and other features
    database: Database,
    tools: Tools,
    actor: Actor,
    ref: str,
    changes: Sequence[Change],
    *,
    dry_run: bool,
    base: str = "",
    record_in: Unit | None = None,
    now: datetime,
) -> Proposed:
    """Show what a change of an entity's file comes to and, unless `dry_run`, propose it.

    `base` is that of the preview somebody agreed to; another file by now raises Conflict.
    """
    with database.unit(write=False) as session:
        target = find_target(session, actor, ref, changes=changes)
        place = _open_place(session, tools, target)
    with reaching():
        was = place.read_file(target.file)
        if base and base != was.blob:
            raise Conflict(
                f"{target.file} was changed since the preview.",
                fix="Look at the change once more, as it is against the file of now.",
            )
        preview, raw = _preview(place, target, was, changes)
        if dry_run:
            return Proposed(preview, None)
        opened = place.propose(_word(target, was, raw, actor.label or actor.name, changes))
    draft = Draft(tuple(changes), preview.diff, was.blob)
    with (record_in or (lambda: database.unit(write=True)))() as session:
        proposal = record_proposal(session, actor, target, draft=draft, opened=opened, now=now)
    return Proposed(preview, proposal)


@contextmanager
def reaching() -> Iterator[None]:
    """Give everything outside one limit of time together, and say in words what fails."""
    try:
        with calling(LIMITS):
            yield
    except SourceDown as error:
        raise Unavailable(error.detail, fix=error.fix) from None
    except OutboundError as error:
        raise Unavailable(error.detail, fix=error.fix) from None


class _Hosted:
    """A repository of an organisation: its host takes requests."""

    def __init__(self, host: Host, plan: Plan) -> None:
        declaration = plan.declaration
        self._host = host
        self._found = FoundRepository(
            plan.external_id or "", declaration.address, declaration.branch, plan.stamp, ""
        )
        self.where = f"{declaration.address} at {declaration.branch}"
        self.way = BY_REQUEST
        self._commit = ""

    def read_file(self, path: str) -> FileNow:
        """Return a file at the head, all of one call at the same commit."""
        found = self._host.proposals.read_file(self._found, path, self._commit)
        self._commit = found.commit
        return found

    def propose(self, wanted: Wanted) -> Opened | None:
        """Open a request, or find the one that is open."""
        return self._host.proposals.propose(self._found, wanted)


class _Alone:
    """A folder, repository or address that only gives: the difference is carried by hand."""

    def __init__(self, tools: Tools, plan: Plan, secrets: Mapping[str, str]) -> None:
        self._repository = open_repository(
            tools, plan.declaration, plan.id, secrets=secrets, remembered=Remembered()
        )
        self._patterns = plan.declaration.patterns
        self._tree: Any = None
        self.where = plan.declaration.address
        if plan.declaration.kind == FOLDER:
            self.where = plan.declaration.address.rstrip("/")
        self.way = BY_HAND
        self._version = ("", "")

    def read_file(self, path: str) -> FileNow:
        """Return a file as it is now."""
        if self._tree is None:
            self._version = self._repository.find_version()
            self._tree = self._repository.open(self._version[0], self._patterns)
        raw = self._tree.read(path)
        head = b"blob %d\0" % len(raw)
        blob = hashlib.sha1(head + raw, usedforsecurity=False).hexdigest()
        return FileNow(path, raw, blob, *self._version)

    def propose(self, wanted: Wanted) -> Opened | None:
        """Open nothing."""
        del wanted
        return None


def _open_place(session: Session, tools: Tools, target: Target) -> _Hosted | _Alone:
    """Return where the file is kept, with everything it takes to go there."""
    plan = target.plan
    try:
        if plan.declaration.kind == REPOSITORY and target.parent is not None:
            return _Hosted(open_plan(session, tools, target.parent), plan)
        return _Alone(tools, plan, read_secrets(session, tools.box, plan.id))
    except SourceDown as error:
        raise Unavailable(error.detail, fix=error.fix) from None


def open_plan(session: Session, tools: Tools, plan: Plan) -> Host:
    """Return the host an organisation is at; raises SourceDown for a secret that is lost."""
    secrets = read_secrets(session, tools.box, plan.id)
    return open_host(tools, plan.declaration, secrets=secrets, remembered=Remembered())


def _preview(
    place: _Hosted | _Alone, target: Target, was: FileNow, changes: Sequence[Change]
) -> tuple[Preview, bytes]:
    try:
        text = was.raw.decode()
        number = _find_number(decode(was.raw), target)
    except (UnicodeDecodeError, NotText):
        raise CannotPatch("", "unreadable", "The file is no text that can be read.") from None
    patched = patch_text(text, number, changes, path=target.file)
    if not patched.diff:
        raise CannotPatch(
            changes[0].pointer if changes else "",
            "same",
            "The file says so already: nothing would change.",
            "Have its source read again, if the portal shows something else.",
        )
    entity = _judge(place, target, patched.text, number)
    preview = Preview(
        file=target.file,
        where=place.where,
        way=place.way,
        entity=entity,
        effective=dict(lay(entity, target.overlays)[0]),
        diff=patched.diff,
        base=was.blob,
    )
    return preview, patched.text.encode()


def _find_number(text: str, target: Target) -> int:
    """Return which document of the file of now defines the entity: the one of then, if it does."""
    found = [each.number for each in read_documents(text) if _find_ref(each.value) == target.ref]
    if not found:
        raise Conflict(
            f"{target.file} does not define {target.ref} any more.",
            fix="Have the source read again.",
        )
    return target.document_number if target.document_number in found else found[0]


def _find_ref(value: Any) -> str | None:
    try:
        return entity_ref(value).canonical
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def _judge(place: _Hosted | _Alone, target: Target, text: str, number: int) -> dict[str, Any]:
    """Return the entity a text defines; raises InvalidInput where it would be none any more."""

    def read(name: str) -> str:
        try:
            return decode(place.read_file(resolve_target(target.file, name)).raw)
        except NotText as error:
            raise PlaceholderError(f"{name}: {error}.", "Point at a text file.") from None

    document = next(each for each in read_documents(text) if each.number == number)
    verdict = judge_document(target.file, document, read)[0]
    if verdict.status != OK or verdict.entity is None or verdict.ref != target.ref:
        why = verdict.reason or "It would be another entry."
        raise InvalidInput(
            f"The entry would not be valid: {why}", describe_findings(verdict.errors)
        )
    return dict(verdict.entity)


def _word(
    target: Target, was: FileNow, raw: bytes, person: str, changes: Sequence[Change]
) -> Wanted:
    return Wanted(
        was,
        raw,
        name_branch(target.ref, target.file, raw),
        write_title(target.ref, changes),
        write_body(target.ref, target.file, person, changes),
    )
