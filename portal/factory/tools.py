"""What processes are handed: the key to secrets, the way outside, metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.infra.metrics import Metrics
from portal.infra.outbound import Gate, Outbound
from portal.infra.secrets import SecretBox
from portal.settings import share_metrics_folder
from portal.settings.checks import split_bind
from portal.settings.folder import list_secret_keys
from portal.settings.outbound import parse_allow_list
from portal.sources.flows.opening import Tools

if TYPE_CHECKING:
    from portal.settings import Settings


def create_secret_box(settings: Settings) -> SecretBox:
    """Return what encrypts stored secrets, under the secret key of the settings."""
    current, *older = list_secret_keys(settings)
    return SecretBox(current, older)


def create_outbound(settings: Settings) -> Outbound:
    """Return the one client for everything the portal calls."""
    _, own_port = split_bind(settings.bind)
    return Outbound(Gate(allow=parse_allow_list(settings.outbound_allow), own_port=own_port))


def create_source_tools(settings: Settings, outbound: Outbound | None = None) -> Tools:
    """Return what reading sources takes."""
    return Tools(
        outbound or create_outbound(settings),
        create_secret_box(settings),
        settings.data_dir / "sources",
        settings.folders_of_sources,
        settings.source_ca_file,
    )


def create_metrics(settings: Settings, *, is_first: bool = True) -> Metrics:
    """Return metrics that all processes of this portal add up; the first one begins anew."""
    share_metrics_folder(settings.data_dir / "metrics", is_first=is_first)
    return Metrics(shared=True)
