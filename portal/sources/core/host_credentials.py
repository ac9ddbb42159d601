"""What a host knows the portal by; nothing of it is ever shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HostCredential:
    """A token, or a GitHub App with its key; without an installation it is looked up."""

    token: str = field(default="", repr=False)
    app_id: str = field(default="", repr=False)
    installation_id: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
