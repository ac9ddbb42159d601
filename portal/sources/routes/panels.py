"""What sources add to the pages of entities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from portal.sources.queries.files import find_beside, find_readme
from portal.web.markdown import render_markdown

if TYPE_CHECKING:
    from portal.infra.contributions import PanelSubject
    from portal.web.unit import Session


def badge_readme(session: Session, subject: PanelSubject) -> str | None:
    """Return nothing beside the tab where there is a README, None where there is none."""
    beside = find_beside(session, subject.ref, subject.source, subject.file)
    return "" if beside.has_readme else None


def render_readme(session: Session, subject: PanelSubject) -> str:
    """Return the README beside an entity's file, with where and when it was read."""
    readme = find_readme(session, subject.source, subject.file)
    if readme is None:
        return ""
    return render_template("sources/_readme.html", readme=readme, html=render_markdown(readme.text))
