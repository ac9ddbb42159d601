"""One Git repository as a source: which commit its branch names, and the files of a commit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from dulwich.objects import ObjectID

from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.errors import TooLarge
from portal.infra.logs import get_logger
from portal.infra.outbound import Limits, calling
from portal.sources.core.trees import ListedTree, SourceDown
from portal.sources.providers.git.cache import Cache
from portal.sources.providers.git.failures import FilterRefused, explain_gone, explaining
from portal.sources.providers.git.inflating import Damaged
from portal.sources.providers.git.references import (
    BRANCHES,
    COMMIT,
    HEAD,
    check_branch,
    explain_missing,
    find_commit,
    list_candidates,
    shorten,
)
from portal.sources.providers.git.ssh import SshClient
from portal.sources.providers.git.trees import Objects, list_blobs
from portal.sources.providers.git.web import WebClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from portal.infra.outbound import Call, Outbound
    from portal.sources.core.credentials import Credential
    from portal.sources.core.git_addresses import GitAddress
    from portal.sources.core.trees import Tree

# A listing of a hundred thousand refs is 7 MB; asking takes a second, waiting longer helps nobody.
LIST_LIMITS = Limits(total_seconds=30, connect_seconds=10, read_seconds=15, body_bytes=32 << 20)
# The largest repositories are some hundred MB without history. Servers may be silent while they
# pack, so one step may take 60 of the 120 seconds.
FETCH_LIMITS = Limits(total_seconds=120, connect_seconds=10, read_seconds=60, body_bytes=512 << 20)
# Files that would be refused when read need not come at all, where the server can leave them out.
FILTER = b"blob:limit=%d" % (MAX_BYTES + 1)

log = get_logger("git")


class GitRepository:
    """A repository behind an address; `folder` keeps what was fetched, and may vanish any time."""

    list_limits: ClassVar[Limits] = LIST_LIMITS
    fetch_limits: ClassVar[Limits] = FETCH_LIMITS

    def __init__(
        self,
        outbound: Outbound,
        address: GitAddress,
        credential: Credential,
        *,
        branch: str,
        folder: Path,
    ) -> None:
        self._outbound = outbound
        self._address = address
        self._credential = credential
        self._branch = branch
        self._cache = Cache(folder)

    def find_version(self) -> tuple[str, str]:
        """Return the branch's commit and its name; raises SourceDown.

        The commit is empty where the repository has none yet. An empty branch means what the
        server's HEAD names.
        """
        check_branch(self._branch)
        with calling(self.list_limits) as call:
            listing = self._list(call, list_candidates(self._branch))
            found = find_commit(listing.refs, self._branch)
            if found is not None:
                name = listing.symrefs.get(HEAD, found[0]) if found[0] == HEAD else found[0]
                return found[1], shorten(name)
            everything = self._list(call, [HEAD, BRANCHES])
        if any(everything.refs.values()):
            raise explain_missing(self._address.text, self._branch, everything.refs)
        return "", self._branch or shorten(everything.symrefs.get(HEAD, b""))

    def open(self, version: str, patterns: Sequence[str]) -> Tree:
        """Return the files of exactly the commit `version`; raises SourceDown.

        A commit that the server no longer hands out is not replaced by a newer one: whoever asked
        has noted this one, and asks again at the next run.
        """
        if not version:
            raise SourceDown(
                f"{self._address.text} is empty: it has no commit yet.", fix="Push a first commit."
            )
        if not COMMIT.fullmatch(version):
            raise SourceDown("The version to read is no commit.")
        shown = self._address.text
        with calling(self.fetch_limits) as call, explaining(shown), self._cache.hold(call):
            objects, blobs = self._read_twice(version, call)
        with explaining(shown):
            return ListedTree(shown, blobs, objects.read_file, patterns=patterns)

    def _read_twice(self, version: str, call: Call) -> tuple[Objects, dict[str, str]]:
        """Read a commit, once more from nothing where what was kept is damaged."""
        if self._cache.is_full():
            self._cache.clear()
        known = self._cache.list_commits()
        try:
            return self._read(version, known, call)
        except Damaged:
            self._cache.clear()
            if not known:
                raise
        return self._read(version, [], call)

    def _read(self, version: str, known: list[str], call: Call) -> tuple[Objects, dict[str, str]]:
        if version not in known:
            self._fetch(version, known, call)

        def tick() -> float:
            return call.allot(None)

        try:
            packs = self._cache.read_packs(len(version) // 2, tick)
            objects = Objects(packs)
            return objects, list_blobs(objects, version, tick)
        except TooLarge:
            self._cache.clear()  # it would be too large at every run
            raise

    def _fetch(self, version: str, known: list[str], call: Call) -> None:
        """Take in what a commit needs beyond those that are known."""
        try:
            self._ask(version, known, call, FILTER)
        except FilterRefused:
            self._ask(version, known, call, None)

    def _ask(self, version: str, known: list[str], call: Call, filter_spec: bytes | None) -> None:
        with self._conversing(call) as client, self._cache.receive(version) as file:

            def write(data: bytes) -> int:
                call.allot(None)
                return file.write(data)

            client.fetch_pack(
                b"" if isinstance(client, WebClient) else self._address.path.encode(),
                _Wanted(version),
                _Known(known),
                write,
                depth=1,
                ref_prefix=[HEAD],
                filter_spec=filter_spec,
            )
            if not file.tell():
                raise explain_gone(self._address.text)

    def _list(self, call: Call, prefixes: list[bytes]) -> Any:
        with self._conversing(call) as client:
            path = b"" if isinstance(client, WebClient) else self._address.path.encode()
            return client.get_refs(path, ref_prefix=prefixes)

    @contextmanager
    def _conversing(self, call: Call) -> Iterator[WebClient | SshClient]:
        """Open what speaks to the server, and close it whatever happens; one line in the log."""
        self._refuse_open_wire()
        kind = SshClient if self._address.scheme == "ssh" else WebClient
        client = kind(self._outbound, self._address, self._credential, call)
        outcome = "failed"
        try:
            with explaining(self._address.text, client):
                yield client
            outcome = "answered"
        finally:
            client.close()
            log.info(
                "git_call",
                target=call.at.label if call.at else "",
                elapsed_ms=round(call.elapsed * 1000),
                outcome=outcome,
                size=client.received,
            )

    def _refuse_open_wire(self) -> None:
        address = self._address
        if address.scheme == "http" and self._credential.is_secret and not address.is_loopback:
            raise SourceDown(
                "A credential is never sent over plain http, where others can read it.",
                fix="Use https:// or ssh://.",
            )


class _Wanted:
    """The one commit to ask for, whatever the server lists, as dulwich asks what that is."""

    def __init__(self, commit: str) -> None:
        self._commit = ObjectID(commit.encode())

    def __call__(self, refs: object, depth: int | None = None) -> list[ObjectID]:
        del refs, depth
        return [self._commit]


class _Known:
    """The commits that need not come again, as dulwich walks them."""

    def __init__(self, commits: list[str]) -> None:
        names = [ObjectID(commit.encode()) for commit in commits]
        self.shallow = set(names)
        self._left = iter(names)

    def __next__(self) -> ObjectID | None:
        return next(self._left, None)

    def ack(self, sha: ObjectID) -> None:
        """Hear that the server knows it too, which changes nothing here."""

    def nak(self) -> None:
        """Hear that the server knows none."""
