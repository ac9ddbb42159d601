"""Jinja for the whole portal: strict, escaping, with the `ui` macros as one global."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import current_app, render_template, request, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError

from portal.infra.clock import utc_now
from portal.infra.contributions import NoticeLine, get_contributions
from portal.web.htmx import current_request
from portal.web.unit import get_session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from flask import Flask

    from portal.infra.contributions import NavItem

STEPS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (float("inf"), 86_400, "d"))


def say_age(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, in one unit, such as `4 min ago`."""
    seconds = max(0, int((now - moment).total_seconds()))
    if seconds < 5:  # noqa: PLR2004 the number says it best here
        return "just now"
    limit, size, unit = next(step for step in STEPS if seconds < step[0])
    del limit
    return f"{seconds // size} {unit} ago"


def when(moment: datetime | None) -> Markup:
    """Return a `<time>` that reads as an age and shows the exact time on hover."""
    if moment is None:
        return Markup("never")
    exact = moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), exact, say_age(moment, utc_now())
    )


def number(value: int) -> str:
    """Return an integer with thousands separated."""
    return f"{value:,}"


def plural(count: int, one: str, many: str) -> str:
    """Return the word that fits `count`."""
    return one if count == 1 else many


def set_up_jinja(app: Flask) -> None:
    """Make templates strict; before anything else looks at the environment, which fixes it."""
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


def install_templating(
    app: Flask, nav: Sequence[NavItem], asset: Callable[[str], str], version: str
) -> None:
    """Set up the environment: filters, globals and every macro under templates/ui."""
    env = app.jinja_env
    env.filters.update(when=when, number=number, plural=plural)
    env.globals.update(wants_fragment=lambda: current_request().wants_fragment)
    env.globals.update(asset=asset, product="Plumbline", version=version)
    env.globals["ui"] = ui = SimpleNamespace()
    for name in sorted(env.list_templates(filter_func=lambda n: n.startswith("ui/"))):
        for macro, value in vars(env.get_template(name).module).items():
            if not macro.startswith("_"):
                setattr(ui, macro, value)
    entries = tuple(sorted(nav, key=lambda item: item.order))
    app.context_processor(lambda: {"nav": _list_nav(entries), "notices": _read_notices})


def _read_notices() -> list[NoticeLine]:
    """Return the lines above the page; none when the database cannot say."""
    try:
        session = get_session()
        found = [notice.read(session) for notice in get_contributions(session).notices]
    except SQLAlchemyError:
        return []
    return [line for line in found if line]


def _list_nav(entries: Sequence[NavItem]) -> list[dict[str, Any]]:
    """Return the top bar; an endpoint without an entry of its own lights its feature's first."""
    endpoint = request.endpoint or ""
    named = {item.endpoint for item in entries}
    feature = endpoint.partition(".")[0]
    active = (
        endpoint
        if endpoint in named
        else next(
            (item.endpoint for item in entries if item.endpoint.partition(".")[0] == feature), ""
        )
    )
    return [
        {
            "label": item.label,
            "url": url_for(item.endpoint),
            "active": item.endpoint == active,
            "permission": item.permission,
            "is_personal": item.is_personal,
            "is_quiet": item.is_quiet,
        }
        for item in entries
    ]


def render(template: str, fragment: str | None = None, **values: Any) -> str:
    """Render a page, or only its block `fragment` when htmx asks for that part."""
    if fragment is None or not current_request().wants_fragment:
        return render_template(template, **values)
    current_app.update_template_context(values)
    page = current_app.jinja_env.get_template(template)
    context = page.new_context(values)
    return "".join(page.blocks[fragment](context))
