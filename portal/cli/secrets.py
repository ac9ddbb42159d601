"""`portal secrets`: which keys stored secrets need, and moving them to the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portal.audit.queries.chain import list_key_ids
from portal.audit.service import record_act
from portal.auth.core import CLI
from portal.factory.tools import create_secret_box
from portal.infra import vault
from portal.infra.clock import utc_now
from portal.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.infra.db import Database
    from portal.infra.secrets import SecretBox

FALLBACKS = "PORTAL_SECRET_KEY_FALLBACKS"


@click.group("secrets")
def secrets() -> None:
    """Look after the encryption of stored secrets; never shows one."""


@secrets.command("rotate")
@click.pass_context
def rotate(context: click.Context) -> None:
    """Encrypt every stored secret under the current secret key.

    May be stopped and run again. Exits 0 when none is left, 1 when some cannot be read.
    """
    database = context.obj.open_database()
    box = create_secret_box(load_settings())
    moved, unreadable = 0, 0
    for batch in rotate_batches(database, box):
        moved += batch.moved
        unreadable += len(batch.unreadable)
        for name in batch.unreadable:
            click.echo(f"{name} cannot be read.")
    click.echo(f"{moved} secrets were moved to key {box.key_id}, {unreadable} cannot be read.")
    if unreadable:
        click.echo(f"Add the keys they need to {FALLBACKS}, or enter them again.")
    raise SystemExit(1 if unreadable else 0)


def rotate_batches(database: Database, box: SecretBox) -> Iterator[vault.Rotation]:
    """Move older secrets to the current key, each batch with its audit entry in its own unit."""
    last_id = 0
    while True:
        with database.unit(write=True) as session:
            done = vault.rotate_secrets(session, box, after_id=last_id)
            if done is None:
                return
            after = {
                "key_id": box.key_id,
                "moved": done.moved,
                "unreadable": len(done.unreadable),
            }
            record_act(
                session, CLI.name, "secrets", action="secrets.rotate", after=after, now=utc_now()
            )
        last_id = done.last_id
        yield done


@secrets.command("status")
@click.pass_context
def status(context: click.Context) -> None:
    """Say how many stored secrets need which key; exits 1 when some are not under the current."""
    database = context.obj.open_database()
    box = create_secret_box(load_settings())
    with database.unit(write=False) as session:
        counts = vault.count_by_key(session)
        sealing = list_key_ids(session)
    for key_id in dict.fromkeys((*box.key_ids, *sorted(counts))):
        click.echo(f"key {key_id} ({_origin(box, key_id)}): {counts.get(key_id, 0)} secrets")
    click.echo(_advise(box, counts))
    if sealing - {box.key_id}:
        click.echo(
            "The audit trail has seals under older keys: keep them at hand, in "
            f"{FALLBACKS}, for `portal audit verify`: {', '.join(sorted(sealing - {box.key_id}))}"
        )
    raise SystemExit(1 if counts.keys() - {box.key_id} else 0)


def _origin(box: SecretBox, key_id: str) -> str:
    if key_id == box.key_id:
        return "current"
    return "older" if key_id in box.key_ids else "not given"


def _advise(box: SecretBox, counts: dict[str, int]) -> str:
    older = counts.keys() & set(box.key_ids[1:])
    missing = counts.keys() - set(box.key_ids)
    if missing:
        return (
            f"Some secrets need a key that is not given: add it to {FALLBACKS}, or enter them "
            "again. The older keys must stay until then."
        )
    if older:
        return f"{FALLBACKS} must stay until `portal secrets rotate` has run."
    if len(box.key_ids) > 1:
        return f"{FALLBACKS} may be dropped; who signed in under an older key signs in again."
    return "Everything is under the current key."
