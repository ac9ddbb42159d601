"""What people and programs state about a source, from a form or as JSON."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from werkzeug.datastructures import MultiDict

from portal.errors import InvalidInput, Problem
from portal.sources.core.allowed import check_folder
from portal.sources.core.declarations import (
    EVERY_MINUTES,
    FOLDER,
    GIT,
    GITHUB,
    GITLAB,
    Declaration,
    Discovery,
    default_patterns,
    default_policy,
)
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.policies import EVERY_KIND, Policy
from portal.sources.core.urls import check_web_address
from portal.sources.service.declaring import SecretChange
from portal.web.cursor import decode_cursor

HOST_URLS = {GITHUB: "https://api.github.com", GITLAB: "https://gitlab.com"}


def _split(value: Any) -> Any:
    """Return the entries of a text that names one on each line, or several between commas."""
    if not isinstance(value, str):
        return value
    return tuple(part for line in value.splitlines() for part in line.replace(",", " ").split())


def _lower(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.lower() for value in values))


Text = Annotated[str, Field(max_length=600)]
Secret = Annotated[str, Field(max_length=20_000, repr=False)]
Entries = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=300)], ...],
    BeforeValidator(_split),
    Field(max_length=100),
]
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
SecretName = Literal["password", "private_key", "token", "app_key", "webhook"]


class SourceBody(BaseModel):
    """A source as stated; secrets that are left empty stay as they are."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    kind: Literal["folder", "git", "url", "github", "gitlab"]
    address: Text = ""
    branch: Text = ""
    organisation: Text = ""
    patterns: Entries = ()
    every_minutes: int | None = Field(None, ge=1, le=44_640)
    by_hand: bool = False
    include: Entries = ()
    exclude: Entries = ()
    topics: Entries = ()
    archived: bool = False
    forks: bool = False
    kinds: Annotated[Entries, AfterValidator(_lower)] = ()
    namespaces: Annotated[Entries, AfterValidator(_lower)] = ()
    refs: Annotated[Entries, AfterValidator(_lower)] = ()
    lifetime_hours: int | None = Field(None, ge=1, le=2160)
    user: str = Field("", max_length=100)
    host_key: str = Field("", max_length=2000)
    app_id: str = Field("", max_length=40)
    installation_id: str = Field("", max_length=40)
    password: Secret = ""
    private_key: Secret = ""
    token: Secret = ""
    app_key: Secret = ""
    webhook: Secret = ""
    forget: tuple[SecretName, ...] = ()

    def make_declaration(self, folders: tuple[str, ...]) -> Declaration:
        """Return the declaration; raises InvalidInput naming every field that is wrong.

        `folders` are those sources may read on this machine.
        """
        address = self.address.strip() or HOST_URLS.get(self.kind, "")
        problems = [*self._check_rest(), *self._check_address(address, folders)]
        if problems:
            raise InvalidInput("The source is not valid.", tuple(problems))
        policy = default_policy(self.kind)
        every = None if self.by_hand else self.every_minutes or EVERY_MINUTES[self.kind]
        return Declaration(
            kind=self.kind,
            address=address,
            branch=self.branch.strip(),
            organisation=self.organisation.strip().strip("/"),
            patterns=self.patterns or default_patterns(self.kind),
            every_minutes=every,
            discovery=Discovery(
                self.include or ("*",), self.exclude, self.topics, self.archived, self.forks
            ),
            policy=Policy(
                self.kinds or policy.kinds,
                self.namespaces or policy.namespaces,
                self.refs or policy.refs,
            ),
            lifetime_hours=self.lifetime_hours,
            user=self.user,
            host_key=self.host_key.strip(),
            app_id=self.app_id,
            installation_id=self.installation_id,
        )

    def list_secrets(self) -> SecretChange:
        """Return the secrets to keep and those to forget."""
        names = ("password", "private_key", "token", "app_key", "webhook")
        kept = {name: text for name in names if (text := getattr(self, name).strip())}
        return SecretChange(kept, tuple(name for name in self.forget if name not in kept))

    def _check_address(self, address: str, folders: tuple[str, ...]) -> list[Problem]:
        if not address:
            return [Problem("address", "required", "The address is missing.", "Give one.")]
        try:
            if self.kind == FOLDER:
                check_folder(address, folders)
            elif self.kind == GIT:
                parse_git_address(address)
            else:
                check_web_address(address)
        except InvalidInput as error:
            return list(error.problems) or [Problem("address", "form", error.detail, error.fix)]
        return []

    def _check_rest(self) -> list[Problem]:
        found = []
        if self.kind in HOST_URLS and not self.organisation.strip():
            message = "The organisation or group is missing."
            found.append(Problem("organisation", "required", message, "Name it."))
        unknown = sorted(set(self.kinds) - set(EVERY_KIND))
        if unknown:
            message = f"There is no kind {', '.join(unknown)}."
            fix = f"Use some of: {', '.join(EVERY_KIND)}."
            found.append(Problem("kinds", "known", message, fix))
        for pattern in self.patterns:
            if pattern.startswith("/") or ".." in pattern.split("/"):
                message = f"`{pattern}` leads out of the repository."
                found.append(Problem("patterns", "inside", message, "Write it from its root."))
        return found


class NewSourceBody(SourceBody):
    """A new source: its name as well, which stays."""

    name: str = Field("", max_length=200)

    def _check_rest(self) -> list[Problem]:
        if NAME.fullmatch(self.name):
            return super()._check_rest()
        message = "A name is of lower-case letters, digits, dots, dashes and underscores."
        fix = "Begin with a letter or digit: larkmoor-services."
        return [Problem("name", "form", message, fix), *super()._check_rest()]


class ChangedSourceBody(SourceBody):
    """A changed source; `revision` is the one that was looked at."""

    revision: int


class SourceForm(BaseModel):
    """A button of a source's page."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""


class TakeOverForm(BaseModel):
    """Agreement that a file takes over, and whether what was set in the portal is kept over it."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""
    version: int
    keep: Literal["", "yes"] = ""


class SourceListQuery(BaseModel):
    """The list of sources, which takes nothing."""

    model_config = ConfigDict(extra="forbid")


class RunListQuery(BaseModel):
    """A page of runs."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=2000)

    @property
    def after(self) -> tuple[Any, ...] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else decode_cursor("source-runs", self.cursor)


class RepositoryListQuery(RunListQuery):
    """A page of an organisation's repositories."""

    @property
    def after(self) -> tuple[Any, ...] | None:
        """Return where the page begins; raises InvalidInput for an edited cursor."""
        return None if self.cursor is None else decode_cursor("source-children", self.cursor)


class ExplainQuery(BaseModel):
    """What to explain: an address, a path or a reference."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", max_length=2000)


class NewSourceQuery(BaseModel):
    """Which kind of source the form is for; none shows the choice."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["folder", "git", "url", "github", "gitlab"] | None = None


class SourceQuery(BaseModel):
    """The parts of a source's page, each with a place of its own, and which repositories."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=200)
    state: Literal["", "fresh", "failing", "held", "waiting"] = ""
    problems: str | None = Field(None, max_length=2000)
    runs: str | None = Field(None, max_length=2000)
    repositories: str | None = Field(None, max_length=2000)


# Fields that hold one entry on each line, or several between commas.
LISTS = ("patterns", "include", "exclude", "topics", "kinds", "namespaces", "refs")


def spread_lists(typed: MultiDict[str, str]) -> MultiDict[str, str]:
    """Return a form with lists entry by entry and line ends as keys are written with."""
    found: MultiDict[str, str] = MultiDict()
    for name, values in typed.lists():
        parts = [part for value in values for part in _split(value)] if name in LISTS else values
        found.setlist(name, [part.replace("\r\n", "\n") for part in parts])
    return found
