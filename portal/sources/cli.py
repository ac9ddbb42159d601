"""`portal catalog check`: judge descriptor files before anyone relies on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from portal.errors import PortalError
from portal.sources.core.verdicts import ERROR, SKIPPED, Verdict
from portal.sources.flows.checking import Summary, check_folders
from portal.sources.providers.folder import Folder

if TYPE_CHECKING:
    from portal.catalog.core.findings import Finding


@click.group("catalog")
def catalog() -> None:
    """Check catalog descriptors."""


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
