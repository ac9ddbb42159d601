"""Answers that never end, in the shape the client asked for, so that only a cap can stop them."""

from __future__ import annotations

import itertools
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 64 * 1024
SIDEBAND = 60_000
"""Bytes of pack data in one line; the protocol allows 65,515."""
BOMB_SIZE = 1 << 40
ZEROS = bytes(1 << 20)


def answer_endlessly(request: bytes) -> Iterator[bytes]:
    """Yield a head and an endless chunked body: refs, a pack, or the letter x."""
    if b"service=git-upload-pack" in request:
        kind, body = "application/x-git-upload-pack-advertisement", _list_refs()
    elif b"command=ls-refs" in request:
        kind, body = "application/x-git-upload-pack-result", _list_branches()
    elif b"git-upload-pack" in request:
        kind, body = "application/x-git-upload-pack-result", _send_pack(b"version=2" in request)
    else:
        kind, body = "application/octet-stream", itertools.repeat(b"x" * PIECE)
    yield f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode()
    yield b"Transfer-Encoding: chunked\r\n\r\n"
    for part in body:
        yield b"%x\r\n%b\r\n" % (len(part), part)


def _line(data: bytes) -> bytes:
    return b"%04x%b" % (len(data) + 4, data)


def _list_refs() -> Iterator[bytes]:
    """Yield a listing of refs in protocol 0 that never comes to its end."""
    yield _line(b"# service=git-upload-pack\n") + b"0000"
    yield _line(b"%b HEAD\0side-band-64k shallow agent=git/standin\n" % (b"1" * 40))
    yield from _list_branches()


def _list_branches() -> Iterator[bytes]:
    for first in itertools.count(step=500):
        numbers = range(first, first + 500)
        yield b"".join(_line(b"%040x refs/heads/branch-%d\n" % (n + 1, n)) for n in numbers)


def _send_pack(is_version_2: bool) -> Iterator[bytes]:  # noqa: FBT001 - what the request says
    """Yield a pack of one blob that says it is a terabyte and unpacks to zeros without end."""
    yield _line(b"packfile\n") if is_version_2 else _line(b"NAK\n")
    packer = zlib.compressobj(9)
    # A megabyte of zeros packs to a kilobyte, from the second on always to the same bytes.
    first, again = (packer.compress(ZEROS) + packer.flush(zlib.Z_SYNC_FLUSH) for _ in range(2))
    pack = b"PACK" + struct.pack(">II", 2, 1) + _head_of_blob(BOMB_SIZE) + first
    yield _line(b"\x01" + pack)
    yield from itertools.repeat(_line(b"\x01" + again * (SIDEBAND // len(again))))


def _head_of_blob(size: int) -> bytes:
    """Write type and size as a pack does: four bits of size first, then seven at a time."""
    head, rest = bytearray(), size >> 4
    byte = 3 << 4 | size & 0x0F
    while rest:
        head.append(byte | 0x80)
        byte, rest = rest & 0x7F, rest >> 7
    head.append(byte)
    return bytes(head)
