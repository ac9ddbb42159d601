"""The list an empty portal opens on: what to do next and what each step unlocks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import url_for

from portal.catalog.queries.setup import Progress, read_progress
from portal.catalog.routes.blueprint import blueprint
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session

if TYPE_CHECKING:
    from collections.abc import Iterator


@blueprint.get("/setup")
@requires("catalog:entity:read")
def setup() -> str:
    """Show the steps from an empty portal to a useful one, and how far this one is."""
    steps = list(_list_steps(read_progress(get_session())))
    done = sum(step.done for step in steps)
    return render("catalog/setup.html", steps=steps, done=done)


def _list_steps(progress: Progress) -> Iterator[SimpleNamespace]:
    yield SimpleNamespace(
        title="Read the descriptors you have",
        text="Point it at a folder or a clone with catalog-info.yaml files, as they are.",
        command="portal catalog ingest PATH",
        unlocks="The catalog, search, dependency graphs.",
        done=progress.entities > 0,
        state=f"{progress.entities:,} entries",
        url=url_for("catalog.index", view="everything"),
    )
    yield SimpleNamespace(
        title="Add teams and people",
        text="Groups and users from a source you trust for people; owners then lead to a team.",
        command="portal catalog ingest PATH --people",
        unlocks="Team pages, who owns what.",
        done=progress.teams > 0,
        state=f"{progress.teams:,} teams, {progress.people:,} people",
        url=url_for("catalog.index", kind="group"),
    )
    yield SimpleNamespace(
        title="Put right what is wrong",
        text="Broken files, references to nothing, names claimed twice: each with a fix.",
        command="portal catalog check PATH",
        unlocks="Numbers that can be trusted.",
        done=progress.entities > 0 and progress.with_problems == 0,
        state=f"{progress.with_problems:,} entries with problems",
        url=url_for("catalog.problems"),
    )
    yield SimpleNamespace(
        title="Give every component an owner",
        text="Name it under spec.owner. A service nobody owns is nobody's to mend.",
        command="",
        unlocks="Somebody to ask about every service.",
        done=0 < progress.components == progress.owned,
        state=f"{progress.owned:,} of {progress.components:,} components",
        url=url_for("catalog.index", kind="component", owner="-"),
    )
    yield SimpleNamespace(
        title="Say how much each one matters",
        text="Tier 0 to 3 under plumbline.dev/tier; PORTAL_TIER_WORDS maps your own words.",
        command="",
        unlocks="Lists that show the critical ones first.",
        done=0 < progress.components == progress.tiered,
        state=f"{progress.tiered:,} of {progress.components:,} components",
        url=url_for("catalog.index", kind="component", tier="-"),
    )
