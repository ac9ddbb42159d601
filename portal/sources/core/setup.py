"""What the settings say of sources."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourcesSetup:
    """Which folders of this machine sources may be declared for, and where the portal is."""

    folders: tuple[str, ...]
    public_url: str
