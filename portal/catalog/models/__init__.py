"""Tables of the catalog."""

from portal.catalog.models.entities import (
    Entity,
    EntityAlias,
    EntityRelation,
    EntityTag,
    EntityValue,
    EntityWords,
)
from portal.catalog.models.history import (
    EntityOverlay,
    EntityRename,
    EntityRevision,
    PastRelation,
    RetiredEntity,
)
from portal.catalog.models.links import LinkTemplateRow
from portal.catalog.models.lists import CatalogState, EntityMark, EntityTombstone, Star
from portal.catalog.models.own_fields import OwnFieldReading, OwnFieldRow, OwnFieldValue
from portal.catalog.models.problems import CatalogProblem, RemovedEntity

__all__ = [
    "CatalogProblem",
    "CatalogState",
    "Entity",
    "EntityAlias",
    "EntityMark",
    "EntityOverlay",
    "EntityRelation",
    "EntityRename",
    "EntityRevision",
    "EntityTag",
    "EntityTombstone",
    "EntityValue",
    "EntityWords",
    "LinkTemplateRow",
    "OwnFieldReading",
    "OwnFieldRow",
    "OwnFieldValue",
    "PastRelation",
    "RemovedEntity",
    "RetiredEntity",
    "Star",
]
