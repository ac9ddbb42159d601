"""What people paste into a search: references, addresses, repositories, images, e-mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from portal.catalog.core.aliases import plain_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SSH = re.compile(r"^(?:ssh://)?(?:[\w.-]+@)(?P<host>[\w.-]+)[:/](?P<path>[\w./~-]+?)(?:\.git)?/?$")
EMAIL = re.compile(r"^(?:mailto:)?(?P<address>[^\s@/:]+@[\w.-]+)$")
IMAGE = re.compile(r"^(?P<name>[\w./:-]+?)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?$")
HOST = re.compile(r"^(?:[\w-]+\.)+[\w-]+(?::\d+)?$")
REF = re.compile(r"^(?P<kind>[a-z]+):(?:(?P<namespace>[a-z0-9-]+)/)?(?P<name>[\w.-]+)$")
PAGE = re.compile(
    r"/catalog/(?P<one>[a-z0-9-]+)/(?P<two>[a-z0-9-]+)/(?P<name>[\w.-]+)/?(?:[?#].*)?$"
)
MOST_SEGMENTS = 8
REPOSITORY_SEGMENTS = 2


class Step(NamedTuple):
    """Alias values for the same thing; `is_wide` when only an organisation or a host is left."""

    values: Sequence[str]
    is_wide: bool


class Named(NamedTuple):
    """Entities with how near they are; `is_wide` when no step named more than a host."""

    distances: Mapping[int, int]
    is_wide: bool


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


def list_steps(text: str) -> list[Step]:
    """Return what a pasted text may name: itself, then wider and wider up to its host."""
    text = text.strip()
    itself = [*list_refs(text), text, text.lower()]
    email, ssh = EMAIL.match(text), SSH.match(text)
    if email:
        itself.append(email["address"].lower())
    if HOST.match(text):
        itself.append(text.lower().partition(":")[0])
    if "://" not in text:
        itself += _from_image(text.lower())
    wider: list[Step] = []
    if ssh:
        wider = _widen("https", ssh["host"].lower(), ssh["host"].lower(), ssh["path"].split("/"))
    elif "/" in text:
        wider = _from_url(text if "://" in text else f"https://{text}")
    return [Step([*itself, *(wider[0].values if wider else ())], is_wide=False), *wider[1:]]


def choose_nearest(text: str, found: Iterable[tuple[str, bool, int]]) -> Named:
    """Return the entities that a pasted text names, only those of the nearest step.

    `found` tells for each alias value whether it is certain and which entity has it.
    """
    steps = list_steps(text)
    order: dict[str, tuple[int, int]] = {}
    for number, step in enumerate(steps):
        for place, value in enumerate(step.values):
            order.setdefault(value, (number, place))
    ranked = [(*order[value], not is_certain, row) for value, is_certain, row in found]
    nearest = min((number for number, *_ in ranked), default=0)
    distances: dict[int, int] = {}
    for number, place, is_unsure, row in sorted(ranked):
        if number == nearest:
            distances.setdefault(row, 2 * place + is_unsure)
    return Named(distances, steps[nearest].is_wide)


def _from_url(text: str) -> list[Step]:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").lower()
    except ValueError:
        return []
    path = parts.path.strip("/")
    steps = _widen(parts.scheme, parts.netloc, host, path.split("/"))
    plain = plain_path(path)
    if plain == path:
        return steps
    # A folder counts alike with and without the branch it is looked at.
    within = _widen(parts.scheme, parts.netloc, host, plain.split("/"))
    near = [step for step in within if not step.is_wide]
    both = [
        Step([*inner.values, *outer.values], is_wide=False)
        for inner, outer in zip(near, steps, strict=False)
    ]
    return [*both, *steps[len(near) :]]


def _widen(scheme: str, netloc: str, host: str, segments: list[str]) -> list[Step]:
    """Return an address and what it lies below; any two names or more may be a repository."""
    segments = [part for part in segments if part][:MOST_SEGMENTS]
    found = []
    for count in range(len(segments), -1, -1):
        path = "/".join(segments[:count])
        bare = "/".join(part.removesuffix(".git") for part in segments[:count])
        values = [f"{scheme}://{netloc}/{rest}".rstrip("/") for rest in dict.fromkeys((path, bare))]
        if count >= REPOSITORY_SEGMENTS:
            values += [f"{host}/{bare}".lower(), bare.lower()]
        elif not count:
            values.append(host)
        found.append(Step(values, is_wide=count < REPOSITORY_SEGMENTS))
    return found


def _from_image(text: str) -> list[str]:
    match = IMAGE.match(text)
    if match is None:
        return []
    name = match["name"]
    registry, _, rest = name.partition("/")
    is_registry = "." in registry or ":" in registry
    return [name, rest] if rest and is_registry else [name]
