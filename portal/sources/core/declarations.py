"""What somebody states about a source: where it is, how often, what of it, what it may define."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from portal.sources.core.paths import DESCRIPTORS, WELL_KNOWN
from portal.sources.core.policies import EVERYTHING, SCANNED, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portal.sources.core.hosts import FoundRepository

COMMAND = "command"
FOLDER, GIT, URL, GITHUB, GITLAB, REPOSITORY = (
    "folder",
    "git",
    "url",
    "github",
    "gitlab",
    "repository",
)
HOSTS = (GITHUB, GITLAB)
KINDS = (FOLDER, GIT, URL, *HOSTS)
WEBHOOKS = {GITHUB: "github", GITLAB: "gitlab"}
EVERY_MINUTES = {FOLDER: 5, GIT: 10, URL: 10, GITHUB: 15, GITLAB: 15}
TITLES = {
    COMMAND: "Read by command",
    FOLDER: "Folder",
    GIT: "Git repository",
    URL: "Address",
    GITHUB: "GitHub organisation",
    GITLAB: "GitLab group",
    REPOSITORY: "Repository",
}


@dataclass(frozen=True, slots=True)
class Discovery:
    """Which repositories of a host are read; patterns with `*` over full paths and topics."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    archived: bool = False
    forks: bool = False

    def takes(self, found: FoundRepository) -> bool:
        """Whether a repository is read."""
        return self.explain(found) is None

    def explain(self, found: FoundRepository) -> str | None:
        """Return why a repository is left out, None when it is read."""
        path = found.path.lower()
        out = [pattern for pattern in self.exclude if _fits(path, pattern)]
        reasons = (
            (found.is_archived and not self.archived, "it is archived"),
            (found.is_fork and not self.forks, "it is a fork"),
            (
                not any(_fits(path, pattern) for pattern in self.include),
                f"it fits none of: {', '.join(self.include)}",
            ),
            (bool(out), f"`{'`, `'.join(out)}` leaves it out"),
            (
                bool(self.topics)
                and not {topic.lower() for topic in self.topics} & set(found.topics),
                f"it has none of the topics: {', '.join(self.topics)}",
            ),
        )
        return next((reason for applies, reason in reasons if applies), None)


def _fits(path: str, pattern: str) -> bool:
    """Whether a pattern fits: one without `/` the last part of a path, else the whole path."""
    lowered = pattern.lower()
    return fnmatchcase(path if "/" in lowered else path.rpartition("/")[2], lowered)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A source as declared. Credentials are kept elsewhere, encrypted, under its number.

    `address` is a folder, a repository, a URL, or a host's API; `organisation` the GitHub
    organisation or GitLab group. `lifetime_hours` makes it ephemeral: its entities expire.
    """

    kind: str
    address: str
    branch: str = ""
    organisation: str = ""
    patterns: tuple[str, ...] = DESCRIPTORS
    every_minutes: int | None = None
    discovery: Discovery = field(default_factory=Discovery)
    policy: Policy = EVERYTHING
    lifetime_hours: int | None = None
    user: str = ""
    host_key: str = ""
    app_id: str = ""
    installation_id: str = ""

    @property
    def is_ephemeral(self) -> bool:
        """Whether its entities expire by themselves."""
        return self.lifetime_hours is not None

    @property
    def is_host(self) -> bool:
        """Whether it holds many repositories."""
        return self.kind in HOSTS

    def as_json(self) -> dict[str, Any]:
        """Return the declaration as it is stored."""
        return {**asdict(self), "policy": self.policy.as_json()}

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Declaration:
        """Return the declaration that was stored; of a source read by command an empty one."""
        if stored is None:
            return cls(COMMAND, "")
        values = dict(stored)
        found = {key: _tuples(value) for key, value in values.pop("discovery").items()}
        policy = Policy.read(values.pop("policy"))
        plain = {key: _tuples(value) for key, value in values.items()}
        return cls(**plain, discovery=Discovery(**found), policy=policy)

    def for_repository(self, path: str, branch: str) -> Declaration:
        """Return the declaration of one repository of this host."""
        return replace(self, kind=REPOSITORY, address=path, branch=branch)


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def default_policy(kind: str) -> Policy:
    """Return what a new source of a kind may define: of what is scanned, no people nor domains."""
    return EVERYTHING if kind in (FOLDER, COMMAND) else SCANNED


def default_patterns(kind: str) -> tuple[str, ...]:
    """Return which files of a new source are read: of an organisation those with known names."""
    return WELL_KNOWN if kind in HOSTS else DESCRIPTORS
