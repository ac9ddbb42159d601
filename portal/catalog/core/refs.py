"""Entity references `[kind:][namespace/]name` and location references `type:target`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A reference with all three parts, in the case they were written in."""

    kind: str
    namespace: str
    name: str

    @property
    def canonical(self) -> str:
        """Return `kind:namespace/name` in lower case, the form everything is compared in."""
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


@dataclass(frozen=True, slots=True)
class LocationRef:
    """Where something is read from: `url`, `dir` or `file` and the target."""

    type: str
    target: str


def parse_ref(
    value: Any, *, default_kind: str | None = None, default_namespace: str = DEFAULT_NAMESPACE
) -> EntityRef:
    """Parse a reference, text or an object with `kind`, `namespace`, `name`.

    Raises ValueError that says which part is missing or empty.
    """
    if isinstance(value, str) and value:
        kind, namespace, name = _split(value)
    elif isinstance(value, Mapping):
        kind, namespace = value.get("kind"), value.get("namespace")
        name = value.get("name", "")
    else:
        raise ValueError("a reference is text such as `component:default/name`")
    kind = default_kind if kind is None else kind
    namespace = default_namespace if namespace is None else namespace
    if kind is None:
        raise ValueError("the kind is missing and there is no default: write `kind:name`")
    for part, found in (("kind", kind), ("namespace", namespace), ("name", name)):
        if not isinstance(found, str) or not found:
            raise ValueError(f"the {part} is missing or empty")
    return EntityRef(kind, namespace, str(name))


def _split(text: str) -> tuple[str | None, str | None, str]:
    kind: str | None = None
    namespace: str | None = None
    rest = text
    colon, slash = rest.find(":"), rest.find("/")
    if colon != -1 and (slash == -1 or slash > colon):
        kind, rest = rest[:colon], rest[colon + 1 :]
    slash = rest.find("/")
    if slash != -1:
        namespace, rest = rest[:slash], rest[slash + 1 :]
    return kind, namespace, rest


def shorten_ref(ref: str, default_kind: str, namespace: str) -> str:
    """Return a canonical reference as an entity of `namespace` may write it, the shortest way."""
    kind, _, rest = ref.partition(":")
    home, _, name = rest.partition("/")
    return name if (kind, home) == (default_kind, namespace.lower()) else ref


def entity_ref(entity: Mapping[str, Any]) -> EntityRef:
    """Return the reference of an entity whose envelope is valid."""
    metadata = entity["metadata"]
    return EntityRef(entity["kind"], metadata.get("namespace", DEFAULT_NAMESPACE), metadata["name"])


def parse_location(value: Any) -> LocationRef:
    """Parse `type:target`; raises ValueError for web addresses without `url:` and for scripts."""
    if not isinstance(value, str):
        raise ValueError("a location is text such as `url:https://…`")  # noqa: TRY004 one error for callers
    kind, colon, target = value.partition(":")
    kind, target = kind.strip(), target.strip()
    if not (colon and kind and target):
        raise ValueError("write `type:target`, such as `url:https://…` or `dir:.`")
    if kind in ("http", "https"):
        raise ValueError(f"prefix the address with url: — `url:{value}`")
    if "".join(target.split()).lower().startswith("javascript:"):
        raise ValueError("a script is no location")
    return LocationRef(kind, target)


SOURCE_LOCATION = "backstage.io/source-location"
MANAGED_BY = "backstage.io/managed-by-location"


def find_source_location(entity: Mapping[str, Any]) -> LocationRef:
    """Return where an entity's source code is said to be; raises ValueError when nowhere."""
    annotations = entity["metadata"].get("annotations") or {}
    found = annotations.get(SOURCE_LOCATION) or annotations.get(MANAGED_BY)
    if not found:
        raise ValueError("the entity names no source location")
    return parse_location(found)
