"""The packs of one repository on disk, so that an update fetches only what is new.

A folder of packs in the order they came, each named after the commit it completed. Nothing in it
is precious: whatever looks wrong is deleted and fetched again.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from portal.sources.core.trees import SourceDown
from portal.sources.providers.git.packs import Pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from portal.infra.outbound import Call

# Every update adds a pack; reading many is slow, and what old ones hold is mostly unused.
MAX_PACKS = 32
# Twice what may come at once: a full pack and as much again in updates.
MAX_CACHE_BYTES = 1 << 30
NAME = re.compile(r"([0-9]{6})-([0-9a-f]{40}|[0-9a-f]{64})\.pack")
LOCK = "lock"
PAUSE_SECONDS = 0.05


class Cache:
    """The packs below one folder; use it only while it is held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, call: Call) -> Iterator[None]:
        """Keep other processes and threads out, at the latest until the call is over."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
            file = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise explain_disk(error) from None
        try:
            self._wait(file, call)
            for left in self._folder.glob("*.part"):  # of a process that was killed
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(file)

    def list_commits(self) -> list[str]:
        """Return the commits all files of which are here, the newest first."""
        return [found[2] for path in reversed(self._list_packs()) if (found := _read_name(path))]

    def read_packs(self, name_bytes: int, tick: Callable[[], object]) -> list[Pack]:
        """Return all packs, the newest first; raises Damaged."""
        packs: list[Pack] = []
        for path in self._list_packs():
            packs.append(Pack(path, name_bytes=name_bytes, tick=tick, before=packs))
        return packs[::-1]

    @contextmanager
    def receive(self, commit: str) -> Iterator[IO[bytes]]:
        """Open a file for the pack that completes a commit; kept only if nothing was raised."""
        packs = self._list_packs()
        number = int(packs[-1].name[:6]) + 1 if packs else 1
        part = self._folder / f"{number:06}-{commit}.part"
        try:
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as opened:
                yield opened
            part.rename(part.with_suffix(".pack"))
        finally:
            part.unlink(missing_ok=True)

    def is_full(self) -> bool:
        """Whether it is time to begin anew."""
        packs = self._list_packs()
        size = sum(path.stat().st_size for path in packs)
        return len(packs) >= MAX_PACKS or size > MAX_CACHE_BYTES

    def clear(self) -> None:
        """Delete all packs; trees that were opened go on reading theirs."""
        for path in self._list_packs():
            path.unlink(missing_ok=True)

    def _list_packs(self) -> list[Path]:
        return sorted(path for path in self._folder.iterdir() if _read_name(path))

    def _wait(self, file: int, call: Call) -> None:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if call.left < PAUSE_SECONDS:
                    raise SourceDown(
                        "Another process is still reading this repository.", fix="Try again later."
                    ) from None
                time.sleep(PAUSE_SECONDS)
            else:
                return


def explain_disk(error: OSError) -> SourceDown:
    """Return what to say when the folder cannot be used."""
    return SourceDown(
        f"The portal cannot keep the repository: {error.strerror or type(error).__name__}.",
        fix="Free space or mend permissions of the data folder.",
    )


def _read_name(path: Path) -> re.Match[str] | None:
    return NAME.fullmatch(path.name)
