"""The kinds Backstage knows: their versions, spec fields and the relations these make."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CORE_VERSIONS = ("backstage.io/v1alpha1", "backstage.io/v1beta1")
PAIRS: Mapping[str, str] = MappingProxyType(
    {
        one: other
        for pair in (
            ("ownedBy", "ownerOf"),
            ("partOf", "hasPart"),
            ("providesApi", "apiProvidedBy"),
            ("consumesApi", "apiConsumedBy"),
            ("dependsOn", "dependencyOf"),
            ("childOf", "parentOf"),
            ("memberOf", "hasMember"),
        )
        for one, other in (pair, pair[::-1])
    }
)
"""Each relation type and its inverse."""

FORWARD = ("ownedBy", "partOf", "providesApi", "consumesApi", "dependsOn", "childOf", "memberOf")
"""The direction of each pair that is stored."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of `spec`; `shape` is a key of `portal.catalog.core.specs.SHAPES`."""

    name: str
    shape: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelationField:
    """A field of `spec` that holds references; a bare one is of `default_kind`, if there is one."""

    name: str
    type: str
    default_kind: str | None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its fields and relations."""

    name: str
    fields: tuple[Field, ...]
    relations: tuple[RelationField, ...] = ()
    versions: tuple[str, ...] = CORE_VERSIONS
    groups: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    """Fields of objects inside spec, by the name of the object."""
    by_type: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    """Further fields that a `spec.type` asks for."""


def need(name: str, shape: str = "text") -> Field:
    """Return a required field."""
    return Field(name, shape, required=True)


OWNER = RelationField("owner", "ownedBy", "Group")
SYSTEM = RelationField("system", "partOf", "System")
DEPENDS_ON = RelationField("dependsOn", "dependsOn", None)
DEPENDENCY_OF = RelationField("dependencyOf", "dependencyOf", None)
PROFILE = {"profile": (Field("displayName"), Field("email"), Field("picture"))}

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                "Component",
                (
                    need("type"),
                    need("lifecycle"),
                    need("owner"),
                    Field("system"),
                    Field("subcomponentOf"),
                    Field("providesApis", "texts"),
                    Field("consumesApis", "texts"),
                    Field("dependsOn", "texts"),
                ),
                (
                    OWNER,
                    RelationField("subcomponentOf", "partOf", "Component"),
                    RelationField("providesApis", "providesApi", "API"),
                    RelationField("consumesApis", "consumesApi", "API"),
                    DEPENDS_ON,
                    DEPENDENCY_OF,
                    SYSTEM,
                ),
            ),
            Kind(
                "API",
                (
                    need("type"),
                    need("lifecycle"),
                    need("owner"),
                    need("definition"),
                    Field("system"),
                ),
                (OWNER, SYSTEM),
            ),
            Kind(
                "Resource",
                (
                    need("type"),
                    need("owner"),
                    Field("dependsOn", "texts"),
                    Field("system"),
                ),
                (OWNER, DEPENDS_ON, DEPENDENCY_OF, SYSTEM),
            ),
            Kind(
                "System",
                (need("owner"), Field("domain"), Field("type")),
                (OWNER, RelationField("domain", "partOf", "Domain")),
            ),
            Kind(
                "Domain",
                (need("owner"), Field("subdomainOf"), Field("type")),
                (OWNER, RelationField("subdomainOf", "partOf", "Domain")),
            ),
            Kind(
                "Group",
                (
                    need("type"),
                    need("children", "texts"),
                    Field("parent"),
                    Field("members", "texts"),
                    Field("profile", "object"),
                ),
                (
                    RelationField("parent", "childOf", "Group"),
                    RelationField("children", "parentOf", "Group"),
                    RelationField("members", "hasMember", "User"),
                ),
                groups=PROFILE,
            ),
            Kind(
                "User",
                (need("memberOf", "texts"), Field("profile", "object")),
                (RelationField("memberOf", "memberOf", "Group"),),
                groups=PROFILE,
            ),
            Kind(
                "Location",
                (
                    Field("type"),
                    Field("target"),
                    Field("targets", "texts"),
                    Field("presence", choices=("required", "optional")),
                ),
            ),
            Kind(
                "Template",
                (
                    need("type"),
                    need("steps", "objects"),
                    Field("owner"),
                    Field("parameters", "object or objects"),
                    Field("output", "object"),
                ),
                (OWNER,),
                versions=("scaffolder.backstage.io/v1beta3",),
                groups={
                    "steps": (
                        Field("action", "any text", required=True),
                        Field("id", "any text"),
                        Field("name", "any text"),
                        Field("input", "object"),
                        Field("if", "text or boolean"),
                    )
                },
            ),
            Kind(
                "AiResource",
                (
                    need("type"),
                    need("lifecycle"),
                    need("owner"),
                    Field("system"),
                    Field("dependsOn", "texts"),
                ),
                (
                    OWNER,
                    DEPENDS_ON,
                    SYSTEM,
                    RelationField("skills", "hasPart", "AiResource"),
                    RelationField("plugins", "hasPart", "AiResource"),
                ),
                versions=("backstage.io/v1alpha1",),
                by_type={
                    "rule": (need("rationale"),),
                    "plugin": (need("skills", "texts"),),
                    "marketplace": (need("plugins", "texts"),),
                },
            ),
        )
    }
)


def find_kind(kind: str, api_version: str) -> Kind | None:
    """Return the kind that judges an entity; None means it is kept as a generic one."""
    found = KINDS.get(kind)
    return found if found is not None and api_version in found.versions else None
