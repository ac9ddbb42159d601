"""What features hand down to the floors below: small values, gathered by the factory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the top bar; `endpoint` is a Flask endpoint without parameters."""

    label: str
    endpoint: str
    order: int


@dataclass(frozen=True, slots=True)
class PanelSubject:
    """The entity a page is about: canonical reference, kind, the source and file it was read in."""

    ref: str
    kind: str
    source: str
    file: str


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
class Consumer:
    """Does the work of one topic: `run(session, subject, now)` in a unit of its own."""

    topic: str
    name: str
    run: Callable[[Session, str, datetime], None]


@dataclass(frozen=True, slots=True)
class PeriodicJob:
    """Publishes one row of work per slot of `every_seconds`; its consumer has the same name."""

    name: str
    every_seconds: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The company's own words, added to the shipped synonyms: word → meaning."""

    type_classes: Mapping[str, str] = field(default_factory=dict)
    lifecycle_stages: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contributions:
    """Everything that plugs in, for web, command line and worker alike.

    `entity_pages` maps a kind to the endpoint of its own page, where it has one.
    """

    nav: tuple[NavItem, ...] = ()
    panels: tuple[EntityPanel, ...] = ()
    marks: tuple[Mark, ...] = ()
    notices: tuple[Notice, ...] = ()
    entity_pages: Mapping[str, str] = field(default_factory=dict)
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
