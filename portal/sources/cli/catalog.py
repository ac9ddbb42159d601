"""`portal catalog`: check descriptor files, ingest them, undo removals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from portal.auth.core import CLI
from portal.errors import NotFound, PortalError
from portal.infra.clock import utc_now
from portal.sources.core.verdict import ERROR, OK, SKIPPED, Verdict
from portal.sources.flows.checking import Summary, check_folders
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from portal.sources.queries.sources import find_source
from portal.sources.service.removals import undo_removals
from portal.sources.service.trust import set_trust

if TYPE_CHECKING:
    from portal.catalog.core.findings import Finding
    from portal.sources.flows.terms import Outcome


@click.group("catalog")
def catalog() -> None:
    """Check and ingest catalog descriptors."""


@catalog.command("check")
@click.argument("paths", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print verdicts as one JSON object.")
def check(paths: tuple[str, ...], *, as_json: bool) -> None:
    """Judge every document in files and folders; needs no database.

    Exits 0 when all is well, 1 with errors, 2 when a path cannot be used.
    """
    try:
        folders = [(path, Folder.open(path)) for path in paths]
    except PortalError as error:
        raise click.UsageError(f"{error.detail} {error.fix}".strip()) from None
    summary = Summary()
    collected = []
    for verdict in check_folders(folders):
        summary.count(verdict)
        if as_json:
            collected.append(verdict.as_json())
        else:
            _print(verdict)
    if as_json:
        document = {"documents": collected, "summary": summary.as_json()}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        _print_summary(summary)
    raise SystemExit(1 if summary.documents[ERROR] else 0)


def _print(verdict: Verdict) -> None:
    place = f"{verdict.file}:{verdict.line}"
    if verdict.status == SKIPPED:
        click.echo(f"{place}  skipped: {verdict.reason}")
    elif verdict.status == OK and verdict.product:
        click.echo(f"{place}  {verdict.reason}: {verdict.ref}")
    for finding in verdict.errors:
        _print_finding(verdict, "error", finding)
    for finding in verdict.warnings:
        _print_finding(verdict, "warning", finding)


def _print_finding(verdict: Verdict, word: str, finding: Finding) -> None:
    line = finding.line or verdict.line
    click.echo(f"{verdict.file}:{line}  {word}: {finding.message} {finding.fix}".rstrip())


def _print_summary(summary: Summary) -> None:
    counts = summary.as_json()
    click.echo(
        f"{counts['documents']} documents in {counts['files']} files: {counts['ok']} ok, "
        f"{counts['error']} with errors, {counts['skipped']} skipped, {counts['warnings']} warnings"
    )


@catalog.command("ingest")
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", help="Name of the source; default: the path.")
@click.option("--people", is_flag=True, help="Trust this source for who belongs to which team.")
@click.option("--remove", is_flag=True, help="Carry out removals that an undo holds back.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_context
def ingest(
    context: click.Context,
    paths: tuple[str, ...],
    source: str | None,
    *,
    people: bool,
    remove: bool,
    as_json: bool,
) -> None:
    """Read descriptors from files and folders into the catalog.

    Exits 0 when everything was read, 1 when documents were refused, 2 when a path cannot be used.
    """
    try:
        folders = {path: Folder.open(path) for path in paths}
    except PortalError as error:
        raise click.UsageError(f"{error.detail} {error.fix}".strip()) from None
    groups = {source: list(folders.values())} if source else {p: [f] for p, f in folders.items()}
    database = context.obj.open_database()
    outcomes = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name, group in groups.items():
            task = progress.add_task(f"Reading {name}", total=None)
            run = Ingest(
                database,
                CLI,
                name[:200],
                people=people,
                remove=remove,
                on_file=lambda _, task=task: progress.advance(task),  # type: ignore[misc]
            )
            outcomes.append(run.run(group))
    if as_json:
        click.echo(json.dumps({"sources": [outcome.as_json() for outcome in outcomes]}))
    else:
        for outcome in outcomes:
            _print_outcome(outcome)
    raise SystemExit(1 if any(outcome.refused or outcome.conflicts for outcome in outcomes) else 0)


def _print_outcome(outcome: Outcome) -> None:
    click.echo(
        f"{outcome.source}: {outcome.documents} documents in {outcome.files} files: "
        f"{outcome.created} new, {outcome.updated} changed, {outcome.unchanged} unchanged, "
        f"{outcome.renamed} renamed, {outcome.removed} removed, {outcome.refused} refused, "
        f"{outcome.skipped} skipped, "
        f"{outcome.conflicts} conflicts."
    )
    if outcome.held:
        click.echo(f"{outcome.held} removals are held: {outcome.held_because}.")
    if outcome.refused or outcome.conflicts:
        click.echo("See what is wrong on the Problems page, or with `portal catalog check`.")


@catalog.command("undo")
@click.option("--source", help="Only this source; default: whichever removed last.")
@click.pass_context
def undo(context: click.Context, source: str | None) -> None:
    """Bring back what the last removal took, and hold further removals of that source."""
    with context.obj.open_database().unit(write=True) as session:
        refs = undo_removals(session, CLI, source, now=utc_now())
    click.echo(f"{len(refs)} entities are back.")


@catalog.command("distrust")
@click.argument("name")
@click.pass_context
def distrust(context: click.Context, name: str) -> None:
    """Take back that the source NAME is trusted for who belongs to which team."""
    with context.obj.open_database().unit(write=True) as session:
        source = find_source(session, name)
        if source is None:
            raise NotFound(f"There is no source called {name}.")
        changed = set_trust(session, CLI, source, people=False, now=utc_now())
    click.echo(f"{name} {'grants' if changed else 'granted'} nothing{' any more' * changed}.")
