"""`portal demo`: an invented company to look at."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from portal.auth.core import CLI
from portal.demo.flows import load_demo, remove_demo, write_company
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder


@click.group("demo")
def demo() -> None:
    """Load, remove or generate invented companies."""


@demo.command("load")
@click.pass_context
def load(context: click.Context) -> None:
    """Load the demo company."""
    outcome = load_demo(context.obj.open_database())
    click.echo(f"The demo company is loaded: {outcome.created} new, {outcome.unchanged} unchanged.")


@demo.command("remove")
@click.pass_context
def remove(context: click.Context) -> None:
    """Remove the demo company."""
    outcome = remove_demo(context.obj.open_database())
    click.echo(f"The demo company is gone: {outcome.removed} entities removed.")


@demo.command("generate")
@click.option("--entities", default=1000, type=click.IntRange(1, 1_000_000), show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write files here instead of loading them.",
)
@click.pass_context
def generate(context: click.Context, entities: int, seed: int, output: Path | None) -> None:
    """Invent a company of any size and load it as source `generated`."""
    if output is not None:
        files = write_company(output, entities, seed)
        click.echo(f"{entities} descriptors are in {files} files under {output}.")
        return
    with tempfile.TemporaryDirectory() as folder:
        write_company(Path(folder), entities, seed)
        outcome = Ingest(context.obj.open_database(), CLI, "generated", remove=True).run(
            [Folder.open(folder)]
        )
    click.echo(f"{outcome.created} new, {outcome.updated} changed, {outcome.removed} removed.")
