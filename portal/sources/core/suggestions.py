"""Owners that CODEOWNERS suggests for entities without one; nobody becomes an owner by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.sources.core.codeowners import WARNINGS, CodeOwners, suggest_owner

if TYPE_CHECKING:
    from collections.abc import Mapping

SUGGESTED, ODD = "owner-suggested", "codeowners"
PROBE = "\N{MIDDLE DOT}"
"""The name of a file that no pattern means by its name or ending."""


@dataclass(frozen=True, slots=True)
class Ownerless:
    """An entity whose owner is missing, unknown or not in the catalog, and where it stands."""

    ref: str
    file: str
    document_number: int
    line: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Who the CODEOWNERS file at `path` names for an entity, in the order of its line."""

    subject: Ownerless
    owners: tuple[str, ...]
    guess: str | None
    path: str
    line: int


def suggest(subject: Ownerless, owners: CodeOwners, place: str, path: str) -> Suggestion | None:
    """Return what the file at `path` says about an entity; `place` is the folder it speaks for.

    What lies in the entity's folder counts, not the descriptor: that may be somebody else's.
    """
    folder = subject.file.rpartition("/")[0]
    inside = folder[len(place) :].strip("/")
    names, line = owners.find(f"{inside}/{PROBE}") if inside else owners.find_for_all()
    if not names:
        return None
    return Suggestion(subject, names, suggest_owner(names, owners.flavour), path, line)


def describe_suggestion(
    source: str, found: Suggestion, known: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return a suggestion as a problem; `known` gives the one Group or User an owner stands for."""
    refs = [known[owner.lower()] for owner in found.owners if owner.lower() in known]
    teams = [ref for ref in refs if ref.startswith("group:")]
    ref = next(iter(teams or refs), None)
    if ref is None and found.guess is None:
        return None
    stranger = "" if ref else ", whom the catalog does not know"
    subject = found.subject
    return {
        "severity": "warning",
        "rule": SUGGESTED,
        "ref": subject.ref,
        "source": source,
        "file": subject.file,
        "document_number": subject.document_number,
        "line": subject.line,
        "path": "spec.owner",
        "message": f"CODEOWNERS suggests `{ref or found.guess}`{stranger}: "
        f"{found.path}:{found.line} names {', '.join(found.owners)[:300]}.",
        "fix": "State the owner in the descriptor if that is right; nothing happens by itself.",
    }


def describe_odd(source: str, path: str, owners: CodeOwners) -> list[dict[str, Any]]:
    """Return what is odd about a CODEOWNERS file, as problems of its source."""
    return [
        {
            "severity": "warning",
            "rule": ODD,
            "ref": None,
            "source": source,
            "file": path,
            "document_number": 1,
            "line": int(where.removeprefix("line ")) if where.startswith("line ") else 1,
            "path": "",
            "message": f"CODEOWNERS, {where}: {WARNINGS[rule]}",
            "fix": "Correct it if the owner it means should be suggested.",
        }
        for rule, where in owners.warnings
    ]
