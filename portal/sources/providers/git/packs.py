"""Reads a pack within bounds, whoever made it.

dulwich inflates whole objects into memory and trusts the sizes that a pack claims; a pack of a
stranger may claim anything. Here every object is inflated piece by piece and must end where its
size says; only what can be a file or folder of the portal is ever held whole.
"""

from __future__ import annotations

import hashlib
import mmap
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dulwich.errors import ApplyDeltaError
from dulwich.pack import apply_delta

from portal.errors import TooLarge
from portal.sources.providers.git.inflating import Damaged, Inflater, read_delta_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# 200,000 files (what a tree may list), their folders, and what an update adds.
MAX_OBJECTS = 500_000
# All objects together, unpacked: a minute of work, and never on disk or in memory at once.
MAX_INFLATED_BYTES = 4 << 30
# A file is read up to 5 MB, a folder of 200,000 names takes 10; larger objects are only skipped.
MAX_HELD_BYTES = 16 << 20
# What a chain of differences may hold in memory at once while it is followed.
MAX_LIVE_BYTES = 256 << 20
DELTA_HEAD_BYTES = 20  # two sizes of at most ten bytes
KINDS = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
OFFSET_DELTA, NAMED_DELTA = 6, 7


@dataclass(frozen=True, slots=True)
class _Entry:
    """One object as packed; `size` is what it unpacks to, `base` where its difference begins."""

    kind: int
    at: int
    packed: int
    size: int
    base: int = 0
    base_name: bytes = b""


class Pack:
    """The objects of one pack file, by name; the file may be removed once this is made.

    An update may hold differences to objects of the packs `before` it.
    """

    def __init__(
        self,
        path: Path,
        *,
        name_bytes: int = 20,
        tick: Callable[[], object],
        before: Sequence[Pack] = (),
    ) -> None:
        with path.open("rb") as file:
            try:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise Damaged("It is empty.") from None
        self._hash = hashlib.sha1 if name_bytes == 20 else hashlib.sha256  # noqa: PLR2004 bytes
        self._name_bytes = name_bytes
        self._tick = tick
        self._before = tuple(before)
        self._entries: dict[int, _Entry] = {}
        self._names: dict[bytes, tuple[bytes, int]] = {}
        self._unpacked = 0
        self._scan()
        self._resolve()

    def __contains__(self, name: bytes) -> bool:
        return name in self._names

    def find_size(self, name: bytes) -> int:
        """Return the size of an object, unpacked."""
        return self._entries[self._names[name][1]].size

    def read(self, name: bytes) -> tuple[bytes, bytes]:
        """Return an object's kind and content; raises TooLarge before anything is unpacked."""
        kind, offset = self._names[name]
        chain = [self._entries[offset]]
        while chain[-1].base:
            chain.append(self._entries[chain[-1].base])
        if max(entry.size for entry in chain) > MAX_HELD_BYTES:
            raise TooLarge("The file is too large to be read.", fix="Split it into several files.")
        first = chain[-1]
        if first.kind in KINDS:
            content = self._inflate(chain.pop())
        else:
            content = self._read_before(first.base_name)[1]
        while chain:
            content = self._apply(content, chain.pop())
        return kind, content

    def _read_before(self, name: bytes) -> tuple[bytes, bytes]:
        """Return an object of an earlier pack, or nothing."""
        pack = next((pack for pack in self._before if name in pack), None)
        return pack.read(name) if pack and pack.find_size(name) <= MAX_HELD_BYTES else (b"", b"")

    def _scan(self) -> None:
        """Find every object, and name those that are whole."""
        data = self._data
        end = len(data) - self._name_bytes
        if end < 12 or data[:8] not in (b"PACK\0\0\0\2", b"PACK\0\0\0\3"):  # noqa: PLR2004 the header
            raise Damaged("It does not begin as a pack does.")
        self._check_sum(end)
        count = int.from_bytes(data[8:12], "big")
        if count > MAX_OBJECTS:
            raise TooLarge(
                f"It holds more than {MAX_OBJECTS:,} files and folders.", fix="Split it up."
            )
        at = 12
        for _ in range(count):
            self._tick()
            at = self._scan_one(at, end)
        if at != end:
            raise Damaged("It holds more than it says.")

    def _check_sum(self, end: int) -> None:
        whole = self._hash()
        for begin in range(0, end, 1 << 20):
            self._tick()
            whole.update(self._data[begin : min(begin + (1 << 20), end)])
        if whole.digest() != self._data[end:]:
            raise Damaged("Its checksum is wrong.")

    def _scan_one(self, offset: int, end: int) -> int:
        """Note the object at `offset`; returns where the next one begins."""
        kind, packed, at = self._read_head(offset, end)
        base, base_name = 0, b""
        if kind == OFFSET_DELTA:
            back, at = self._read_back(at, end)
            base = offset - back
            if base not in self._entries:
                raise Damaged("A difference has no beginning.")
        elif kind == NAMED_DELTA:
            base_name, at = self._data[at : at + self._name_bytes], at + self._name_bytes
        elif kind not in KINDS:
            raise Damaged("It holds an object of an unknown kind.")
        self._take_in(packed)
        entry = _Entry(kind, at, packed, packed, base, base_name)
        stream = Inflater(self._data, at, end, packed)
        if kind in KINDS:
            self._names[self._digest(KINDS[kind], stream)] = (KINDS[kind], offset)
        else:
            entry = replace(entry, size=self._take_in(self._skim(stream)))
        self._entries[offset] = entry
        return stream.at

    def _digest(self, kind: bytes, stream: Inflater) -> bytes:
        """Return the name of a whole object, however large."""
        digest = self._hash(b"%s %d\0" % (kind, stream.size))
        for piece in stream:
            self._tick()
            digest.update(piece)
        return digest.digest()

    def _skim(self, stream: Inflater) -> int:
        """Return the size of what a difference makes."""
        head = b""
        for piece in stream:
            self._tick()
            if len(head) < DELTA_HEAD_BYTES:
                head += piece[:DELTA_HEAD_BYTES]
        return read_delta_size(head)

    def _take_in(self, size: int) -> int:
        """Count what unpacking would make, before it is made."""
        self._unpacked += size
        if self._unpacked > MAX_INFLATED_BYTES:
            raise TooLarge(
                f"Unpacked it is larger than {MAX_INFLATED_BYTES >> 30} GB.", fix="Split it up."
            )
        return size

    def _read_head(self, at: int, end: int) -> tuple[int, int, int]:
        """Return kind, size and where the content begins."""
        byte = self._data[at]
        kind, size, shift = (byte >> 4) & 7, byte & 15, 4
        while byte & 0x80:
            at += 1
            if at >= end or shift > 60:  # noqa: PLR2004 bits of the largest size
                raise Damaged("An object is cut off.")
            byte = self._data[at]
            size |= (byte & 0x7F) << shift
            shift += 7
        return kind, size, at + 1

    def _read_back(self, at: int, end: int) -> tuple[int, int]:
        """Return how far back a difference begins, and where its content does."""
        byte = self._data[at]
        back = byte & 0x7F
        while byte & 0x80:
            at += 1
            if at >= end or back > end:
                raise Damaged("An object is cut off.")
            byte = self._data[at]
            back = ((back + 1) << 7) | (byte & 0x7F)
        return back, at + 1

    def _resolve(self) -> None:
        """Name what is packed as a difference; what is too large to be read stays unnamed."""
        below: dict[int | bytes, list[int]] = defaultdict(list)
        for offset, entry in self._entries.items():
            if entry.kind not in KINDS:
                below[entry.base or entry.base_name].append(offset)
        for name, (kind, offset) in list(self._names.items()) if below else ():
            if (offset in below or name in below) and self._is_held(offset):
                content = self._inflate(self._entries[offset])
                self._resolve_below(kind, content, (name, offset), below)
        for name in [key for key in below if isinstance(key, bytes)]:
            kind, content = self._read_before(name)
            if kind and name in below:
                self._resolve_below(kind, content, (name, 0), below)

    def _resolve_below(
        self,
        kind: bytes,
        content: bytes,
        whole: tuple[bytes, int],
        below: dict[int | bytes, list[int]],
    ) -> None:
        """Name all that stands on one whole object, however long the chain: nothing recurses."""
        live = len(content)
        open_ends = [(whole[1], content, iter(_take_below(below, *whole)))]
        while open_ends:
            base, content, following = open_ends[-1]
            offset = next(following, 0)
            if not offset:
                live -= len(content)
                open_ends.pop()
            elif self._is_held(offset):
                self._tick()
                entry = self._entries[offset] = replace(self._entries[offset], base=base)
                made = self._apply(content, entry)
                name = self._hash(b"%s %d\0%s" % (kind, len(made), made)).digest()
                self._names[name] = (kind, offset)
                live += len(made)
                if live > MAX_LIVE_BYTES:
                    raise TooLarge("It is packed too deeply.", fix="Repack it with `git gc`.")
                open_ends.append((offset, made, iter(_take_below(below, name, offset))))

    def _is_held(self, offset: int) -> bool:
        entry = self._entries[offset]
        return max(entry.size, entry.packed) <= MAX_HELD_BYTES

    def _inflate(self, entry: _Entry) -> bytes:
        end = len(self._data) - self._name_bytes
        return b"".join(Inflater(self._data, entry.at, end, entry.packed))

    def _apply(self, base: bytes, entry: _Entry) -> bytes:
        try:
            made = b"".join(apply_delta(base, self._inflate(entry)))
        except (ApplyDeltaError, ValueError, IndexError, AssertionError) as error:
            raise Damaged("A difference does not fit.") from error
        if len(made) != entry.size:
            raise Damaged("A difference does not fit.")
        return made


def _take_below(below: dict[int | bytes, list[int]], name: bytes, offset: int) -> list[int]:
    return below.pop(offset, []) + below.pop(name, [])
