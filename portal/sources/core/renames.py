"""Which entities of a source are called otherwise now: gone and new in one run, and the same.

The same is what stands at the same place of the same file, or says the same of itself in all but
its name. Wherever two could be meant, nothing is concluded.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

NAMES = frozenset({"name", "namespace"})
MOST_ALIKE = 100
COMMON = frozenset({"type", "lifecycle", "owner"})


@dataclass(frozen=True, slots=True)
class Known:
    """An entity that vanished or is new: where it stands, and its document as the file has it."""

    ref: str
    kind: str
    file: str
    number: int
    document: Mapping[str, Any]


def match_renames(
    gone: Sequence[Known], fresh: Sequence[Known], stood: Callable[[str, int], str | None]
) -> dict[str, str]:
    """Return new names by old ones; `stood` tells which ref was at a place before this run."""
    pairs = {*_match_places(gone, fresh), *_match_contents(gone, fresh, stood)}
    by_old: dict[str, set[str]] = defaultdict(set)
    by_new: dict[str, set[str]] = defaultdict(set)
    for old, new in pairs:
        by_old[old].add(new)
        by_new[new].add(old)
    return {
        old: new for old, new in sorted(pairs) if len(by_old[old]) == 1 and len(by_new[new]) == 1
    }


def _match_places(gone: Iterable[Known], fresh: Iterable[Known]) -> Iterable[tuple[str, str]]:
    here = {(each.file, each.number, each.kind): each.ref for each in fresh}
    for each in gone:
        new = here.get((each.file, each.number, each.kind))
        if new is not None:
            yield each.ref, new


def _match_contents(
    gone: Iterable[Known], fresh: Iterable[Known], stood: Callable[[str, int], str | None]
) -> Iterable[tuple[str, str]]:
    alike: dict[str, list[Known]] = defaultdict(list)
    for each in fresh:
        alike[_write_spec(each)].append(each)
    leaving = {each.ref for each in gone}
    for old in gone:
        found = alike.get(_write_spec(old), [])
        for new in found if len(found) <= MOST_ALIKE else ():
            # What was elsewhere and took this place over from something that stays is no new name.
            before = stood(new.file, new.number)
            is_taken = before is not None and before not in leaving
            if not is_taken and is_alike(old.document, new.document):
                yield old.ref, new.ref


def is_alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether two documents of one spec agree in most of their metadata, in something of it.

    Documents that say no more than type, lifecycle and owner are like too many others.
    """
    before = {key: value for key, value in old["metadata"].items() if key not in NAMES}
    after = {key: value for key, value in new["metadata"].items() if key not in NAMES}
    same = sum(key in after and after[key] == value for key, value in before.items())
    different = len(before.keys() | after.keys()) - same
    is_telling = same > 0 or bool((old.get("spec") or {}).keys() - COMMON)
    return is_telling and same >= different


def _write_spec(each: Known) -> str:
    spec = each.document.get("spec")
    return json.dumps([each.kind, spec], sort_keys=True, ensure_ascii=False)
