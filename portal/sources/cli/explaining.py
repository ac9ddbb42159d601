"""`portal catalog explain`: why something is in the catalog or is not."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portal.errors import PortalError
from portal.infra.clock import utc_now
from portal.sources.core.asked import REFERENCE, Asked
from portal.sources.core.explained import HERE, OK
from portal.sources.core.explaining_local import explain_local
from portal.sources.flows.checking import check_folders
from portal.sources.providers.folder import Folder
from portal.sources.queries.explaining import explain_text, read_known

if TYPE_CHECKING:
    from portal.sources.core.explained import Explanation
    from portal.web.unit import Session

ANSWERS = {
    "here": "It is here.",
    "partly": "Partly here.",
    "not_here": "Not here.",
    "unknown": "Not known.",
}
WORDS = {"ok": "in order", "stopped": "STOPS HERE", "unknown": "note"}


@click.command("explain")
@click.argument("text", metavar="URL|PATH|REF")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as one JSON object.")
@click.pass_context
def explain(context: click.Context, text: str, *, as_json: bool) -> None:
    """Tell why something is in the catalog or is not.

    A file that is on this machine is judged right here, as `portal catalog check` does. Exits 0
    when all of it is in the catalog, 1 when not, 2 when a path cannot be used.
    """
    undo = timedelta(hours=context.obj.undo_hours())
    with context.obj.open_database().unit(write=False) as session:
        if Path(text).is_file():
            found = _explain_file(session, text, undo)
        else:
            found = explain_text(session, text, now=utc_now(), undo=undo)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        _print(found)
    raise SystemExit(0 if found.answer == HERE else 1)


def _explain_file(session: Session, path: str, undo: timedelta) -> Explanation:
    try:
        verdicts = list(check_folders([(path, Folder.open(path))]))
    except PortalError as error:
        raise click.UsageError(f"{error.detail} {error.fix}".strip()) from None
    refs = tuple(verdict.ref for verdict in verdicts if verdict.ref)
    known = read_known(session, Asked(path, REFERENCE, refs=refs), now=utc_now(), undo=undo)
    return explain_local(path, str(Path(path).resolve()), verdicts, known)


def _print(found: Explanation) -> None:
    click.echo(f"{ANSWERS[found.answer]} {found.headline}")
    for number, step in enumerate(found.steps, 1):
        click.echo(f"{number:>3}. {WORDS[step.status]:<10}  {step.words}")
        if step.fix and step.status != OK:
            click.echo(f"{'':17}> {step.fix}")
    if found.nearest:
        click.echo(f"Spelt alike: {', '.join(found.nearest)}")
