"""Managed sources for tests: folders that are declared, edited and read as a worker reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.auth.core import CLI
from portal.infra.clock import utc_now
from portal.infra.outbound import Gate, Outbound
from portal.infra.secrets import SecretBox
from portal.sources.core.declarations import FOLDER, Declaration
from portal.sources.flows.opening import Tools
from portal.sources.jobs import make_refresh
from portal.sources.models import Source
from portal.sources.service.declaring import SecretChange, declare_source

if TYPE_CHECKING:
    from pathlib import Path

    from portal.infra.db import Database

BOX = SecretBox("k" * 40)


def component(name: str, **spec: str) -> str:
    """Return a document of a component."""
    more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return (
        f"---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n"
        f"spec:\n  type: service\n  lifecycle: production\n  owner: crew\n{more}"
    )


def make_tools(folder: Path, **options) -> Tools:
    """Return what reading takes, with every folder allowed."""
    return Tools(Outbound(Gate(**options)), BOX, folder / "copies", ("/",))


def declare(database: Database, name: str, declaration: Declaration, **secrets: str) -> int:
    """Declare a source and return its number."""
    with database.unit(write=True) as session:
        return declare_source(
            session,
            CLI,
            name,
            declaration=declaration,
            box=BOX,
            secrets=SecretChange(secrets),
            now=utc_now(),
        ).id


def declare_folder(database: Database, folder: Path, name: str, **more) -> int:
    """Declare a folder as a source and return its number."""
    folder.mkdir(parents=True, exist_ok=True)
    return declare(database, name, Declaration(FOLDER, str(folder), every_minutes=5, **more))


def read(database: Database, tools: Tools, source_id: int) -> Source:
    """Read a source as a worker does, and return it as it is then."""
    make_refresh(lambda: tools, lambda: None)(database, str(source_id), utc_now())
    with database.unit(write=False) as session:
        return session.get_one(Source, source_id)


def read_requested(database: Database, tools: Tools) -> int:
    """Read what was asked for until nothing is; returns how many runs that took."""
    runs = 0
    while True:
        with database.unit(write=False) as session:
            asked = session.scalars(
                select(Source).where(Source.requests > Source.served, Source.parent_id.is_(None))
            ).all()
            children = session.scalars(
                select(Source.parent_id).where(
                    Source.requests > Source.served, Source.parent_id.is_not(None)
                )
            ).all()
        numbers = sorted({source.id for source in asked} | {n for n in children if n})
        if not numbers:
            return runs
        for number in numbers:
            read(database, tools, number)
            runs += 1
        assert runs < 100, "sources ask for each other without end"
