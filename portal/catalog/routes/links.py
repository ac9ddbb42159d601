"""The page of link templates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from flask import flash, redirect, request, url_for

from portal.auth.core import Actor
from portal.catalog.core.link_templates import APPLIES_TO, KEYED, NAMES
from portal.catalog.forms.links import EmptyForm, LinkTemplateForm
from portal.catalog.queries.links import list_templates, read_template, try_templates
from portal.catalog.routes.blueprint import blueprint
from portal.catalog.routes.presenting import say_class
from portal.catalog.service.links import add_template, change_template, remove_template
from portal.errors import Conflict, InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.web.forms import parse_arguments
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_session
from portal.web.visitor import get_actor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

PLACEHOLDERS = (*(f"{{{name}}}" for name in NAMES), *(f"{{{word}:KEY}}" for word in KEYED))


@blueprint.get("/admin/links")
@requires("catalog:link:read")
def links() -> str:
    """Show the templates that give every entity its links, and what they make."""
    return _show()


def _show(problems: tuple[Problem, ...] = (), template_id: int = 0) -> str:
    """Return the page; what was typed stands again in the form of `template_id`, 0 the new one."""
    session = get_session()
    rows = list_templates(session)
    samples = try_templates(session, [read_template(row) for row in rows])
    typed = SimpleNamespace(
        template_id=template_id if problems else -1,
        values=request.form,
        applies_to=request.form.getlist("applies_to"),
        errors={problem.field: problem.message for problem in problems},
    )
    return render(
        "catalog/links.html",
        rows=[SimpleNamespace(row=row, samples=samples[row.title]) for row in rows],
        problems=problems,
        typed=typed,
        choices=[(word, say_class(word)) for word in APPLIES_TO],
        placeholders=PLACEHOLDERS,
    )


@blueprint.post("/admin/links")
@requires("catalog:link:write")
def add_link() -> Response | tuple[str, int]:
    """Add a template."""
    try:
        form = parse_arguments(LinkTemplateForm, request.form)
        add_template(get_session(), get_actor(Actor), form.template, now=utc_now())
    except InvalidInput as error:
        return _show(error.problems), 422
    except Conflict as error:
        return _show((Problem("title", "conflict", error.detail, error.fix),)), 409
    flash(f"Every entry it fits has the link {form.title} now.")
    return redirect(url_for("catalog.links"), 303)


@blueprint.post("/admin/links/<int:template_id>")
@requires("catalog:link:write")
def change_link(template_id: int) -> Response | tuple[str, int]:
    """Change a template."""
    try:
        form = parse_arguments(LinkTemplateForm, request.form)
        change_template(
            get_session(),
            get_actor(Actor),
            template_id,
            template=form.template,
            revision=form.revision,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(error.problems, template_id), 422
    except Conflict as error:
        return _show((Problem("title", "conflict", error.detail, error.fix),)), 409
    flash(f"{form.title} is changed.")
    return redirect(url_for("catalog.links"), 303)


@blueprint.post("/admin/links/<int:template_id>/remove")
@requires("catalog:link:write")
def remove_link(template_id: int) -> Response:
    """Take a template away."""
    parse_arguments(EmptyForm, request.form)
    remove_template(get_session(), get_actor(Actor), template_id, now=utc_now())
    flash("The template is gone, and so are its links.")
    return redirect(url_for("catalog.links"), 303)
