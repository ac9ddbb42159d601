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
class EntityPanel:
    """A tab of the entity page; `endpoint` takes kind, namespace and name."""

    title: str
    endpoint: str
    order: int


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
    """Everything that plugs in, for web, command line and worker alike."""

    nav: tuple[NavItem, ...] = ()
    panels: tuple[EntityPanel, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    periodic: tuple[PeriodicJob, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)


NONE = Contributions()


def get_contributions(session: Session) -> Contributions:
    """Return what the factory hung on this session; none in a bare test."""
    found = session.info.get("contributions", NONE)
    if not isinstance(found, Contributions):
        raise TypeError("session.info['contributions'] holds something else")
    return found
