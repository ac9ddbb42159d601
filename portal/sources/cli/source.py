"""`portal source`: declare sources, look at them, have them read."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from portal.auth.core import CLI
from portal.errors import InvalidInput, NotFound
from portal.infra.clock import utc_now
from portal.sources.core.declarations import KINDS
from portal.sources.core.state import find_state
from portal.sources.forms import NewSourceBody
from portal.sources.queries.sources import (
    count_totals,
    find_last_runs,
    find_source,
    list_top,
)
from portal.sources.service.declaring import (
    confirm_removals,
    declare_source,
    pause_source,
    remove_source,
)
from portal.sources.service.requests import refresh_source

if TYPE_CHECKING:
    from portal.sources.models import Source
    from portal.web.unit import Session

LISTS = ("patterns", "include", "exclude", "topics", "kinds", "namespaces", "refs")
WAIT_SECONDS = 600.0
PICKED_UP_SECONDS = 30.0


@click.group("source")
def source() -> None:
    """Declare the places the catalog is read from, and look after them."""


@source.command("add")
@click.argument("name")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("address", required=False, default="")
@click.option("--branch", default="", help="Branch or tag; default: what HEAD names.")
@click.option("--organisation", default="", help="GitHub organisation or GitLab group.")
@click.option("--pattern", "patterns", multiple=True, help="Which files; repeatable.")
@click.option("--include", multiple=True, help="Which repositories; repeatable.")
@click.option("--exclude", multiple=True, help="Which repositories not; repeatable.")
@click.option("--topic", "topics", multiple=True, help="Only repositories with such a topic.")
@click.option("--kind", "kinds", multiple=True, help="Kinds it may define; repeatable.")
@click.option("--namespace", "namespaces", multiple=True, help="Namespaces it may define in.")
@click.option("--ref", "refs", multiple=True, help="Patterns of references it may define.")
@click.option("--every", "every_minutes", type=int, help="Minutes between two runs.")
@click.option("--by-hand", is_flag=True, help="Read it only when asked.")
@click.option("--lifetime", "lifetime_hours", type=int, help="Hours; makes it ephemeral.")
@click.option("--user", default="", help="User name for https or ssh.")
@click.option("--host-key", default="", help="Key or fingerprint of the ssh server.")
@click.option("--app-id", default="", help="Number of a GitHub App.")
@click.option("--installation-id", default="", help="Number of the App's installation.")
@click.option("--token-file", type=click.File(), help="File with a token; - for standard input.")
@click.option("--password-file", type=click.File(), help="File with a password.")
@click.option("--private-key-file", type=click.File(), help="File with an ssh key.")
@click.option("--app-key-file", type=click.File(), help="File with the key of a GitHub App.")
@click.option("--webhook-file", type=click.File(), help="File with the webhooks' secret.")
@click.pass_context
def add(context: click.Context, /, **options: Any) -> None:
    """Declare the source NAME of KIND at ADDRESS; it is read as soon as a worker is free.

    Secrets come from files only: what is typed on a command line is seen by others.
    """
    secrets = {
        name: file.read()
        for name in ("token", "password", "private_key", "app_key", "webhook")
        if (file := options.pop(f"{name}_file")) is not None
    }
    given = {name: value for name, value in options.items() if value not in ("", None, (), False)}
    try:
        body = NewSourceBody.model_validate({**given, **secrets})
    except ValidationError as error:
        raise click.UsageError(_explain(error)) from None
    tools = context.obj
    try:
        declaration = body.make_declaration(tools.source_folders())
    except InvalidInput as error:
        raise click.UsageError(
            " ".join(f"{problem.message} {problem.fix}".strip() for problem in error.problems)
        ) from None
    with tools.open_database().unit(write=True) as session:
        made = declare_source(
            session,
            CLI,
            body.name,
            declaration=declaration,
            box=tools.secret_box(),
            secrets=body.list_secrets(),
            now=utc_now(),
        )
        click.echo(f"{made.name} is declared; it is read as soon as a worker is free.")


def _explain(error: ValidationError) -> str:
    found = error.errors()[0]
    name = ".".join(str(part) for part in found["loc"])
    return f"{name}: {str(found['msg']).removeprefix('Value error, ')}"


@source.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def list_command(context: click.Context, *, as_json: bool) -> None:
    """List all sources with their state and counts."""
    with context.obj.open_database().unit(write=False) as session:
        top, totals = list_top(session), count_totals(session)
        rows = [
            {
                "id": each.id,
                "name": each.name,
                "kind": each.kind,
                "state": find_state(each),
                "failure": each.failure,
                **(totals[each.id].as_json() if each.id in totals else {}),
            }
            for each in top
        ]
    if as_json:
        click.echo(json.dumps({"sources": rows}))
        return
    for row in rows:
        failure = f"  {row['failure']}" if row["failure"] else ""
        click.echo(
            f"{row['name']}  {row['kind']}  {row['state']}  "
            f"{row.get('entities', 0)} entities{failure}"
        )


@source.command("refresh")
@click.argument("name")
@click.option("--no-wait", is_flag=True, help="Only ask for it.")
@click.pass_context
def refresh(context: click.Context, name: str, *, no_wait: bool) -> None:
    """Have a source read now, and say how it went. Exits 1 when it could not be read."""
    database = context.obj.open_database()
    with database.unit(write=True) as session:
        found = _get(session, name)
        number, asked = found.id, refresh_source(session, CLI, found.id, now=utc_now()).requests
    if no_wait:
        click.echo(f"{name} is asked for.")
        return
    began = time.monotonic()
    while time.monotonic() - began < WAIT_SECONDS:
        time.sleep(0.3)
        with database.unit(write=False) as session:
            now_at = _get(session, name)
            run = find_last_runs(session, [number]).get(number)
            if now_at.served >= asked and run is not None:
                click.echo(_say(name, run.counts or {}))
                return
            if now_at.failure and run is not None and run.finished_at is not None:
                raise click.ClickException(f"{now_at.failure} {now_at.failure_fix}".strip())
        is_late = time.monotonic() - began > PICKED_UP_SECONDS
        if is_late and (run is None or run.finished_at is not None):
            raise click.ClickException(
                "No worker took it up. Start `portal serve` or `portal worker`."
            )
    raise click.ClickException(f"It goes on; `portal source show {name}` tells how.")


def _say(name: str, counts: dict[str, Any]) -> str:
    held = f" {counts['held']} removals are held: {counts['held_because']}." * bool(
        counts.get("held")
    )
    return (
        f"{name}: {counts.get('created', 0)} new, {counts.get('updated', 0)} changed, "
        f"{counts.get('unchanged', 0)} unchanged, {counts.get('removed', 0)} removed, "
        f"{counts.get('refused', 0)} refused.{held}"
    )


@source.command("show")
@click.argument("name")
@click.pass_context
def show(context: click.Context, name: str) -> None:
    """Show what is declared of a source and how it is."""
    with context.obj.open_database().unit(write=False) as session:
        found = _get(session, name)
        facts = {
            "id": found.id,
            "name": found.name,
            "state": find_state(found),
            "declaration": found.declaration,
            "checked_at": found.checked_at and found.checked_at.isoformat(),
            "next_run_at": found.next_run_at and found.next_run_at.isoformat(),
            "failure": found.failure,
            "fix": found.failure_fix,
            "held": found.held,
            "held_because": found.held_because,
        }
    click.echo(json.dumps(facts, indent=1))


@source.command("pause")
@click.argument("name")
@click.pass_context
def pause(context: click.Context, name: str) -> None:
    """Stop reading a source; what it brought stays."""
    _set_paused(context, name, paused=True)


@source.command("resume")
@click.argument("name")
@click.pass_context
def resume(context: click.Context, name: str) -> None:
    """Go on reading a source."""
    _set_paused(context, name, paused=False)


def _set_paused(context: click.Context, name: str, *, paused: bool) -> None:
    with context.obj.open_database().unit(write=True) as session:
        pause_source(session, CLI, _get(session, name), paused=paused, now=utc_now())
    click.echo(f"{name} is {'paused' if paused else 'read again'}.")


@source.command("confirm")
@click.argument("name")
@click.pass_context
def confirm(context: click.Context, name: str) -> None:
    """Agree to the removals a source holds."""
    with context.obj.open_database().unit(write=True) as session:
        removals = confirm_removals(session, CLI, _get(session, name), now=utc_now())
    click.echo(f"{removals} removals are carried out in the next run of {name}.")


@source.command("remove")
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Remove a source and everything it brought."""
    with context.obj.open_database().unit(write=True) as session:
        remove_source(session, CLI, _get(session, name), now=utc_now())
    click.echo(f"{name} is removed by the next free worker.")


def _get(session: Session, name: str) -> Source:
    found = find_source(session, name)
    if found is None:
        raise NotFound(f"There is no source called {name}.", fix="See `portal source list`.")
    return found
