"""Unpacks one object of a pack piece by piece, and no further than its size says."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

PIECE_BYTES = 65_536


class Damaged(Exception):  # noqa: N818 reads as what happened
    """The pack is not what Git writes: cut off, overwritten, or never sound."""


class Inflater:
    """Unpacks one object piece by piece; `at` is where it ended."""

    def __init__(self, data: mmap.mmap, at: int, end: int, size: int) -> None:
        self.at = at
        self._data = data
        self._end = end
        self.size = size

    def __iter__(self) -> Iterator[bytes]:
        machine = zlib.decompressobj()
        fed, left = b"", self.size
        # Small objects are many: not every one is worth a full piece.
        take = min(PIECE_BYTES, self.size + 64)
        while not machine.eof:
            if not fed:
                fed = self._data[self.at : min(self.at + take, self._end)]
                if not fed:
                    raise Damaged("An object is cut off.")
                self.at += len(fed)
            try:
                # One more than is left shows that there is more than was said.
                piece = machine.decompress(fed, min(PIECE_BYTES, left + 1))
            except zlib.error:
                raise Damaged("An object cannot be unpacked.") from None
            fed = machine.unconsumed_tail
            left -= len(piece)
            if left < 0:
                raise Damaged("An object is larger than it says.")
            yield piece
        self.at -= len(machine.unused_data)
        if left:
            raise Damaged("An object is smaller than it says.")


def read_delta_size(head: bytes) -> int:
    """Return the size of what a difference makes, which stands second in it."""
    at, size = 0, 0
    for _ in range(2):
        size, shift = 0, 0
        while True:
            if at >= len(head):
                raise Damaged("A difference is cut off.")
            byte = head[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
    return size
