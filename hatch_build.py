"""Puts what the portal serves into the wheel; an editable install finds it in the checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("static/dist", "templates", "migrations")


class CarryResources(BuildHookInterface):  # type: ignore[type-arg,misc]  # hatchling's own way
    """Adds the built assets, templates and migrations under `portal/_resources`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Refuse to build a wheel without assets; say how to make them."""
        if version == "editable":
            return
        if not (Path(self.root) / "static/dist/manifest.json").is_file():
            raise SystemExit("The assets are not built: run `make setup` first.")
        for name in CARRIED:
            build_data["force_include"][name] = f"portal/_resources/{name}"
