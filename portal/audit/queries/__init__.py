"""Reads of the audit trail."""

from portal.audit.queries.entries import list_entries

__all__ = ["list_entries"]
