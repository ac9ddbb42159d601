"""Finds the files the portal carries: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def find_resource(name: str) -> Path:
    """Return the folder `name` (templates, static, migrations)."""
    packaged = PACKAGE / "_resources" / name
    return packaged if packaged.is_dir() else PACKAGE.parent / name
