"""Reads an organisation: discovers its repositories, then reads those something was pushed to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from portal.infra.clock import utc_now
from portal.sources.core.hosts import FoundRepository, Remembered
from portal.sources.core.removals import RemovalGuard
from portal.sources.core.trees import SourceDown
from portal.sources.flows.opening import HostedRepository, Tools, open_host, read_secrets
from portal.sources.flows.refreshing import (
    JOB,
    REQUEST,
    SCHEDULE,
    Reading,
    make_terms,
    read_if_changed,
    remove_all,
    report_down,
    stamp_version,
)
from portal.sources.queries.sources import (
    Plan,
    count_lasting,
    get_source,
    list_children,
    read_memory,
    read_plan,
)
from portal.sources.service.declaring import remember
from portal.sources.service.repositories import (
    Matched,
    match_repositories,
    note_left_out,
    note_stamp,
)
from portal.sources.service.runs import begin_run, finish_run, note_read, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.infra.db import Database
    from portal.sources.core.hosts import Host

# A host that fails so often in a row is down, or takes no more calls from us.
MOST_FAILURES = 3
SUMMED = (
    "files",
    "documents",
    "refused",
    "skipped",
    "created",
    "updated",
    "unchanged",
    "conflicts",
    "removed",
    "renamed",
)


class OrganisationRun:
    """One run over an organisation; `pause` is asked between repositories and may raise."""

    def __init__(
        self, database: Database, tools: Tools, plan: Plan, *, pause: Callable[[], None]
    ) -> None:
        self._database = database
        self._plan = plan
        self._pause = pause
        self._began = utc_now()
        self._counts: Counter[str] = Counter()
        self._changed = False
        self._failures = 0
        with database.unit(write=False) as session:
            secrets = read_secrets(session, tools.box, plan.id)
            self._remembered = Remembered(read_memory(session, plan.id))
            self._guard = RemovalGuard(count_lasting(session, plan.id), plan.confirmed_removals)
            self._children = {
                child.id: read_plan(child) for child in list_children(session, plan.id)
            }
        self._host: Host = open_host(
            tools, plan.declaration, secrets=secrets, remembered=self._remembered
        )

    def run(self) -> None:
        """Discover unless only some repositories were asked for, read, and note how it went."""
        asked = [child for child in self._children.values() if child.is_requested]
        plan = self._plan
        try:
            if plan.is_requested or not asked:
                self._read_all()
            else:
                self._read_asked(asked)
        except SourceDown as error:
            self._settle()
            report_down(self._database, plan, error, REQUEST if asked else SCHEDULE)
            self._remember(self._remembered.values)
            return
        self._finish(REQUEST if asked else SCHEDULE)

    def _read_all(self) -> None:
        found = self._host.discover()
        discovery = self._plan.declaration.discovery
        reasons = {each.path: why for each in found if (why := discovery.explain(each))}
        taken = [each for each in found if each.path not in reasons]
        with self._database.unit(write=True) as session:
            parent = get_source(session, self._plan.id)
            matched = match_repositories(session, JOB, parent, found=taken, now=utc_now())
            plans = {child.id: read_plan(child) for child in list_children(session, parent.id)}
            note_left_out(session, JOB, parent.id, reasons=reasons)
        self._counts.update(repositories=len(taken), left_out=len(found) - len(taken))
        self._counts.update(new_repositories=matched.new)
        self._remove_gone(matched, plans)
        for number, each in matched.present:
            if self._is_due(plans[number], each):
                self._read(plans[number], each)

    def _is_due(self, child: Plan, found: FoundRepository) -> bool:
        """Whether a repository has to be asked: something was pushed, or read in another way."""
        if child.is_requested or child.stamp != found.stamp[:200]:
            return True
        # One without a commit has no version; only a push can give it something to read.
        salt = stamp_version(self._database, child, "")
        return bool(child.version) and not child.version.endswith(salt)

    def _read_asked(self, asked: list[Plan]) -> None:
        """Read what somebody asked for; a discovery in between would cost more than it tells."""
        for child in asked:
            declaration = child.declaration
            found = FoundRepository(
                child.external_id or "", declaration.address, declaration.branch, child.stamp, ""
            )
            self._read(child, found)

    def _read(self, child: Plan, found: FoundRepository) -> None:
        self._pause()
        reason = REQUEST if child.is_requested else SCHEDULE
        reading = Reading(child, self._guard, reason, self._pause, settles=False)
        try:
            ingest = read_if_changed(self._database, HostedRepository(self._host, found), reading)
        except SourceDown as error:
            report_down(self._database, child, error, reason)
            self._counts["failed"] += 1
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise
            return
        self._failures = 0
        with self._database.unit(write=True) as session:
            note_stamp(session, JOB, child.id, found.stamp)
        if ingest is None:
            self._counts["unmoved"] += 1
            return
        self._counts["read"] += 1
        self._add(ingest.outcome.as_json())
        self._changed = self._changed or ingest.changed

    def _remove_gone(self, matched: Matched, plans: dict[int, Plan]) -> None:
        with self._database.unit(write=False) as session:
            self._guard.expect(sum(count_lasting(session, number) for number in matched.gone))
        for number in matched.gone:
            self._pause()
            reading = Reading(plans[number], self._guard, SCHEDULE, self._pause, settles=False)
            if remove_all(self._database, plans[number], make_terms(reading, "")):
                self._counts["gone_repositories"] += 1
                self._changed = True

    def _add(self, outcome: dict[str, Any]) -> None:
        self._counts.update({name: outcome[name] for name in SUMMED})

    def _settle(self) -> None:
        if self._changed:
            with self._database.unit(write=True) as session:
                settle(session, JOB, now=utc_now())
            self._changed = False

    def _finish(self, reason: str) -> None:
        self._settle()
        budget = self._host.budget
        counts: dict[str, Any] = {
            **dict.fromkeys(SUMMED, 0),
            **self._counts,
            "calls": budget.used,
            "calls_not_modified": budget.not_modified,
            "calls_left": budget.left,
            "calls_most": budget.most,
            "calls_reset_at": budget.resets_at,
        }
        plan = self._plan
        with self._database.unit(write=True) as session:
            # What was held before and not looked at today waits as well.
            waiting = [child for child in list_children(session, plan.id) if child.held]
            counts["held"] = sum(child.held for child in waiting)
            counts["held_because"] = next((child.held_because for child in waiting), "")
            _, run = begin_run(session, JOB, plan.name, reason=reason, version="", now=self._began)
            finish_run(session, JOB, plan.id, run_id=run.id, counts=counts, now=utc_now())
            note_read(
                session,
                JOB,
                plan.id,
                version="",
                served=plan.requests,
                file_url=None,
                now=utc_now(),
            )
        # Pages that were not asked for are forgotten, unless nothing was discovered at all.
        is_whole = "repositories" in self._counts
        self._remember(self._remembered.list_used() if is_whole else self._remembered.values)

    def _remember(self, values: dict[str, Any]) -> None:
        with self._database.unit(write=True) as session:
            remember(session, self._plan.id, values)
