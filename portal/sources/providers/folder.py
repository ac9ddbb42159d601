"""A folder or a single file on this machine; nothing outside its root is ever opened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.catalog.core.storable import make_storable
from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.errors import InvalidInput, NotFound, TooLarge
from portal.sources.core.paths import (
    SKIPPED_FOLDERS,
    OutsideRoot,
    compile_pattern,
    find_fixed,
    resolve_target,
)
from portal.sources.core.trees import MAX_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Folder:
    """The root nothing leaves, and what to begin with: all descriptors below, or one file.

    Descriptors are what `patterns` fit, without any all YAML and JSON files.
    """

    root: Path
    start: str | None = None
    patterns: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: str) -> Folder:
        """Return the folder or file at `path`; raises NotFound or InvalidInput."""
        found = Path(path)
        try:
            resolved = found.resolve(strict=True)
            if resolved.is_dir():
                os.scandir(resolved).close()
                return cls(resolved)
        except FileNotFoundError:
            raise NotFound(f"{path}: no such file or folder.", fix="Check the path.") from None
        except (OSError, RuntimeError) as error:
            raise InvalidInput(
                f"{path} cannot be read: {_reason(error)}.", fix="Check its permissions."
            ) from None
        if not resolved.is_file():
            raise InvalidInput(f"{path} is neither a file nor a folder.", fix="Give one of these.")
        return cls(resolved.parent, resolved.name)

    @property
    def key(self) -> str:
        """Return the root, which tells one folder from another."""
        return str(self.root)

    def list_files(self) -> Iterator[str]:  # noqa: C901 one walk, read in one piece
        """Yield paths relative to the root, sorted, of what may hold descriptors."""
        if self.start is not None:
            yield self.start
            return
        pending, seen = [""], 0
        while pending:
            folder = pending.pop()
            try:
                entries = sorted(os.scandir(self.root / folder), key=lambda e: e.name)
            except OSError:
                yield f"{folder}/"  # reading it reports the reason
                continue
            below = []
            for entry in entries:
                path = make_storable(f"{folder}/{entry.name}" if folder else entry.name)
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in SKIPPED_FOLDERS:
                        below.append(path)
                elif self._takes(path):
                    seen += 1
                    if seen > MAX_FILES:
                        raise TooLarge(f"More than {MAX_FILES:,} files.", fix="Ingest parts of it.")
                    yield path
            pending.extend(reversed(below))

    def _takes(self, path: str) -> bool:
        if self.patterns:
            return any(compile_pattern(pattern).fullmatch(path) for pattern in self.patterns)
        return path.lower().endswith(SUFFIXES)

    def read(self, path: str) -> bytes:
        """Return a file's bytes; raises NotFound, OutsideRoot, TooLarge or InvalidInput."""
        inside = self._inside(path)
        try:
            if not stat.S_ISREG(inside.stat().st_mode):  # opening a pipe would wait forever
                raise InvalidInput(f"{path} is no ordinary file.", fix="Put a file in its place.")
            with inside.open("rb") as file:
                if os.fstat(file.fileno()).st_size > MAX_BYTES:
                    raise TooLarge(
                        f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.",
                        fix="Split it into several files.",
                    )
                return file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise NotFound(
                f"{path} does not exist.", fix="Check the path; file names are UTF-8."
            ) from None
        except OSError as error:
            raise InvalidInput(
                f"{path} cannot be read: {_reason(error)}.", fix="Check its permissions."
            ) from None

    def has(self, path: str) -> bool:
        """Whether `path` is an ordinary file; raises OutsideRoot or InvalidInput."""
        try:
            return self._inside(path).is_file()
        except OSError as error:
            raise InvalidInput(
                f"{path} cannot be read: {_reason(error)}.", fix="Check its permissions."
            ) from None

    def resolve(self, base: str, target: str) -> str:
        """Return the root-relative path of `target` written in file `base`; raises OutsideRoot."""
        return resolve_target(base, target)

    def match(self, base: str, pattern: str) -> list[str]:
        """Return the root-relative paths that a pattern in file `base` stands for, sorted."""
        wanted = self.resolve(base, pattern)
        matcher = compile_pattern(wanted)
        fixed = find_fixed(wanted)
        found = []
        for folder, folders, files in os.walk(self.root / fixed):
            folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
            for name in files:
                path = (Path(folder) / name).relative_to(self.root).as_posix()
                if matcher.fullmatch(path):
                    found.append(path)
        return sorted(found)

    def _inside(self, path: str) -> Path:
        try:
            real = (self.root / path).resolve()
        except (OSError, RuntimeError) as error:
            raise InvalidInput(f"{path} cannot be read: {_reason(error)}.") from None
        if not real.is_relative_to(self.root):
            raise OutsideRoot(
                f"{path} leads out of this source.", fix="Only files of the same source are read."
            )
        return real


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
