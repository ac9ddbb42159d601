"""Reads of what sources hold: files, READMEs, entities without owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from portal.catalog.core.kinds import KINDS, OWNER
from portal.catalog.models import Entity, EntityAlias
from portal.sources.core.proposals import OPEN
from portal.sources.core.readmes import folder_of
from portal.sources.core.suggestions import Ownerless
from portal.sources.models import ChangeProposal, Source, SourceFile, SourceReadme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

OWNED = [kind.name.lower() for kind in KINDS.values() if OWNER in kind.relations]
BESIDE = "beside_entity"
UNKNOWN = "group:%/unknown"
TEAM_SYSTEM = "github_team"
MOST_NAMES = 400


@dataclass(frozen=True, slots=True)
class Beside:
    """Whether a README lies beside an entity's file, and proposals for it: all, and open ones."""

    has_readme: bool
    proposals: int
    open_proposals: int


def find_readme(session: Session, source: str, file: str) -> SourceReadme | None:
    """Return the README that lies beside a file of a source."""
    return session.scalar(
        select(SourceReadme)
        .join(Source, Source.id == SourceReadme.source_id)
        .where(Source.name == source, SourceReadme.folder == folder_of(file))
    )


def find_beside(session: Session, ref: str, source: str, file: str) -> Beside:
    """Return what there is beside an entity, in one query for all tabs of its page."""
    held = session.info.get(BESIDE)
    if held is not None and held[0] == ref:
        found: Beside = held[1]
        return found
    readme = exists().where(
        Source.id == SourceReadme.source_id,
        Source.name == source,
        SourceReadme.folder == folder_of(file),
    )
    of_ref = select(func.count()).where(ChangeProposal.ref == ref)
    opened = of_ref.where(ChangeProposal.state == OPEN)
    row = session.execute(select(readme, of_ref.scalar_subquery(), opened.scalar_subquery())).one()
    beside = Beside(*row)
    session.info[BESIDE] = (ref, beside)
    return beside


def list_readmes(session: Session, source_id: int) -> dict[str, str]:
    """Return the digests of a source's READMEs by folder."""
    rows = session.execute(
        select(SourceReadme.folder, SourceReadme.digest).where(SourceReadme.source_id == source_id)
    )
    return {row.folder: row.digest for row in rows}


def list_ownerless(session: Session, source: str) -> list[Ownerless]:
    """Return entities of a source whose owner is missing, unknown, or not in the catalog."""
    owner = aliased(Entity)
    rows = session.execute(
        select(Entity.ref, Entity.file, Entity.document_number, Entity.line)
        .where(
            Entity.source == source,
            Entity.kind.in_(OWNED),
            or_(
                Entity.owner.is_(None),
                Entity.owner.like(UNKNOWN),
                ~exists().where(owner.ref == Entity.owner),
            ),
        )
        .order_by(Entity.ref)
    )
    return [Ownerless(*row) for row in rows]


def map_owners(session: Session, names: Iterable[str]) -> dict[str, str]:
    """Return the one Group or User each name of a CODEOWNERS file stands for, by name.

    Teams are found by `github.com/team-slug`, people by e-mail, both by the catalog's own name.
    """
    wanted: dict[str, set[tuple[str, str]]] = {}
    for name in {name.lower() for name in names}:
        plain = name.lstrip("@")
        if not name.startswith("@"):
            keys = {("email", plain)}
        elif "/" in plain or name.startswith("@@"):
            last = plain.rpartition("/")[2]
            keys = {(TEAM_SYSTEM, plain), (TEAM_SYSTEM, last), ("group", last)}
        else:
            keys = {("user", plain)}
        wanted[name] = keys
    held = _find_people(session, {key for keys in wanted.values() for key in keys})
    found = {name: {r for key in keys for r in held.get(key, ())} for name, keys in wanted.items()}
    return {name: min(refs) for name, refs in found.items() if len(refs) == 1}


def _find_people(session: Session, keys: set[tuple[str, str]]) -> dict[tuple[str, str], set[str]]:
    """Return the Groups and Users with any of these aliases or names."""
    found: dict[tuple[str, str], set[str]] = {}
    values = sorted({value for _, value in keys})
    for start in range(0, len(values), MOST_NAMES):
        part = values[start : start + MOST_NAMES]
        rows = session.execute(
            select(EntityAlias.system, EntityAlias.value, Entity.ref)
            .join(Entity, Entity.ref == EntityAlias.ref)
            .where(
                EntityAlias.value.in_(part),
                EntityAlias.system.in_((TEAM_SYSTEM, "email")),
                Entity.kind.in_(("group", "user")),
            )
        )
        for system, value, ref in rows:
            found.setdefault((system, value), set()).add(ref)
        refs = [f"{kind}:default/{value}" for kind in ("group", "user") for value in part]
        for ref in session.scalars(select(Entity.ref).where(Entity.ref.in_(refs))):
            kind, _, rest = ref.partition(":")
            found.setdefault((kind, rest.partition("/")[2]), set()).add(ref)
    return found


def list_files(session: Session, source_id: int) -> dict[str, SourceFile]:
    """Return the files of a source as last read, by path."""
    rows = session.scalars(select(SourceFile).where(SourceFile.source_id == source_id))
    return {row.path: row for row in rows}
