"""Link templates, and the links they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.catalog.core.link_templates import LinkTemplate, MadeLink, make_links
from portal.catalog.models import Entity, LinkTemplateRow
from portal.catalog.queries.columns import get_revision
from portal.errors import NotFound
from portal.infra.cache import get_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

SAMPLES, TRIED = 3, 200
KINDS_TRIED = ("component", "resource", "api", "system", "domain", "group")
# Built once: putting a statement together takes longer than this takes to run.
ALL = select(LinkTemplateRow).order_by(LinkTemplateRow.id)


def list_templates(session: Session) -> Sequence[LinkTemplateRow]:
    """Return all templates in the order they were made."""
    return session.scalars(ALL).all()


def get_template(session: Session, template_id: int) -> LinkTemplateRow:
    """Return a template; raises NotFound."""
    found = session.get(LinkTemplateRow, template_id)
    if found is None:
        raise NotFound("There is no such template.", fix="Somebody may have removed it already.")
    return found


def read_template(row: LinkTemplateRow) -> LinkTemplate:
    """Return the template a row holds."""
    return LinkTemplate(row.title, row.url, tuple(row.applies_to), tuple(row.environments))


@dataclass(frozen=True, slots=True)
class HeldTemplates:
    """All templates as of a revision of the catalog, which grows when they change too."""

    revision: int
    templates: tuple[LinkTemplate, ...]


def list_links(session: Session, document: Any, entity_class: str | None) -> list[MadeLink]:
    """Return the links an entity gets from templates; no query while the catalog is as it was."""
    revision = get_revision(session)

    def read(held: HeldTemplates | None) -> HeldTemplates:
        if held is not None and held.revision >= revision:
            return held
        rows = list_templates(session)
        return HeldTemplates(revision, tuple(read_template(row) for row in rows))

    found = get_cache(session).renew("catalog.link_templates", HeldTemplates, read)
    return make_links(found.templates, document, entity_class=entity_class)


def try_templates(
    session: Session, templates: Sequence[LinkTemplate]
) -> dict[str, list[tuple[str, MadeLink]]]:
    """Return by title what templates make of the first few entities they have something for."""
    query = (
        select(Entity.ref, Entity.document, Entity.entity_class)
        .where(Entity.kind.in_(KINDS_TRIED))
        .order_by(Entity.sort_name, Entity.id)
        .limit(TRIED)
    )
    found: dict[str, list[tuple[str, MadeLink]]] = {each.title: [] for each in templates}
    for row in session.execute(query):
        for template in templates:
            samples = found[template.title]
            if len(samples) < SAMPLES:
                made = make_links([template], row.document, entity_class=row.entity_class)
                samples.extend((row.ref, link) for link in made[:1])
    return found
