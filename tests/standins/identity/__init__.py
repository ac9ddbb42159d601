"""Stand-in identity providers for testing a relying party over real HTTP on loopback."""

from .faults import FAULTS, VARIANT_NAMES
from .github_standin import GITHUB_FAULTS, GitHubStandIn
from .standin import StandInProvider
from .wire import Answer, send

__all__ = [
    "FAULTS",
    "GITHUB_FAULTS",
    "VARIANT_NAMES",
    "Answer",
    "GitHubStandIn",
    "StandInProvider",
    "send",
]
