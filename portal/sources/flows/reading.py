"""Reads a source file by file: its descriptors, and what its Locations point at."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portal.catalog.core.findings import Finding
from portal.catalog.core.yaml_text.documents import NotText, decode, read_documents
from portal.errors import InvalidInput, NotFound, PortalError
from portal.sources.core.locations import Target, list_targets
from portal.sources.core.placeholders import PlaceholderError
from portal.sources.core.translated import join_members
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict
from portal.sources.core.verdicts import NO_DESCRIPTOR, judge_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portal.sources.core.trees import Tree


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: the hash of everything it was read from, its verdicts, the files it points at."""

    path: str
    digest: str
    verdicts: tuple[Verdict, ...]
    targets: tuple[str, ...] = ()
    is_recalled: bool = False

    @property
    def is_unreadable(self) -> bool:
        """Whether anything in it could not be read, so that what vanished is not known."""
        return any(verdict.is_unreadable for verdict in self.verdicts)


def _recall_nothing(_path: str, _digest: str) -> None:
    return None


def read_folder(
    folder: Tree,
    recall: Callable[[str, str], tuple[Verdict, ...] | None] = _recall_nothing,
    *,
    salt: bytes = b"",
) -> Iterator[FileReport]:
    """Read every file of a source once, in a stable order, following Locations.

    `recall` gives the verdicts of a file by path and digest when it need not be read again;
    `salt` goes into every digest: what else a file's meaning hangs on.
    """
    pending = deque(folder.list_files())
    seen = set(pending)
    while pending:
        report = read_file(folder, pending.popleft(), recall, salt=salt)
        for target in report.targets:
            if target not in seen:
                seen.add(target)
                pending.append(target)
        yield report


def read_file(
    folder: Tree,
    path: str,
    recall: Callable[[str, str], tuple[Verdict, ...] | None] = _recall_nothing,
    *,
    salt: bytes = b"",
) -> FileReport:
    """Read one file of a source; whatever is wrong with it becomes a verdict."""
    digest = hashlib.blake2b(salt, digest_size=16)
    try:
        raw = folder.read(path)
        digest.update(raw)
        remembered = recall(path, digest.hexdigest())
        if remembered is not None:
            return FileReport(path, digest.hexdigest(), remembered, is_recalled=True)
        text = decode(raw)
    except NotText as error:
        return FileReport(path, digest.hexdigest(), (_refuse(path, error),))
    except PortalError as error:
        return FileReport(path, "", (_fail(path, error),))

    def read(target: str) -> str:
        return read_placeholder(folder, path, target, digest.update)

    verdicts: list[Verdict] = []
    targets: dict[str, None] = {}
    try:
        for document in read_documents(text):
            for judged in judge_document(path, document, read):
                verdict, found = follow(folder, path, judged)
                verdicts.append(verdict)
                targets.update(dict.fromkeys(found))
    except NotText as error:
        verdicts.append(_stop(path, error))
    return FileReport(path, digest.hexdigest(), tuple(join_members(verdicts)), tuple(targets))


def _refuse(path: str, error: NotText) -> Verdict:
    """Return a binary or oversized file as skipped; it cannot hold descriptors to lose."""
    return Verdict(path, 1, 1, SKIPPED, reason=f"{NO_DESCRIPTOR}: {error}", is_unreadable=True)


def _stop(path: str, error: NotText) -> Verdict:
    """Return the problem of a file that holds more documents than are read of one."""
    message = f"Reading stops here: {error}."
    finding = Finding("", "documents", message, "Split it into several files.", 1)
    return Verdict(path, 1, 1, ERROR, reason=message, errors=(finding,), is_unreadable=True)


def _fail(path: str, error: PortalError) -> Verdict:
    finding = Finding("", "unreadable", error.detail, error.fix, 1)
    return Verdict(path, 1, 1, ERROR, reason=error.detail, errors=(finding,), is_unreadable=True)


def read_placeholder(folder: Tree, base: str, target: str, note: Callable[[bytes], None]) -> str:
    """Return the text `target` stands for in file `base`; raises PlaceholderError."""
    try:
        raw = folder.read(folder.resolve(base, target))
        note(raw)
        return decode(raw)
    except NotText as error:
        raise PlaceholderError(f"{target}: {error}.", "Point at a text file.") from None
    except PortalError as error:
        raise PlaceholderError(error.detail, error.fix) from None


def follow(folder: Tree, path: str, verdict: Verdict) -> tuple[Verdict, list[str]]:
    """Return the files a Location adds, and its verdict with every target that is wrong."""
    entity = verdict.entity
    if verdict.status != OK or entity is None or entity["kind"] != "Location":
        return verdict, []
    found: list[str] = []
    wrong: list[Finding] = []
    notes: list[Finding] = []
    for target in list_targets(entity):
        if target.is_remote:
            notes.append(
                Finding(
                    target.path,
                    "remote-target",
                    f"{target.text} lies outside this source and is not read.",
                    "Ingest that source too.",
                    verdict.line,
                )
            )
            continue
        try:
            found += _expand(folder, path, target)
        except PortalError as error:
            wrong.append(Finding(target.path, "target", error.detail, error.fix, verdict.line))
    if wrong:
        return replace(verdict, status=ERROR, reason=wrong[0].message, errors=tuple(wrong)), found
    return replace(verdict, warnings=(*verdict.warnings, *notes)), found


def _expand(folder: Tree, path: str, target: Target) -> list[str]:
    if target.is_pattern:
        matches = folder.match(path, target.text)
    else:
        wanted = folder.resolve(path, target.text)
        matches = [wanted] if folder.has(wanted) else []
    if not matches and not target.is_optional:
        raise NotFound(
            f"{target.text} stands for no file of this source.",
            fix="Correct the target, or state `presence: optional`.",
        )
    return matches


def check_text(text: str, name: str = "body") -> list[Verdict]:
    """Judge descriptor text that lies in no folder; placeholders cannot be resolved there."""

    def read(target: str) -> str:
        raise PlaceholderError(
            f"{target} cannot be read: there is no folder here.", "Put its content in place."
        )

    try:
        judged = [judge_document(name, document, read) for document in read_documents(text)]
    except NotText as error:
        raise InvalidInput(f"The text cannot be read: {error}.") from None
    return join_members([verdict for verdicts in judged for verdict in verdicts])
