"""SCIM 2.0 (RFC 7643, RFC 7644) under /scim/v2: an identity provider manages people and groups."""

from portal.ownership.api import discovery, groups, searching, users
from portal.ownership.api.blueprint import ScimSetup, blueprint

__all__ = ["ScimSetup", "blueprint", "discovery", "groups", "searching", "users"]
