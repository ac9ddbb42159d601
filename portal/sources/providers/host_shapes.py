"""What every host's answers have in common: names that are safe to build on, ids that prove."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field

from portal.catalog.core.storable import make_storable
from portal.catalog.core.yaml_text.documents import MAX_BYTES
from portal.errors import NotFound, TooLarge
from portal.sources.core.trees import SourceDown

OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
FILES = frozenset(("100644", "100755", "100664"))  # 100664 stands in old histories
MOST_TOPICS, LONGEST_TOPIC = 100, 100
SHA1_LENGTH = 40


def check_path(path: str) -> str:
    """Return the path of a repository; raises ValueError where a part would lead elsewhere."""
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("no path of a repository")
    return path


FullPath = Annotated[
    str,
    Field(max_length=1000, pattern=r"^[^/\s?#%\\\x00-\x1f\x7f]+(?:/[^/\s?#%\\\x00-\x1f\x7f]+)+$"),
    AfterValidator(check_path),
]
Branch = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x20\x7f~^:?*\[\\]+$")]
WebAddress = Annotated[str, Field(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
ObjectId = Annotated[str, Field(pattern=f"^{OBJECT.pattern}$")]


class Named(BaseModel):
    """An account: a user, an organisation."""

    login: str
    type: str = ""


class TreeEntry(BaseModel):
    """One line of a tree; a folder and a submodule are lines too."""

    path: Annotated[str, Field(max_length=10_000)]
    mode: str
    type: str


def is_file(entry: TreeEntry) -> bool:
    """Whether it is an ordinary file below the root; symbolic links and submodules are none."""
    parts = entry.path.split("/")
    is_inside = {"", ".", ".."}.isdisjoint(parts) and "\0" not in entry.path
    return entry.type == "blob" and entry.mode in FILES and is_inside


def check_blob(name: str, blob: str, raw: bytes) -> bytes:
    """Return the bytes that have the id they were asked for by; raises SourceDown."""
    head = f"blob {len(raw)}\0".encode()
    kind = "sha1" if len(blob) == SHA1_LENGTH else "sha256"
    if hashlib.new(kind, head + raw, usedforsecurity=False).hexdigest() != blob:
        raise SourceDown(
            f"{name} sent other bytes than the ones asked for.",
            fix="Try again later; check that no proxy or sign-in page stands in between.",
        )
    return raw


def check_size(size: int | None) -> None:
    """Raise TooLarge for a file that would not be read anyway, before it is fetched."""
    if size is not None and size > MAX_BYTES:
        raise TooLarge(
            f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.",
            fix="Split it into several files.",
        )


def split_blob(value: str) -> tuple[str, str]:
    """Return id and path of a blob written as `id path`."""
    blob, _, path = value.partition(" ")
    if not OBJECT.fullmatch(blob):
        raise NotFound("The file has no id.")
    return blob, path


def clean_topics(topics: list[str] | None) -> list[str]:
    """Return topics that can be stored and are not endless."""
    return [make_storable(topic)[:LONGEST_TOPIC] for topic in (topics or [])[:MOST_TOPICS]]


def encode(text: str) -> str:
    """Return a branch or path as it stands within an address, its slashes kept."""
    return quote(text, safe="/")


def encode_whole(text: str) -> str:
    """Return a branch or path as one part of an address."""
    return quote(text, safe="")
