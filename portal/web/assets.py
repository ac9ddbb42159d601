"""Built assets: logical names to hashed files, served for a year because their name changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import url_for

from portal.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from flask import Flask, Response

ONE_YEAR = 31_536_000


def load_manifest(folder: Path) -> Mapping[str, str]:
    """Read the build's manifest; raises SetupError when the assets were never built."""
    path = folder / "dist" / "manifest.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SetupError("The assets are not built.", fix="Run `make setup`.") from None
    return {str(name): str(file) for name, file in found.items()}


def make_asset_url(manifest: Mapping[str, str]) -> Callable[[str], str]:
    """Return the template function `asset(name)`."""

    def asset(name: str) -> str:
        return url_for("static", filename=f"dist/{manifest[name]}")

    return asset


def install_asset_caching(app: Flask) -> None:
    """Let browsers keep hashed files."""

    def keep(response: Response) -> Response:
        if response.mimetype and app.static_url_path and response.direct_passthrough:
            response.direct_passthrough = False
            response.make_sequence()  # read whole, so that it can be compressed
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.max_age = ONE_YEAR
            response.cache_control.immutable = True
        return response

    app.after_request(keep)
