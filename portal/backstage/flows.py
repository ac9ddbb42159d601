"""Looks at what stands behind an address without keeping any of it."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from portal.backstage.core.places import Place, annotate, make_place
from portal.backstage.core.refusals import Refused
from portal.catalog.core.values import sort_lists
from portal.errors import InvalidInput
from portal.infra.outbound import Limits
from portal.sources.core.credentials import Credential
from portal.sources.core.declarations import GIT, Declaration
from portal.sources.core.file_urls import make_file_url
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.hosts import Remembered
from portal.sources.core.trees import SourceDown
from portal.sources.core.verdict import ERROR, OK
from portal.sources.flows.checking import mark_repeats
from portal.sources.flows.opening import open_repository
from portal.sources.flows.reading import read_folder
from portal.sources.providers.git import GitRepository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portal.sources.core.repositories import Repository
    from portal.sources.core.trees import Tree
    from portal.sources.core.verdict import Verdict
    from portal.sources.flows.opening import Tools

MOST_FILES = 100
MOST_READS = 300
SECONDS = 20.0
COMMON_NAMES = ("catalog-info.yaml", "catalog-info.yml")


class Glimpse(GitRepository):
    """A repository that somebody waits for."""

    list_limits: ClassVar[Limits] = Limits(total_seconds=10, read_seconds=8, body_bytes=32 << 20)
    fetch_limits: ClassVar[Limits] = Limits(
        total_seconds=SECONDS, read_seconds=15, body_bytes=64 << 20
    )


@dataclass
class _Bounded:
    """A tree of which only so much is read, and only for so long."""

    tree: Tree
    until: float
    left: int = MOST_READS
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = self.tree.key

    def list_files(self) -> Iterator[str]:
        return self.tree.list_files()

    def read(self, path: str) -> bytes:
        self._spend()
        return self.tree.read(path)

    def has(self, path: str) -> bool:
        self._spend()
        return self.tree.has(path)

    def resolve(self, base: str, target: str) -> str:
        return self.tree.resolve(base, target)

    def match(self, base: str, pattern: str) -> list[str]:
        return self.tree.match(base, pattern)

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0 or time.monotonic() > self.until:
            raise SourceDown("There is more than can be looked at while somebody waits.")


@dataclass(frozen=True, slots=True)
class Seen:
    """An entity as it would be served, and the file it stands in."""

    entity: dict[str, Any]
    location: str


def try_declaration(tools: Tools, declaration: Declaration) -> list[Seen]:
    """Return the entities a source would bring; raises Refused for everything wrong with it."""
    verdicts, place = _look(tools, declaration)
    wrong = [_explain(verdict) for verdict in verdicts if verdict.status == ERROR]
    if wrong:
        raise Refused(", ".join(wrong))
    if declaration.kind != GIT and not any(v.status == OK for v in verdicts):
        raise Refused(verdicts[0].reason if verdicts else "There is no descriptor at this address.")
    return [_show(verdict, place) for verdict in verdicts if verdict.status == OK]


def find_existing(tools: Tools, address: str, name: str) -> list[Seen]:
    """Return what the descriptors of a repository define that is right; raises Refused."""
    names = (name,) if name else COMMON_NAMES
    patterns = tuple(f"**/{each}" for each in names)
    verdicts, place = _look(tools, Declaration(GIT, address, patterns=patterns))
    return [_show(verdict, place) for verdict in verdicts if verdict.status == OK]


def _look(tools: Tools, declaration: Declaration) -> tuple[list[Verdict], Place]:
    try:
        with tempfile.TemporaryDirectory(prefix="plumbline-look-") as folder:
            repository = _open(tools, declaration, Path(folder))
            version, branch = repository.find_version()
            place = _find_place(declaration, branch)
            if not version:
                return [], place
            tree = repository.open(version, declaration.patterns)
            return _judge(tree, declaration), place
    except SourceDown as error:
        raise Refused(f"Unable to read url, {error.detail} {error.fix}".strip()) from None


def _open(tools: Tools, declaration: Declaration, folder: Path) -> Repository:
    if declaration.kind != GIT:
        return open_repository(tools, declaration, 0, secrets={}, remembered=Remembered())
    try:
        address = parse_git_address(declaration.address)
    except InvalidInput as error:
        raise SourceDown(error.detail, fix=error.fix) from None
    credential = Credential(ca_bundle=tools.ca_bundle)
    return Glimpse(tools.outbound, address, credential, branch="", folder=folder / "copy.git")


def _find_place(declaration: Declaration, branch: str) -> Place:
    is_git = declaration.kind == GIT
    file_url = make_file_url(parse_git_address(declaration.address), branch) if is_git else ""
    return make_place("", declaration.kind, declaration.address, file_url)


def _judge(tree: Tree, declaration: Declaration) -> list[Verdict]:
    bounded = _Bounded(tree, time.monotonic() + SECONDS)
    reports = list(islice(read_folder(bounded), MOST_FILES + 1))
    if len(reports) > MOST_FILES:
        raise SourceDown(
            f"More than {MOST_FILES} files are too many to look at while somebody waits.",
            fix="Register it: it is read in the background.",
        )
    verdicts: Sequence[Verdict] = [v for report in reports for v in report.verdicts]
    return list(mark_repeats(map(declaration.policy.apply, verdicts)))


def _explain(verdict: Verdict) -> str:
    found = [f"{one.message} {one.fix}".strip() for one in verdict.errors] or [verdict.reason]
    return f"{verdict.ref or verdict.file}: {' '.join(found)}"


def _show(verdict: Verdict, place: Place) -> Seen:
    entity = annotate(verdict.entity or {}, place, verdict.file)
    return Seen(sort_lists(entity), place.locate(verdict.file))
