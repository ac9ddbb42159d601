"""A new service from a few words: the entity they make, and what stands in their way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from portal.catalog.core.fields import is_name
from portal.catalog.core.meaning import CLASSES, STAGES, TIER_ANNOTATION, TIER_LABELS
from portal.catalog.core.refs import SOURCE_LOCATION
from portal.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a class is called in `spec.type`, so that it is found again as that class.
TYPE_WORDS: Mapping[str, str] = MappingProxyType({name: name.replace("_", "-") for name in CLASSES})
SLUGS = ("github", "gitlab")
LONGEST_REPOSITORY = 400
_SSH = re.compile(r"(?:ssh://)?git@(?P<host>[\w.-]+)(?::\d+/|[:/])(?P<path>.+)")


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody says of a new service; `owner` and `system` are references as written."""

    name: str
    owner: str
    class_name: str
    tier: str = ""
    lifecycle: str = "production"
    repository: str = ""
    system: str = ""
    description: str = ""


def read_repository(text: str) -> tuple[str, str] | None:
    """Return host and path of a repository's address, over https or ssh; None for no such thing."""
    text = text.strip().removeprefix("url:")
    match = _SSH.fullmatch(text)
    if match:
        host, path = match["host"], match["path"]
    else:
        try:
            parts = urlsplit(text)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or "@" in parts.netloc:
            return None
    path = path.strip("/").removesuffix(".git")
    is_whole = bool(host) and path.count("/") >= 1 and re.fullmatch(r"[\w.~+/-]+", path)
    return (host.lower(), path) if is_whole else None


def find_alias(repository: str) -> str:
    """Return how the catalog keeps a repository as another name of an entity; may be empty."""
    found = read_repository(repository)
    return f"{found[0]}/{found[1]}".lower() if found else ""


def check_registration(given: Registration) -> Iterator[Problem]:
    """Check what can be said without looking into the catalog."""
    if not is_name(given.name):
        close = re.sub(r"[^a-z0-9]+", "-", given.name.lower()).strip("-")[:63]
        yield Problem(
            "name",
            "name",
            f"`{given.name[:80]}` is no name." if given.name else "It needs a name.",
            f"Write `{close}`." if close else "Letters, digits and single dashes, such as `till`.",
        )
    if not given.owner:
        yield Problem("owner", "required", "Nobody would answer for it.", "Choose a team.")
    if given.class_name not in CLASSES:
        yield Problem("class", "choice", "It needs a class.", "Choose what it is.")
    if given.tier and given.tier not in map(str, TIER_LABELS):
        yield Problem("tier", "choice", f"There is no tier `{given.tier[:20]}`.", "Choose one.")
    if given.lifecycle not in STAGES:
        yield Problem("lifecycle", "choice", "It needs a lifecycle.", "Choose one.")
    if given.repository and read_repository(given.repository) is None:
        yield Problem(
            "repository",
            "repository",
            f"`{given.repository[:80]}` is no address of a repository.",
            "Write it as https://HOST/GROUP/NAME, or leave it empty.",
        )


def make_component(given: Registration) -> dict[str, Any]:
    """Return the entity that a checked registration makes."""
    metadata: dict[str, Any] = {"name": given.name}
    if given.description:
        metadata["description"] = given.description
    annotations = _annotate(given)
    if annotations:
        metadata["annotations"] = annotations
    spec = {
        "type": TYPE_WORDS[given.class_name],
        "lifecycle": given.lifecycle,
        "owner": given.owner,
    }
    if given.system:
        spec["system"] = given.system
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": spec,
    }


def _annotate(given: Registration) -> dict[str, str]:
    found: dict[str, str] = {}
    place = read_repository(given.repository) if given.repository else None
    if place is not None:
        host, path = place
        found[SOURCE_LOCATION] = f"url:https://{host}/{path}/"
        product = next((word for word in SLUGS if word in host.split(".")), None)
        if product is not None:
            found[f"{product}.com/project-slug"] = path
    if given.tier:
        found[TIER_ANNOTATION] = given.tier
    return found
