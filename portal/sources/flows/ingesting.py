"""Ingests a source: reads files outside any unit, writes them in batches, removes last.

Files are taken in the order they are found; the first that defines a ref keeps it, so a second
run, or one that follows a killed run, ends where a fresh import would.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portal.catalog.service.entities import remove_entities
from portal.infra.clock import utc_now
from portal.infra.db import BATCH_ROWS, Database
from portal.sources import service
from portal.sources.core.batches import ReadyFile, prepare_file, recall_verdicts
from portal.sources.core.claims import Claims
from portal.sources.core.readmes import Readme, UnreadableReadme, folder_of
from portal.sources.core.verdict import ERROR, SKIPPED, Verdict
from portal.sources.flows.reading import FileReport, read_file, read_folder
from portal.sources.flows.readmes import read_readme
from portal.sources.flows.suggesting import Suggestions
from portal.sources.queries import list_files, list_ownerless, list_readmes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from portal.auth.core import Actor
    from portal.sources.core.trees import Tree
    from portal.sources.models import Source, SourceFile

# Part of every digest: a reader that understands more has to read again what it knew before.
READER = b"2"


@dataclass(slots=True)
class Outcome:
    """What a run did, in numbers; `held` are removals that were not carried out, and why."""

    source: str
    files: int = 0
    documents: int = 0
    refused: int = 0
    skipped: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    conflicts: int = 0
    removed: int = 0
    held: int = 0
    held_because: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


class Ingest:
    """One run over one source; `on_file` is told of every file, for a progress bar."""

    def __init__(
        self,
        database: Database,
        actor: Actor,
        name: str,
        *,
        people: bool = False,
        remove: bool = False,
        on_file: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.database = database
        self.actor = actor
        self.outcome = Outcome(name)
        self._people = people
        self._remove = remove
        self._on_file = on_file
        self._claims = Claims()
        self._seen: set[str] = set()
        self._places: dict[str, Tree] = {}
        self._unreadable = ""

    def run(self, folders: Sequence[Tree]) -> Outcome:
        """Read, write in batches, then remove what vanished; returns the numbers."""
        with self.database.unit(write=True) as session:
            source, run = service.begin_run(
                session,
                self.actor,
                self.outcome.source,
                people=self._people,
                remove=self._remove,
                now=utc_now(),
            )
            known = list_files(session, source.id)
        for batch in _batches(self._read(folders, known)):
            self._write(source, batch)
        gone = [path for path in known if path not in self._seen]
        for start in range(0, len(gone), BATCH_ROWS):
            with self.database.unit(write=True) as session:
                service.forget_files(
                    session, self.actor, source, paths=gone[start : start + BATCH_ROWS]
                )
        self._write_readmes(source)
        self._remove_vanished(source, run.id)
        self._suggest_owners(source)
        with self.database.unit(write=True) as session:
            service.finish_run(
                session,
                self.actor,
                source,
                run_id=run.id,
                counts=self.outcome.as_json(),
                now=utc_now(),
            )
        return self.outcome

    def _read(self, folders: Iterable[Tree], known: dict[str, SourceFile]) -> Iterator[ReadyFile]:
        # Words change what an entity means, so they are part of what was read.
        salt = READER + repr(self.database.contributions.vocabulary).encode()

        def recall(path: str, digest: str) -> tuple[Verdict, ...] | None:
            before = known.get(path)
            if before is None or before.digest != digest or not before.is_settled:
                return None
            return recall_verdicts(path, before.documents)

        for folder, report in self._in_order(folders, recall, salt):
            ready = self._claim(folder, report, salt)
            before = known.get(report.path)
            if (
                before is None
                or before.digest != ready.digest
                or not (before.is_settled and ready.is_settled)
            ):
                yield ready
            else:
                self.outcome.unchanged += len(ready.refs)

    def _in_order(
        self,
        folders: Iterable[Tree],
        recall: Callable[[str, str], tuple[Verdict, ...] | None],
        salt: bytes,
    ) -> Iterator[tuple[Tree, FileReport]]:
        """Yield files as they are found, those of other products last: Backstage goes first."""
        foreign: list[tuple[Tree, FileReport]] = []
        for folder in folders:
            for report in read_folder(folder, recall, salt=salt):
                if report.path in self._seen:
                    continue
                self._seen.add(report.path)
                self._on_file(report.path)
                if not any(verdict.product for verdict in report.verdicts):
                    yield folder, report
                    continue
                # What Backstage documents the file holds take their place among all others.
                for verdict in report.verdicts:
                    if not verdict.product:
                        self._claims.hold(verdict)
                        self._claims.take(verdict)
                foreign.append((folder, report))
        yield from foreign

    def _claim(self, folder: Tree, report: FileReport, salt: bytes) -> ReadyFile:
        """Return a file with what others define already taken out."""
        for verdict in report.verdicts:
            self._claims.hold(verdict)
        verdicts = tuple(self._claims.take(verdict) for verdict in report.verdicts)
        if report.is_recalled and verdicts != report.verdicts:
            # What is kept of the file stands in it, and only its outline was remembered.
            report = read_file(folder, report.path, salt=salt)
            verdicts = tuple(self._claims.take(verdict) for verdict in report.verdicts)
        self._count(report)
        ready = prepare_file(self.outcome.source, report.path, report.digest, verdicts)
        if ready.refs:
            self._places.setdefault(folder_of(report.path), folder)
        return ready

    def _count(self, report: FileReport) -> None:
        self.outcome.files += 1
        self.outcome.documents += len({verdict.document for verdict in report.verdicts})
        self.outcome.refused += sum(v.status == ERROR for v in report.verdicts)
        self.outcome.skipped += sum(v.status == SKIPPED for v in report.verdicts)
        for verdict in report.verdicts:
            if verdict.is_unreadable and verdict.status == ERROR:
                self._unreadable = self._unreadable or f"{verdict.file}:{verdict.line}"

    def _write(self, source: Source, files: Sequence[ReadyFile]) -> None:
        with self.database.unit(write=True) as session:
            applied = service.apply_files(session, self.actor, source, files=files, now=utc_now())
        self.outcome.created += applied.created
        self.outcome.updated += applied.updated
        self.outcome.unchanged += applied.unchanged
        self.outcome.conflicts += len(applied.claimed)

    def _write_readmes(self, source: Source) -> None:
        with self.database.unit(write=False) as session:
            known = list_readmes(session, source.id)
        found = [
            readme
            for place, folder in self._places.items()
            if (readme := read_readme(folder, place)) is not None
        ]
        read = [readme for readme in found if isinstance(readme, Readme)]
        changed = [readme for readme in read if known.get(readme.folder) != readme.digest]
        # What is there and cannot be read now keeps its place; so does all where files are missing.
        kept = known.keys() if self._unreadable else {readme.folder for readme in found}
        gone = sorted(known.keys() - kept)
        for start in range(0, max(len(changed), len(gone)), BATCH_ROWS):
            with self.database.unit(write=True) as session:
                service.replace_readmes(
                    session,
                    self.actor,
                    source,
                    readmes=changed[start : start + BATCH_ROWS],
                    gone=gone[start : start + BATCH_ROWS],
                    now=utc_now(),
                )
        unreadable = [readme for readme in found if isinstance(readme, UnreadableReadme)]
        with self.database.unit(write=True) as session:
            service.report_readmes(session, self.actor, source, unreadable=unreadable)

    def _suggest_owners(self, source: Source) -> None:
        with self.database.unit(write=False) as session:
            subjects = list_ownerless(session, source.name)
        suggestions = Suggestions(self._places)
        found = suggestions.find(subjects)
        with self.database.unit(write=True) as session:
            service.report_suggestions(
                session, self.actor, source, suggestions=found, files=suggestions.files
            )

    def _remove_vanished(self, source: Source, run_id: int) -> None:
        with self.database.unit(write=False) as session:
            vanished = service.list_vanished(session, source, self._claims.refs)
        if vanished and (self._unreadable or source.holds_removals):
            self.outcome.held = len(vanished)
            self.outcome.held_because = (
                f"{self._unreadable} could not be read"
                if self._unreadable
                else "an undo holds them back; --remove carries them out"
            )
            return
        for start in range(0, len(vanished), BATCH_ROWS):
            with self.database.unit(write=True) as session:
                self.outcome.removed += remove_entities(
                    session,
                    self.actor,
                    vanished[start : start + BATCH_ROWS],
                    run_id=run_id,
                    now=utc_now(),
                )


def _batches(files: Iterable[ReadyFile]) -> Iterator[list[ReadyFile]]:
    """Group files so that a batch writes at most about BATCH_ROWS entities."""
    batch: list[ReadyFile] = []
    rows = 0
    for file in files:
        if batch and rows + len(file.entities) > BATCH_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(file)
        rows += len(file.entities) + 1
    if batch:
        yield batch
