"""Ingests a source: reads files outside any unit, writes them in batches, removes last.

Files are taken in the order they are found; the first that defines a ref keeps it, so a second
run, or one that follows a killed run, ends where a fresh import would.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portal.infra.clock import utc_now
from portal.infra.db import BATCH_ROWS, Database
from portal.sources.core.batches import ReadyFile, prepare_file, recall_verdicts
from portal.sources.core.claims import Claims
from portal.sources.core.readmes import Readme, UnreadableReadme, folder_of
from portal.sources.core.removals import UNDONE, RemovalGuard
from portal.sources.core.verdict import ERROR, SKIPPED, Verdict
from portal.sources.flows.reading import FileReport, read_file, read_folder
from portal.sources.flows.readmes import read_readme
from portal.sources.flows.renaming import follow_renames
from portal.sources.flows.suggesting import Suggestions
from portal.sources.flows.terms import Outcome, Terms, make_salt
from portal.sources.queries.files import list_files, list_ownerless, list_readmes
from portal.sources.queries.sources import count_lasting
from portal.sources.service.files import (
    apply_files,
    forget_files,
    replace_readmes,
    report_readmes,
    report_suggestions,
)
from portal.sources.service.removals import list_claimed, list_vanished, remove_vanished
from portal.sources.service.runs import begin_run, finish_run, settle
from portal.sources.service.trust import set_trust

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from portal.auth.core import Actor
    from portal.sources.core.trees import Tree
    from portal.sources.models import Source, SourceFile


class Ingest:
    """One run over one source; `on_file` is told of every file, for a progress bar."""

    def __init__(  # noqa: PLR0913 every part is named
        self,
        database: Database,
        actor: Actor,
        name: str,
        *,
        people: bool = False,
        remove: bool = False,
        terms: Terms | None = None,
        on_file: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.database = database
        self.actor = actor
        self.outcome = Outcome(name)
        self.changed = False
        self._people = people
        self._terms = terms or Terms(removes=remove)
        self._on_file = on_file
        self._claims = Claims()
        self._seen: set[str] = set()
        self._fresh: list[str] = []
        self._places: dict[str, Tree] = {}
        self._unreadable = ""

    def run(self, folders: Sequence[Tree]) -> Outcome:
        """Read, write in batches, then remove what vanished; returns the numbers."""
        source, run_id, known = self._begin()
        for batch in _batches(self._read(folders, known)):
            self._write(source, batch)
        gone = [path for path in known if path not in self._seen]
        for start in range(0, len(gone), BATCH_ROWS):
            with self.database.unit(write=True) as session:
                forget_files(session, self.actor, source, paths=gone[start : start + BATCH_ROWS])
        self._write_readmes(source)
        self._remove_vanished(source, run_id, known)
        self._suggest_owners(source)
        with self.database.unit(write=True) as session:
            self.changed = finish_run(
                session,
                self.actor,
                source.id,
                run_id=run_id,
                counts=self.outcome.as_json(),
                now=utc_now(),
            )
            if self.changed and self._terms.settles:
                settle(session, self.actor, now=utc_now())
        return self.outcome

    def _begin(self) -> tuple[Source, int, dict[str, SourceFile]]:
        terms = self._terms
        with self.database.unit(write=True) as session:
            source, run = begin_run(
                session,
                self.actor,
                self.outcome.source,
                reason=terms.reason,
                version=terms.version,
                now=utc_now(),
            )
            if self._people:
                set_trust(session, self.actor, source, people=True, now=utc_now())
            if terms.removes:
                source.holds_removals = False
            if terms.guard is None:
                had = count_lasting(session, source.id)
                self._terms = replace(terms, guard=RemovalGuard(had))
            return source, run.id, list_files(session, source.id)

    def _read(self, folders: Iterable[Tree], known: dict[str, SourceFile]) -> Iterator[ReadyFile]:
        salt = make_salt(self.database, self._terms.policy)

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
            for found in read_folder(folder, recall, salt=salt):
                report = self._judge(found)
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
            report = self._judge(read_file(folder, report.path, salt=salt))
            verdicts = tuple(self._claims.take(verdict) for verdict in report.verdicts)
        self._count(report)
        ready = prepare_file(
            self.outcome.source,
            report.path,
            report.digest,
            verdicts,
            is_ephemeral=self._terms.is_ephemeral,
        )
        if ready.refs:
            self._places.setdefault(folder_of(report.path), folder)
        return ready

    def _judge(self, report: FileReport) -> FileReport:
        """Return a file without what the policy of its source refuses."""
        return replace(report, verdicts=tuple(map(self._terms.policy.apply, report.verdicts)))

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
            applied = apply_files(session, self.actor, source, files=files, now=utc_now())
        self._fresh += applied.fresh
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
                replace_readmes(
                    session,
                    self.actor,
                    source,
                    readmes=changed[start : start + BATCH_ROWS],
                    gone=gone[start : start + BATCH_ROWS],
                    now=utc_now(),
                )
        unreadable = [readme for readme in found if isinstance(readme, UnreadableReadme)]
        with self.database.unit(write=True) as session:
            report_readmes(session, self.actor, source, unreadable=unreadable)

    def _suggest_owners(self, source: Source) -> None:
        with self.database.unit(write=False) as session:
            subjects = list_ownerless(session, source.name)
        suggestions = Suggestions(self._places)
        found = suggestions.find(subjects)
        with self.database.unit(write=True) as session:
            report_suggestions(
                session, self.actor, source, suggestions=found, files=suggestions.files
            )

    def _remove_vanished(self, source: Source, run_id: int, known: dict[str, SourceFile]) -> None:
        with self.database.unit(write=False) as session:
            vanished = list_vanished(session, source, self._claims.refs)
            moved = list_claimed(session, vanished)
        lost = [ref for ref in vanished if ref not in moved]
        if not self._unreadable:
            renamed = follow_renames(
                self.database, self.actor, gone=lost, fresh=self._fresh, files=known
            )
            self.outcome.renamed += len(renamed)
            self.outcome.created -= len(renamed)
            vanished = [ref for ref in vanished if ref not in renamed]
            lost = [ref for ref in lost if ref not in renamed]
        held_because = self._find_hold(source, len(lost)) if vanished else None
        if held_because:
            self.outcome.held, self.outcome.held_because = len(lost), held_because
            vanished = [] if self._unreadable else sorted(moved)
        for start in range(0, len(vanished), BATCH_ROWS):
            with self.database.unit(write=True) as session:
                self.outcome.removed += remove_vanished(
                    session,
                    self.actor,
                    vanished[start : start + BATCH_ROWS],
                    run_id=run_id,
                    now=utc_now(),
                )

    def _find_hold(self, source: Source, lost: int) -> str | None:
        """Return why what is lost is kept for now; what moved elsewhere is not lost."""
        if self._unreadable:
            return f"{self._unreadable} could not be read"
        if self._terms.removes:
            return None
        if source.holds_removals and lost:
            return UNDONE
        guard = self._terms.guard
        return guard.ask(lost) if guard is not None and lost else None


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
