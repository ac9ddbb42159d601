"""Sources as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from portal.sources.core.declarations import COMMAND, HOSTS, TITLES, Declaration
from portal.sources.core.policies import ANY, EVERY_KIND
from portal.sources.core.state import COMMANDED, FAILING, FRESH, HELD, PAUSED, WAITING, find_state

if TYPE_CHECKING:
    from portal.sources.models import Source, SourceRun
    from portal.sources.queries.sources import Totals

GOING = "being_removed"
STATES = {
    FRESH: ("fresh", "ok", "check"),
    FAILING: ("failing", "bad", "circle-alert"),
    HELD: ("removals held", "warn", "shield-alert"),
    WAITING: ("not read yet", "", "hourglass"),
    PAUSED: ("paused", "", "pause"),
    COMMANDED: ("read by command", "", "terminal"),
    GOING: ("being removed", "warn", "trash-2"),
}
REASONS = {"command": "a command", "schedule": "its schedule", "request": "somebody asked"}
OUTCOMES = {
    "done": ("done", "ok", "check"),
    "failed": ("failed", "bad", "circle-alert"),
    "cut_short": ("cut short", "warn", "circle-alert"),
    "": ("under way", "accent", "loader-circle"),
}
COUNTED = ("created", "updated", "renamed", "removed", "unchanged", "refused", "conflicts", "held")
WORDS = {"created": "new", "updated": "changed", "refused": "refused", "held": "held back"}
SECONDS_OF_MINUTE = 60
MINUTES_OF_HOUR, HOURS_OF_DAY = 60, 24


def present_state(source: Source, totals: Totals, *, now: datetime) -> SimpleNamespace:
    """Return how a source is: a word, its tone, its icon. An organisation holds what its do."""
    name = find_state(source)
    if is_being_removed(source, now=now):
        name = GOING
    elif name in (FRESH, COMMANDED) and totals.held:
        name = HELD
    word, tone, icon = STATES[name]
    return SimpleNamespace(name=name, word=word, tone=tone, icon=icon)


def is_being_removed(source: Source, *, now: datetime) -> bool:
    """Whether a source waits for a worker to take it away."""
    return source.expires_at is not None and source.expires_at <= now


def say_kind(kind: str) -> str:
    """Return a kind in words."""
    return TITLES.get(kind, kind)


def say_place(source: Source) -> str:
    """Return where a source is, in short."""
    if source.kind == COMMAND:
        return ""
    declared = Declaration.read(source.declaration)
    return declared.organisation if source.kind in HOSTS else declared.address


def say_seconds(run: SourceRun | None) -> str:
    """Return how long a run took; nothing while it goes on, nor of attempts that failed alike."""
    if run is None or run.finished_at is None or run.outcome == "failed":
        return ""
    seconds = (run.finished_at - run.started_at).total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < SECONDS_OF_MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), SECONDS_OF_MINUTE)
    return f"{minutes} min {rest} s"


def say_until(moment: datetime | None, now: datetime) -> str:
    """Return how far off a moment is, such as `in 4 min`."""
    if moment is None:
        return ""
    minutes = int((moment - now).total_seconds() / 60 + 0.5)
    if minutes < 1:
        return "in less than a minute" if moment > now else "as soon as a worker is free"
    if minutes < MINUTES_OF_HOUR:
        return f"in {minutes} min"
    hours = round(minutes / MINUTES_OF_HOUR)
    return f"in {hours} h" if hours < 2 * HOURS_OF_DAY else f"in {round(hours / HOURS_OF_DAY)} d"


def say_every(minutes: int | None) -> str:
    """Return a schedule in words."""
    if minutes is None:
        return "Only when somebody or a webhook asks"
    if minutes % MINUTES_OF_HOUR:
        return f"Every {minutes} min"
    hours = minutes // MINUTES_OF_HOUR
    return "Every hour" if hours == 1 else f"Every {hours} h"


def say_policy(declaration: Declaration) -> list[str]:
    """Return what a source may define, a sentence each."""
    policy = declaration.policy
    whole = set(policy.kinds) == set(EVERY_KIND)
    found = ["Every kind" if whole else f"Only {', '.join(policy.kinds)}"]
    found.append(
        "in every namespace"
        if policy.namespaces == ANY
        else f"only in {', '.join(policy.namespaces)}"
    )
    if policy.refs != ANY:
        found.append(f"only what fits {', '.join(policy.refs)}")
    return found


def say_discovery(declaration: Declaration) -> list[str]:
    """Return which repositories of an organisation are read, a line each."""
    chosen = declaration.discovery
    found = [f"Named {', '.join(chosen.include)}" if chosen.include != ANY else "All of them"]
    if chosen.exclude:
        found.append(f"but not {', '.join(chosen.exclude)}")
    if chosen.topics:
        found.append(f"with a topic of {', '.join(chosen.topics)}")
    left = [
        word
        for word, taken in (("archived", chosen.archived), ("forked", chosen.forks))
        if not taken
    ]
    return [*found, f"none that is {' or '.join(left)}"] if left else found


def make_file_link(file_url: str, path: str, line: int | None) -> str | None:
    """Return the address of a line at its host, None where the host is not known."""
    if not file_url.startswith(("https://", "http://")):
        return None
    return f"{file_url}{quote(path)}" + (f"#L{line}" if line else "")


def present_run(run: SourceRun, *, is_going: bool) -> SimpleNamespace:
    """Return a run as a line of its table; one nobody goes on with was cut short."""
    is_cut = not run.outcome and not is_going
    word, tone, icon = OUTCOMES["cut_short" if is_cut else run.outcome]
    counts = run.counts or {}
    said = [f"{counts[name]:,} {WORDS.get(name, name)}" for name in COUNTED if counts.get(name)]
    if counts.get("repositories") is not None:
        said.insert(0, f"{counts.get('read', 0):,} of {counts['repositories']:,} repositories read")
    if counts.get("failed"):
        said.append(f"{counts['failed']:,} repositories failed")
    return SimpleNamespace(
        id=run.id,
        started_at=run.started_at,
        tried_at=run.finished_at if run.outcome == "failed" else None,
        took=say_seconds(run),
        reason=REASONS.get(run.reason, run.reason),
        outcome=SimpleNamespace(word=word, tone=tone, icon=icon),
        failure=run.failure,
        fix=run.failure_fix,
        counts=said,
        held_because=counts.get("held_because", ""),
        version=run.version[:12],
    )


def present_budget(run: SourceRun | None) -> SimpleNamespace | None:
    """Return what a host was asked in the last run, and how many calls it still takes."""
    counts: dict[str, Any] = (run.counts if run else None) or {}
    if "calls" not in counts:
        return None
    resets = counts.get("calls_reset_at")
    return SimpleNamespace(
        calls=counts["calls"],
        not_modified=counts.get("calls_not_modified") or 0,
        left=counts.get("calls_left"),
        most=counts.get("calls_most"),
        resets_at=None if resets is None else datetime.fromtimestamp(resets, UTC),
    )
