"""From the form of an entity to a proposed change: how its file changes, then the proposal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, request, url_for
from pydantic import ValidationError

from portal.auth.core import Actor
from portal.catalog.core.document_fields import MISSING, read_field
from portal.catalog.core.editable import say_pointer
from portal.catalog.forms import make_ref
from portal.catalog.queries.entities import get_entity
from portal.errors import InvalidInput, Problem
from portal.infra.clock import utc_now
from portal.sources.flows.opening import Tools
from portal.sources.flows.proposing import BY_REQUEST, Proposed, propose_change
from portal.sources.forms.proposals import ProposalBody, ProposeForm
from portal.sources.routes.blueprint import blueprint
from portal.web.forms import parse_arguments
from portal.web.highlight import highlight
from portal.web.markers import requires
from portal.web.templating import render
from portal.web.unit import get_database, get_reader, short_unit
from portal.web.visitor import get_actor, get_extension

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from portal.catalog.core.document_fields import Change


@blueprint.post("/catalog/<string:kind>/<string:namespace>/<string:name>/propose")
@requires("catalog:entity:write", by_object=True)
def propose(kind: str, namespace: str, name: str) -> Response | str | tuple[str, int]:
    """Show how the file changes; with `base`, which was shown, propose it."""
    form = parse_arguments(ProposeForm, request.form)
    ref = make_ref(kind, namespace, name)
    changes = _read_changes(form.changes)
    try:
        found = propose_change(
            get_database(),
            get_extension("source_tools", Tools),
            get_actor(Actor),
            ref,
            changes,
            dry_run=not form.base,
            base=form.base,
            record_in=short_unit,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _show(ref, form.changes, changes, problems=error.problems), 422
    if found.proposal is None:
        return _show(ref, form.changes, changes, found=found)
    flash("It is proposed; the file changes once whoever keeps it takes it over.")
    return redirect(url_for("sources.proposal", proposal_id=found.proposal.id), 303)


def _read_changes(text: str) -> list[Change]:
    """Return the changes a form carries along; raises InvalidInput for a form of somebody else."""
    try:
        return ProposalBody.model_validate({"changes": json.loads(text)}).make_changes()
    except (ValueError, RecursionError, ValidationError):
        message = "The form is not one of this page."
        problem = Problem("changes", "form", message, "Open it again from the entity.")
        raise InvalidInput(message, (problem,)) from None


def _show(
    ref: str,
    text: str,
    changes: Sequence[Change],
    *,
    found: Proposed | None = None,
    problems: Sequence[Problem] = (),
) -> str:
    entity = get_entity(get_reader(), ref)
    parts: dict[str, Any] = {
        "kind": entity.kind,
        "namespace": entity.namespace,
        "name": entity.name.lower(),
    }
    preview = found.preview if found else None
    return render(
        "sources/propose.html",
        entity=entity,
        preview=preview,
        difference=highlight(preview.diff, "diff") if preview else "",
        is_by_request=preview is not None and preview.way == BY_REQUEST,
        hidden=[
            say_pointer(change.pointer)
            for change in changes
            if preview
            and read_field(preview.effective, change.pointer)
            != (MISSING if change.is_removal else change.value)
        ],
        problems=problems,
        changes_json=text,
        url=url_for("sources.propose", **parts),
        edit_url=url_for("catalog.edit", **parts),
        back=url_for("catalog.show", **parts),
    )
