"""What the target of a location is declared as: the address of a file, or of a repository."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, urlsplit

from portal.backstage.core.refusals import Refused
from portal.errors import InvalidInput
from portal.sources.core.declarations import EVERY_MINUTES, GIT, URL, Declaration, default_policy
from portal.sources.core.file_pages import find_host, find_page
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.urls import check_web_address

LONGEST = 600
LONGEST_WORDS = 80
FILES = (".yaml", ".yml", ".json")
ALLOWED = ("url",)


def check_type(kind: str) -> None:
    """Raise Refused for a type of location that cannot be registered."""
    if kind not in ALLOWED:
        raise Refused('Registered locations must be of an allowed type ["url"]')


def declare_target(target: str) -> Declaration:
    """Return what a source is declared as for a target, with the policy of what is scanned.

    A page that shows a file at a known host is read as that file, a repository as all of its
    descriptors. Raises Refused for what is neither.
    """
    try:
        check_web_address(target)
        parts = urlsplit(target)
        kind = GIT if _is_repository(parts) else URL
        if kind == GIT:
            parse_git_address(target)
    except InvalidInput as error:
        raise Refused(f"{error.detail} {error.fix}".strip()) from None
    if len(target) > LONGEST:
        raise Refused(f"The target is longer than {LONGEST} characters")
    if "*" in parts.path:
        raise Refused("Patterns are not read by address. Give the repository, or each file.")
    if kind == URL and find_host(parts) and _is_folder(parts):
        raise Refused("This address shows a folder. Give the repository, or a file in it.")
    return Declaration(kind, target, every_minutes=EVERY_MINUTES[kind], policy=default_policy(kind))


def _is_repository(parts: SplitResult) -> bool:
    """Whether an address names a whole repository, as far as its form tells."""
    steps = [step for step in parts.path.split("/") if step]
    if parts.path.rstrip("/").endswith(".git"):
        return True
    host = find_host(parts)
    if host == "gitlab":
        is_file = bool(steps) and steps[-1].endswith(FILES)
        return len(steps) > 1 and "-" not in steps and not is_file
    return bool(host) and len(steps) == 2  # noqa: PLR2004 owner and name


def _is_folder(parts: SplitResult) -> bool:
    is_page = find_page(parts.geturl()) is not None
    return parts.path.endswith("/") or ("/tree/" in parts.path and not is_page)


def name_source(target: str) -> str:
    """Return the name of a source for a target: the same for the same, never for another."""
    parts = urlsplit(target)
    words = re.sub(r"[^a-z0-9]+", "-", f"{parts.netloc}{parts.path}".lower()).strip("-")
    digest = hashlib.sha256(target.encode()).hexdigest()[:12]
    return f"{words[:LONGEST_WORDS].strip('-') or 'location'}-{digest}"


def is_same_server(one: str, other: str) -> bool:
    """Whether what is secret to one address may be sent to another."""
    return urlsplit(one)[:2] == urlsplit(other)[:2]
