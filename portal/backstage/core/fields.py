"""`fields`: the parts of an entity to keep, by path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portal.backstage.core.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOTHING = object()


def parse_fields(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the paths several `fields` name, each a list parted by commas; none keeps all."""
    parts = (part.strip() for text in texts for part in text.split(","))
    found = tuple(dict.fromkeys(part for part in parts if part))
    for path in found:
        if "[" in path:
            raise Refused(f'Invalid field "{path}", array type fields are not supported')
    return found


def cut_entity(entity: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return only the parts of an entity that `fields` name; without any the whole."""
    if not fields:
        return dict(entity)
    kept: dict[str, Any] = {}
    for path in fields:
        keys, value = _find(entity, path)
        if value is not NOTHING:
            _put(kept, keys, value)
    return kept


def _find(entity: Mapping[str, Any], path: str) -> tuple[list[str], Any]:
    """Return the keys a path takes and what stands there; a key may hold dots itself."""
    keys: list[str] = []
    current: Any = entity
    waiting = ""
    for part in path.split("."):
        key = f"{waiting}.{part}" if waiting else part
        if isinstance(current, Mapping) and key in current:
            keys.append(key)
            current, waiting = current[key], ""
        else:
            waiting = key
    return keys, NOTHING if waiting else current


def _put(kept: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    *above, last = keys
    for key in above:
        kept = kept.setdefault(key, {})
    kept[last] = value


def asks_for(fields: Sequence[str], root: str) -> bool:
    """Whether the part `root`, a path, may be among what is kept."""
    return not fields or any(
        f"{path}.".startswith(f"{root}.") or f"{root}.".startswith(f"{path}.") for path in fields
    )
