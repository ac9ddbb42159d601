"""Git repositories over HTTP and SSH."""

from __future__ import annotations

from portal.sources.providers.git.repository import GitRepository

__all__ = ["GitRepository"]
