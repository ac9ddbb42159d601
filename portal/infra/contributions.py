"""What features hand down to the floors below: small values, gathered by the factory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from portal.infra.db import Database


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the top bar, or of the account's menu; `endpoint` takes no parameters.

    It is left out for whoever may not do `permission`. With `is_quiet` only the palette has it.
    """

    label: str
    endpoint: str
    order: int
    permission: str = ""
    is_personal: bool = False
    is_quiet: bool = False


def may_nothing(permission: str) -> bool:
    """Say that whoever looks may not do `permission`."""
    del permission
    return False


@dataclass(frozen=True, slots=True)
class PanelSubject:
    """The entity a page is about: canonical reference, kind, the source and file it was read in.

    `may` says whether whoever looks may do a permission, to everything it is about.
    """

    ref: str
    kind: str
    source: str
    file: str
    may: Callable[[str], bool] = may_nothing


@dataclass(frozen=True, slots=True)
class EntityPanel:
    """A tab of the entity page.

    `badge` is None where the tab does not apply, else a short text or nothing; `render` gives
    its HTML. Whatever either raises costs the tab, not the page.
    """

    name: str
    title: str
    order: int
    badge: Callable[[Session, PanelSubject], str | None]
    render: Callable[[Session, PanelSubject], str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A value beside entities in lists, facets, sorts and exports; the rows are `entity_marks`."""

    name: str
    title: str
    order: int


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A text, and the command that ends what it tells of."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A line above every page while `read(session)` gives one."""

    read: Callable[[Session], NoticeLine | None]


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for somebody: what, where it is dealt with; a lower rank comes first."""

    rank: int
    text: str
    url: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NeedsYou:
    """Lines of the home page: `list_needs(session, teams, now)` for whoever answers for `teams`.

    They are left out for whoever may not do `permission`.
    """

    list_needs: Callable[[Session, Collection[str], datetime], list[Need]]
    permission: str = ""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is open about one entity: `list_open(session, ref)`, before it is retired, say."""

    list_open: Callable[[Session, str], list[Need]]


@dataclass(frozen=True, slots=True)
class SourceLink:
    """Where a source is looked after, and what its entities have to say of it.

    `file_url` is what a path is appended to for a link to the file as people see it, or nothing.
    """

    url: str
    file_url: str
    expires_at: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class SourceLinks:
    """The page of a source: `find(session, name)`, None for one that is not known."""

    find: Callable[[Session, str], SourceLink | None]


@dataclass(frozen=True, slots=True)
class Consumer:
    """Does the work of one topic, by exactly one of two functions.

    `run(session, subject, now)` happens in one unit and is done within seconds. `flow(database,
    subject, now)` opens units of its own and may take minutes, such as reading a repository; it
    asks `portal.infra.queue.is_stopping()` between its steps. Both may happen twice.
    """

    topic: str
    name: str
    run: Callable[[Session, str, datetime], None] | None = None
    flow: Callable[[Database, str, datetime], None] | None = None

    def __post_init__(self) -> None:
        """Refuse a consumer that says nothing, or two things."""
        if (self.run is None) == (self.flow is None):
            raise TypeError(f"the consumer {self.name} needs exactly one of run and flow")


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Publishes one row of work per slot of `every_seconds`; its consumer has the same name."""

    name: str
    every_seconds: int


@dataclass(frozen=True, slots=True)
class People:
    """What a floor above identity knows of people.

    `find_user` returns the catalog User of a name or a verified e-mail; `refresh` writes down the
    teams an account answers for; `explain` says why it does or does not answer for a team.
    """

    find_user: Callable[[Session, str | None, str | None], str | None]
    refresh: Callable[[Session, int, datetime], None]
    explain: Callable[[Session, int, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """What a decision needs to know of a thing: its reference, its owner, its system."""

    ref: str
    owner: str | None
    system: str | None


@dataclass(frozen=True, slots=True)
class Subjects:
    """Finds the thing a reference names; None when there is none."""

    find: Callable[[Session, str], SubjectFacts | None]


@dataclass(frozen=True, slots=True)
class Naming:
    """What identity knows of the opaque ids the audit trail keeps.

    `list_names` returns the names of persons that still have one; `find_person` who has exactly
    this account, `find_persons` whose name or e-mail holds a text.
    """

    list_names: Callable[[Session, Sequence[str]], Mapping[str, str]]
    find_person: Callable[[Session, str], str | None]
    find_persons: Callable[[Session, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class ChangeProposals:
    """Where a form of the catalog hands changes that are to be proposed to a file of a source.

    `endpoint` takes kind, namespace and name; it is posted `changes`, a JSON list as the API takes
    it, and `version`. `is_offered` says for which sources that is done.
    """

    endpoint: str
    is_offered: Callable[[Session, str], bool]


@dataclass(frozen=True, slots=True)
class Claim:
    """A file that defines an entity as well, which somebody else holds; `url` shows the file.

    It is not read by itself where `is_read` is false, so it cannot take over.
    """

    source: str
    file: str
    line: int
    url: str = ""
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Claims:
    """Finds the file that would take an entity; `endpoint` lets it, for kind, namespace, name."""

    find: Callable[[Session, str], Claim | None]
    endpoint: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The company's own words, added to the shipped synonyms: word → meaning."""

    type_classes: Mapping[str, str] = field(default_factory=dict)
    lifecycle_stages: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contributions:
    """Everything that plugs in, for web, command line and worker alike.

    `entity_pages` maps a kind to the endpoint of its own page, where it has one; `group_teams`
    maps each identity provider's groups to teams, `provider_rules` each provider to what its word
    is worth, a value of identity's own; `permissions` are those that services ask for, beside the
    labels of views. Each of `followers` moves what a feature keeps by an entity's old name to its
    new one, in the unit of a rename.
    """

    nav: tuple[NavItem, ...] = ()
    panels: tuple[EntityPanel, ...] = ()
    marks: tuple[Mark, ...] = ()
    notices: tuple[Notice, ...] = ()
    entity_pages: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[NeedsYou, ...] = ()
    open_work: tuple[OpenWork, ...] = ()
    source_links: tuple[SourceLinks, ...] = ()
    people: tuple[People, ...] = ()
    naming: tuple[Naming, ...] = ()
    subjects: tuple[Subjects, ...] = ()
    followers: tuple[Callable[[Session, str, str, datetime], None], ...] = ()
    proposals: tuple[ChangeProposals, ...] = ()
    claims: tuple[Claims, ...] = ()
    permissions: tuple[str, ...] = ()
    group_teams: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    provider_rules: Mapping[str, Any] = field(default_factory=dict)
    consumers: tuple[Consumer, ...] = ()
    periodic: tuple[PeriodicJob, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @property
    def mark_names(self) -> tuple[str, ...]:
        """Return the names of all marks."""
        return tuple(mark.name for mark in self.marks)


NONE = Contributions()


def get_contributions(session: Session) -> Contributions:
    """Return what the factory hung on this session; none in a bare test."""
    found = session.info.get("contributions", NONE)
    if not isinstance(found, Contributions):
        raise TypeError("session.info['contributions'] holds something else")
    return found
