"""What every kind of source is read through: its files at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from portal.catalog.core.storable import make_storable
from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.errors import NotFound, TooLarge
from portal.sources.core.paths import compile_pattern, is_skipped, resolve_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MAX_FILES = 200_000


class SourceDown(Exception):  # noqa: N818 reads as what happened
    """A source cannot be read now: its run ends and leaves everything as it was.

    No PortalError, since those are about one file. `detail` says what failed, `fix` what an admin
    can do; neither ever holds a credential.
    """

    def __init__(self, detail: str, *, fix: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


class Tree(Protocol):
    """Files below one root. What raises PortalError is wrong with one file, SourceDown with all."""

    @property
    def key(self) -> str:
        """Tell one root from another."""

    def list_files(self) -> Iterator[str]:
        """Yield root-relative paths of what may hold descriptors, in a stable order."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises NotFound, OutsideRoot, TooLarge or InvalidInput."""

    def has(self, path: str) -> bool:
        """Whether `path` is an ordinary file."""

    def resolve(self, base: str, target: str) -> str:
        """Return the root-relative path of `target` written in file `base`; raises OutsideRoot."""

    def match(self, base: str, pattern: str) -> list[str]:
        """Return the root-relative paths that a pattern in file `base` stands for, sorted."""


class ListedTree:
    """A tree whose ordinary files are all known by name before any is read.

    `blobs` maps each path to what `fetch` needs to get its bytes (a blob's hash, say). Symbolic
    links and submodules are left out of it by whoever makes one.
    """

    def __init__(
        self,
        key: str,
        blobs: Mapping[str, str],
        fetch: Callable[[str], bytes],
        *,
        patterns: Sequence[str],
    ) -> None:
        if len(blobs) > MAX_FILES:
            raise TooLarge(f"More than {MAX_FILES:,} files.", fix="Ingest parts of it.")
        self.key = key
        self._blobs = {make_storable(path): blob for path, blob in blobs.items()}
        self._fetch = fetch
        self._patterns = [compile_pattern(pattern) for pattern in patterns]

    def list_files(self) -> Iterator[str]:
        """Yield the paths that any pattern matches, sorted."""
        for path in sorted(self._blobs):
            if not is_skipped(path) and any(p.fullmatch(path) for p in self._patterns):
                yield path

    def read(self, path: str) -> bytes:
        """Return a file's bytes, fetched each time."""
        blob = self._blobs.get(path)
        if blob is None:
            raise NotFound(f"{path} does not exist.", fix="Check the path.")
        raw = self._fetch(blob)
        if len(raw) > MAX_BYTES:
            raise TooLarge(
                f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.",
                fix="Split it into several files.",
            )
        return raw

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._blobs

    def resolve(self, base: str, target: str) -> str:
        """Return the root-relative path of `target` written in file `base`."""
        return resolve_target(base, target)

    def match(self, base: str, pattern: str) -> list[str]:
        """Return the paths that a pattern in file `base` stands for, sorted."""
        matcher = compile_pattern(resolve_target(base, pattern))
        return sorted(p for p in self._blobs if matcher.fullmatch(p) and not is_skipped(p))
