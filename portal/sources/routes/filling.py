"""What stands in the fields of a source's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portal.sources.core.declarations import (
    EVERY_MINUTES,
    FOLDER,
    GIT,
    GITHUB,
    GITLAB,
    URL,
    Declaration,
    default_patterns,
    default_policy,
)
from portal.sources.forms import HOST_URLS, LISTS

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

# What each kind is for, in the order they are offered.
CHOICES = {
    FOLDER: ("Folder", "A folder of the machine the portal runs on, such as a mounted share."),
    GIT: ("Git repository", "One repository at any host, over https or ssh."),
    URL: ("Address", "One descriptor file at a web address, and what it names beside it."),
    GITHUB: (
        "GitHub organisation",
        "Every repository of an organisation, found by itself; github.com or your own server.",
    ),
    GITLAB: (
        "GitLab group",
        "Every project of a group and the groups below; gitlab.com or your own server.",
    ),
}
TEXTS = (
    "name",
    "address",
    "branch",
    "organisation",
    "every_minutes",
    "lifetime_hours",
    "user",
    "host_key",
    "app_id",
    "installation_id",
)
CHECKS = ("by_hand", "archived", "forks")


def fill_new(kind: str) -> dict[str, Any]:
    """Return what a form for a new source of a kind begins with."""
    declaration = Declaration(
        kind,
        HOST_URLS.get(kind, ""),
        patterns=default_patterns(kind),
        every_minutes=EVERY_MINUTES[kind],
        policy=default_policy(kind),
    )
    return fill_declared("", declaration)


def fill_declared(name: str, declared: Declaration) -> dict[str, Any]:
    """Return what is declared of a source as its form shows it."""
    found, policy = declared.discovery, declared.policy
    every = declared.every_minutes
    return {
        "name": name,
        "address": declared.address,
        "branch": declared.branch,
        "organisation": declared.organisation,
        "patterns": "\n".join(declared.patterns),
        "every_minutes": EVERY_MINUTES[declared.kind] if every is None else every,
        "by_hand": every is None,
        "include": "\n".join(found.include),
        "exclude": "\n".join(found.exclude),
        "topics": "\n".join(found.topics),
        "archived": found.archived,
        "forks": found.forks,
        "kinds": list(policy.kinds),
        "namespaces": "\n".join(policy.namespaces),
        "refs": "\n".join(policy.refs),
        "lifetime_hours": declared.lifetime_hours or "",
        "user": declared.user,
        "host_key": declared.host_key,
        "app_id": declared.app_id,
        "installation_id": declared.installation_id,
        "forget": [],
    }


def fill_typed(kind: str, typed: MultiDict[str, str]) -> dict[str, Any]:
    """Return what somebody typed, without the secrets among it."""
    found: dict[str, Any] = {name: typed.get(name, "") for name in TEXTS}
    found.update({name: bool(typed.get(name)) for name in CHECKS})
    found.update({name: "\n".join(typed.getlist(name)) for name in LISTS})
    found["kinds"] = typed.getlist("kinds") or list(default_policy(kind).kinds)
    found["forget"] = typed.getlist("forget")
    return found
