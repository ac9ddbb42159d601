"""Pages of teams: who is in them, what they own, confirm, hand over, how they are reorganised."""

from portal.ownership.routes import confirming, gone, handing, panel, reorganising, teams
from portal.ownership.routes.blueprint import blueprint

__all__ = ["blueprint", "confirming", "gone", "handing", "panel", "reorganising", "teams"]
