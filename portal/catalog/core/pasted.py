"""What people paste into a search: references, addresses, repositories, images, e-mail."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

SSH = re.compile(r"^(?:ssh://)?(?:[\w.-]+@)(?P<host>[\w.-]+)[:/](?P<path>[\w./~-]+?)(?:\.git)?/?$")
EMAIL = re.compile(r"^(?:mailto:)?(?P<address>[^\s@/:]+@[\w.-]+)$")
IMAGE = re.compile(r"^(?P<name>[\w./:-]+?)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$")
HOST = re.compile(r"^(?:[\w-]+\.)+[\w-]+(?::\d+)?$")
REF = re.compile(r"^(?P<kind>[a-z]+):(?:(?P<namespace>[a-z0-9-]+)/)?(?P<name>[\w.-]+)$")
PAGE = re.compile(
    r"/catalog/(?P<one>[a-z0-9-]+)/(?P<two>[a-z0-9-]+)/(?P<name>[\w.-]+)/?(?:[?#].*)?$"
)
MOST_SEGMENTS = 8


def looks_pasted(text: str) -> bool:
    """Whether a text is an address of some sort rather than words."""
    return not re.search(r"\s", text) and bool(re.search(r"[/@]|://", text) or HOST.match(text))


def list_refs(text: str) -> list[str]:
    """Return canonical references a text may be: itself, or in a page's address, here or there."""
    text = text.strip().lower()
    ref, page = REF.match(text), PAGE.search(text)
    if ref:
        return [f"{ref['kind']}:{ref['namespace'] or 'default'}/{ref['name']}"]
    if page:
        # Backstage writes the namespace first, this portal the kind.
        one, two, name = page["one"], page["two"], page["name"]
        return [f"{one}:{two}/{name}", f"{two}:{one}/{name}"]
    return []


def list_alias_values(text: str) -> list[str]:
    """Return the alias values a pasted text may stand for, the most precise first."""
    text = text.strip()
    found: list[str] = [text, text.lower()]
    email, ssh = EMAIL.match(text), SSH.match(text)
    if email:
        found.append(email["address"].lower())
    if ssh:
        found += _repositories(ssh["host"].lower(), ssh["path"].lower().split("/"))
    if "://" in text:
        found += _from_url(text)
    elif "/" in text and not ssh:
        found += _from_url(f"https://{text}")
    found += _from_image(text.lower())
    if HOST.match(text):
        found.append(text.lower().partition(":")[0])
    return list(dict.fromkeys(value for value in found if value))


def _from_url(text: str) -> list[str]:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
    except ValueError:
        return []
    segments = [part for part in parts.path.split("/") if part][:MOST_SEGMENTS]
    found = []
    for count in range(len(segments), -1, -1):
        path = "/".join(segments[:count])
        found.append(f"{parts.scheme}://{parts.netloc}/{path}".rstrip("/"))
    return [*found, *_repositories(host, [part.lower() for part in segments]), host]


def _repositories(host: str, segments: list[str]) -> list[str]:
    """Return `host/org/repo` and `org/repo`, the longest first: groups may be nested."""
    segments = [part.removesuffix(".git") for part in segments if part][:MOST_SEGMENTS]
    found = []
    for count in range(len(segments), 1, -1):
        path = "/".join(segments[:count])
        found += [f"{host}/{path}", path]
    return found


def _from_image(text: str) -> list[str]:
    match = IMAGE.match(text)
    if match is None:
        return []
    name = match["name"]
    registry, _, rest = name.partition("/")
    is_registry = "." in registry or ":" in registry
    return [name, rest] if rest and is_registry else [name]
