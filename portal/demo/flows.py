"""Loads and removes the demo company, and larger invented ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from portal.audit.service import record_act
from portal.auth.core import CLI
from portal.auth.core.roles import ADMIN, MEMBER, VIEWER
from portal.auth.queries.accounts import list_demo_accounts
from portal.auth.service.removal import put_demo_account, remove_account
from portal.catalog.core.link_templates import LinkTemplate
from portal.catalog.queries.declared import read_fields
from portal.catalog.queries.entities import has_entities, list_labels
from portal.catalog.queries.links import list_templates, read_template
from portal.catalog.queries.own_fields import count_usage
from portal.catalog.service.links import add_template, remove_template
from portal.catalog.service.own_fields import declare_field, delete_field
from portal.demo.core import generate
from portal.demo.core.fields import FIELDS
from portal.demo.queries import SOURCE
from portal.infra.clock import utc_now
from portal.sources.flows.ingesting import Ingest
from portal.sources.providers.folder import Folder
from portal.sources.queries.sources import find_source

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.infra.db import Database
    from portal.sources.flows.terms import Outcome

COMPANY = Path(__file__).parent / "company"
DOCUMENTS_PER_FILE = 100
DEMO = "demo"
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


# Who may be tried out: account name, role, the User of the company it is.
ACCOUNTS = (
    ("demo-admin", ADMIN, "user:default/marit.solheim-adu"),
    ("demo-owner", MEMBER, "user:default/noor.van-heerden"),
    ("demo-member", MEMBER, "user:default/teodor.wisniak"),
    ("demo-viewer", VIEWER, "user:default/ngozi.brandvold"),
)
# Where the company looks when something happens; addresses that lead nowhere.
WATCHED = ("service", "website", "job", "worker")
TEMPLATES = (
    LinkTemplate(
        "Logs",
        "https://logs.demo.example/search?service={name}&environment={environment}",
        WATCHED,
        ("production", "staging"),
    ),
    LinkTemplate("Traces", "https://traces.demo.example/service/{name}", WATCHED),
    LinkTemplate("Pipeline", "https://ci.demo.example/{owner}/{name}", WATCHED),
)


def load_demo(database: Database) -> Outcome:
    """Put the demo company into the catalog, as a source of its own, with people to be."""
    with database.unit(write=True) as session:
        _declare_fields(session)
    outcome = Ingest(database, CLI, SOURCE, people=True, remove=True).run(
        [Folder.open(str(COMPANY))]
    )
    with database.unit(write=True) as session:
        titles = list_labels(session, [ref for _, _, ref in ACCOUNTS])
        for name, role, ref in ACCOUNTS:
            put_demo_account(
                session, CLI, name, role=role, user_ref=ref, title=titles[ref].title, now=utc_now()
            )
        put_templates(session)
        after = {"created": outcome.created, "accounts": len(ACCOUNTS)}
        record_act(session, CLI.name, DEMO, action="demo.load", after=after, now=utc_now())
    return outcome


def put_templates(session: Session) -> None:
    """Give the company's services their links; those that are there stay as they are."""
    held = {row.title for row in list_templates(session)}
    for template in TEMPLATES:
        if template.title not in held:
            add_template(session, CLI, template, now=utc_now())


def remove_templates(session: Session) -> None:
    """Take away what links of the company nobody changed."""
    for row in list_templates(session):
        if read_template(row) in TEMPLATES:
            remove_template(session, CLI, row.id, now=utc_now())


def remove_demo(database: Database) -> Outcome:
    """Take the demo company out of the catalog, and its accounts with it."""
    with database.unit(write=True) as session:
        held = list_demo_accounts(session)
        for account in held:
            remove_account(session, CLI, account, now=utc_now())
        remove_templates(session)
    outcome = Ingest(database, CLI, SOURCE, remove=True).run([])
    with database.unit(write=True) as session:
        _delete_fields(session)
        before = {"removed": outcome.removed, "accounts": len(held)}
        record_act(session, CLI.name, DEMO, action="demo.remove", before=before, now=utc_now())
    return outcome


def _declare_fields(session: Session) -> None:
    """Declare the company's own fields, but those somebody has already or reads otherwise."""
    held = read_fields(session)
    keys, places = {each.key for each in held}, {each.place for each in held}
    for declared in FIELDS:
        if declared.key not in keys and declared.place not in places:
            declare_field(session, CLI, declared, now=utc_now())


def _delete_fields(session: Session) -> None:
    """Delete the company's own fields that are as they were declared and that nothing uses."""
    usage = count_usage(session)
    shipped = {declared.key: declared.reading for declared in FIELDS}
    for held in read_fields(session):
        used = usage.get(held.key)
        if (
            shipped.get(held.key) == held.reading
            and held.version == 1
            and not (used and used.filled)
        ):
            delete_field(session, CLI, held.key, was=held.version, now=utc_now())


def load_demo_once(database: Database) -> None:
    """Load the demo into a portal that is empty and never had it; removed, it stays away."""
    with database.unit(write=False) as session:
        is_untouched = find_source(session, SOURCE) is None and not has_entities(session)
    if is_untouched:
        load_demo(database)


def write_company(folder: Path, entities: int, seed: int) -> int:
    """Write an invented company of `entities` descriptors into `folder`; returns the files made."""
    folder.mkdir(parents=True, exist_ok=True)
    batch: list[object] = []
    files = 0
    for entity in generate(entities, seed):
        batch.append(entity)
        if len(batch) == DOCUMENTS_PER_FILE:
            _write(folder / f"{files:05}.yaml", batch)
            files, batch = files + 1, []
    if batch:
        _write(folder / f"{files:05}.yaml", batch)
        files += 1
    return files


def _write(path: Path, documents: list[object]) -> None:
    with path.open("w", encoding="utf-8") as file:
        yaml.dump_all(documents, file, Dumper=Dumper, sort_keys=False, allow_unicode=True)
