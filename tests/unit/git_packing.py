"""Makes packs by hand, sound ones and others."""

from __future__ import annotations

import hashlib
import zlib

from portal.sources.providers.git import packs
from portal.sources.providers.git.packs import Pack

COMMIT, TREE, BLOB, OFFSET, NAMED = 1, 2, 3, 6, 7


def head(kind, size):
    byte, size, out = (kind << 4) | (size & 15), size >> 4, b""
    while size:
        out += bytes([byte | 0x80])
        byte, size = size & 0x7F, size >> 7
    return out + bytes([byte])


def varint(size):
    out = b""
    while size > 0x7F:
        out += bytes([size & 0x7F | 0x80])
        size >>= 7
    return out + bytes([size])


def back(distance):
    out = [distance & 0x7F]
    while distance := distance >> 7:
        distance -= 1
        out.append(distance & 0x7F | 0x80)
    return bytes(reversed(out))


def whole(kind, data, size=None):
    return head(kind, len(data) if size is None else size) + zlib.compress(data)


def name_of(kind, data):
    return hashlib.sha1(b"%s %d\0%s" % (packs.KINDS[kind], len(data), data)).digest()  # noqa: S324 git's names


def copy_of(size):
    """Return a difference that takes over the first `size` bytes, fewer than 64 KB."""
    return varint(size) + varint(size) + b"\xb0" + size.to_bytes(2, "little")


def write(path, *objects, count=None):
    body = b"PACK\0\0\0\2" + (len(objects) if count is None else count).to_bytes(4, "big")
    body += b"".join(objects)
    path.write_bytes(body + hashlib.sha1(body).digest())  # noqa: S324 git's checksum
    return path


def read(path, **options):
    return Pack(path, tick=lambda: None, **options)
