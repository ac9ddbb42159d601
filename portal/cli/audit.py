"""`portal audit`: whether the trail holds, taking it along, forgetting a person."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from portal.audit.core.filters import EntryFilter, read_moment
from portal.audit.flows import read_entries
from portal.audit.queries.chain import Verdict, verify_chain
from portal.audit.queries.entries import FIELDS, count_entries
from portal.audit.service import erase_addresses, record_act
from portal.auth.core import CLI
from portal.auth.queries.accounts import find_account, find_by_person
from portal.auth.service.removal import erase_account
from portal.errors import NotFound
from portal.factory.tools import create_secret_box
from portal.infra.clock import utc_now
from portal.settings import load_settings
from portal.web.exports import write_csv, write_lines
from portal.web.templating import say_age

if TYPE_CHECKING:
    from portal.infra.db import Database


class Moment(click.ParamType[datetime]):
    """A day or a time; `is_end` means the last moment of a day."""

    name = "time"

    def __init__(self, *, is_end: bool = False) -> None:
        self.is_end = is_end

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Return the moment."""
        try:
            return read_moment(value, is_end=self.is_end)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Known(click.ParamType[tuple[int, str]]):
    """A place of the chain and its seal, as `verify` prints them."""

    name = "position:seal"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, str]:
        """Return position and seal."""
        position, colon, seal = str(value).partition(":")
        if not (colon and position.isdigit() and int(position) > 0):
            self.fail("write POSITION:SEAL, as `portal audit verify` prints it", param, ctx)
        return int(position), seal


@click.group("audit")
def audit() -> None:
    """Check the audit trail, export it, forget a person in it."""


@audit.command("verify")
@click.option("--known", type=Known(), help="An end that was noted before; must still be there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_context
def verify(context: click.Context, *, known: tuple[int, str] | None, as_json: bool) -> None:
    """Check every seal; exits 0 when the chain holds, 1 when it does not."""
    database = context.obj.open_database()
    box = create_secret_box(load_settings())
    with database.unit(write=False) as session:
        found = verify_chain(session, box, known=known)
    click.echo(_as_json(found) if as_json else _in_words(found))
    raise SystemExit(1 if found.broken else 0)


def _as_json(found: Verdict) -> str:
    broken = found.broken and {
        "entry": found.broken.entry_id,
        "position": found.broken.position,
        "reason": found.broken.reason,
    }
    since = found.unsealed_since
    return json.dumps(
        {
            "holds": found.broken is None,
            "sealed": found.sealed,
            "end": f"{found.sealed}:{found.last_seal}",
            "broken": broken,
            "unsealed": found.unsealed,
            "unsealed_since": since.isoformat() if since else None,
        }
    )


def _in_words(found: Verdict) -> str:
    lines = []
    if found.broken is None:
        lines.append(f"The chain holds: {found.sealed} entries are sealed.")
    else:
        row = f"entry {found.broken.entry_id}: " if found.broken.entry_id is not None else ""
        place = f"position {found.broken.position}"
        lines.append(f"The chain is broken at {place}, {row}{found.broken.reason}.")
        lines.append(f"{found.sealed} entries before it hold.")
    if found.unsealed_since is not None:
        age = say_age(found.unsealed_since, utc_now())
        lines.append(f"{found.unsealed} entries have no seal yet, the oldest from {age}.")
    else:
        lines.append("No entry waits for its seal.")
    if found.sealed and found.broken is None:
        lines.append(f"Its end, for --known: {found.sealed}:{found.last_seal}")
    return "\n".join(lines)


@audit.command("export")
@click.option("--from", "since", type=Moment(), help="First day or moment.")
@click.option("--to", "until", type=Moment(is_end=True), help="Last day, or first moment after.")
@click.option("--format", "kind", type=click.Choice(("jsonl", "csv")), default="jsonl")
@click.pass_context
def export(
    context: click.Context, *, since: datetime | None, until: datetime | None, kind: str
) -> None:
    """Write the trail to standard output, newest first."""
    database: Database = context.obj.open_database()
    wanted = EntryFilter(since=since, until=until)
    filters = {n: t.isoformat() for n, t in (("from", since), ("to", until)) if t is not None}
    with database.unit(write=True) as session:
        after = {"format": kind, "rows": count_entries(session, wanted), "filters": filters}
        record_act(session, CLI.name, "audit", action="audit.export", after=after, now=utc_now())
    rows = read_entries(database, wanted)
    for piece in write_csv(FIELDS, rows) if kind == "csv" else write_lines(rows):
        sys.stdout.write(piece)


@audit.command("erase")
@click.argument("person")
@click.pass_context
def erase(context: click.Context, person: str) -> None:
    """Forget the addresses of PERSON, and the name of a deactivated account.

    PERSON is an account's name or an id such as person:0123456789abcdef. The chain still holds.
    """
    database: Database = context.obj.open_database()
    with database.unit(write=True) as session:
        account = find_by_person(session, person) or find_account(session, person)
        if account is not None:
            person = account.person
            erase_account(session, CLI, account, now=utc_now())
        elif not person.startswith("person:"):
            raise NotFound(f"There is no account called {person}.", fix="Give the person's id.")
    erased = 0
    while True:
        with database.unit(write=True) as session:
            found = erase_addresses(session, person)
            if not found:
                after = {"entries": erased}
                record_act(
                    session,
                    CLI.name,
                    person,
                    action="audit.erase_addresses",
                    after=after,
                    now=utc_now(),
                )
                break
        erased += found
    click.echo(f"{person} is forgotten; {erased} entries had an address.")
