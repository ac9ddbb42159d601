"""SCIM 2.0 (RFC 7643, RFC 7644) under /scim/v2, and ownership under /api/v1."""

from portal.ownership.api import confirming, discovery, groups, reorganising, searching, users
from portal.ownership.api.blueprint import ScimSetup, blueprint
from portal.ownership.api.ownership_blueprint import blueprint as ownership_blueprint

__all__ = [
    "ScimSetup",
    "blueprint",
    "confirming",
    "discovery",
    "groups",
    "ownership_blueprint",
    "reorganising",
    "searching",
    "users",
]
