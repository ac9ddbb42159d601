"""The `portal` command."""

from __future__ import annotations

import sys

import click

from portal.errors import PortalError
from portal.sources.cli import catalog


@click.group()
@click.version_option(package_name="plumbline", prog_name="portal")
def portal() -> None:
    """Plumbline, an internal developer portal."""


portal.add_command(catalog)


def main() -> None:
    """Run the command; an expected error is one line and exit code 1, never a traceback."""
    try:
        portal()
    except PortalError as error:
        click.echo(f"portal: {error.detail} {error.fix}".rstrip(), err=True)
        sys.exit(1)
