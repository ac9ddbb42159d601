"""The files of one commit, listed from packs that a stranger may have made."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from dulwich.errors import ObjectFormatException
from dulwich.objects import parse_tree

from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.errors import TooLarge
from portal.sources.core.trees import MAX_FILES, SourceDown
from portal.sources.providers.git.inflating import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portal.sources.providers.git.packs import Pack

# Folders that repeat each other make endless trees of a few bytes.
MAX_FOLDERS = 100_000
MAX_DEPTH = 64
# All paths together; names are at most some hundred bytes each.
MAX_PATH_BYTES = 64 << 20
ODD_NAME = re.compile(r"[\x00-\x1f\x7f/\\]|\A\.{0,2}\Z|\A\.git\Z", re.IGNORECASE)
KIND_OF_MODE = 0o170000
TREE_LINE = re.compile(rb"tree ([0-9a-f]{40}|[0-9a-f]{64})\n")


class Objects:
    """All packs of a repository as one."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self._packs = packs

    def read(self, name: bytes, kind: bytes) -> bytes:
        """Return an object that must be there; raises Damaged, or TooLarge."""
        pack = self._find(name)
        found, content = pack.read(name) if pack else (b"", b"")
        if found != kind:
            raise Damaged(f"A {kind.decode()} is missing.")
        return content

    def read_file(self, blob: str) -> bytes:
        """Return a file's bytes; raises TooLarge, also for what the server was told to leave out.

        An absent blob is one the server left out, for it was told to leave out large ones.
        """
        name = bytes.fromhex(blob)
        pack = self._find(name)
        if pack is None or pack.find_size(name) > MAX_BYTES:
            raise TooLarge(
                f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.",
                fix="Split it into several files.",
            )
        try:
            return self.read(name, b"blob")
        except Damaged:
            raise SourceDown(
                "The copy of the repository is damaged.", fix="The next run fetches it anew."
            ) from None

    def _find(self, name: bytes) -> Pack | None:
        return next((pack for pack in self._packs if name in pack), None)


def list_blobs(objects: Objects, commit: str, tick: Callable[[], object]) -> dict[str, str]:
    """Return each ordinary file's path and blob; raises Damaged, or TooLarge.

    Symbolic links, submodules, and names that mean something else to a file system are left out.
    """
    found = TREE_LINE.match(objects.read(bytes.fromhex(commit), b"commit"))
    if found is None:
        raise Damaged("The commit names no tree.")
    pending, blobs = [("", found[1].decode())], dict[str, str]()
    folders, path_bytes = 0, 0
    while pending:
        tick()
        folder, name = pending.pop()
        folders += 1
        if folders > MAX_FOLDERS or folder.count("/") > MAX_DEPTH:
            raise TooLarge(
                f"It holds more than {MAX_FOLDERS:,} folders, or more than {MAX_DEPTH} in one "
                "another.",
                fix="Take what is no source text out of it.",
            )
        for path, mode, blob in _read_folder(objects, folder, name):
            path_bytes += len(path)
            if len(blobs) >= MAX_FILES or path_bytes > MAX_PATH_BYTES:
                raise TooLarge(f"It holds more than {MAX_FILES:,} files.", fix="Split it up.")
            if mode & KIND_OF_MODE == stat.S_IFDIR:
                pending.append((f"{path}/", blob))
            elif mode & KIND_OF_MODE == stat.S_IFREG:
                blobs[path] = blob
    return blobs


def _read_folder(objects: Objects, folder: str, name: str) -> list[tuple[str, int, str]]:
    raw = bytes.fromhex(name)
    entries = []
    try:
        for entry, mode, blob in parse_tree(objects.read(raw, b"tree"), len(raw)):
            text = entry.decode("utf-8", "surrogateescape")
            if not ODD_NAME.search(text) and text.isprintable():
                entries.append((f"{folder}{text}", mode, blob.decode()))
    except (ObjectFormatException, ValueError) as error:
        raise Damaged("A folder cannot be read.") from error
    return entries
