"""Which folders of this machine a source may be declared for."""

from __future__ import annotations

from pathlib import PurePosixPath

from portal.errors import InvalidInput, Problem


def check_folder(path: str, folders: tuple[str, ...]) -> None:
    """Raise InvalidInput unless an absolute path lies below one of `folders`."""
    wanted = PurePosixPath(path)
    inside = any(wanted.is_relative_to(PurePosixPath(folder)) for folder in folders)
    if not wanted.is_absolute() or ".." in wanted.parts or not inside:
        named = ", ".join(folders) or "none yet"
        message = f"{path} may not be read: it lies below no folder of PORTAL_SOURCE_FOLDERS."
        fix = f"Whoever runs the portal lists the folder there. Allowed now: {named}."
        raise InvalidInput(message, (Problem("address", "allowed", message, fix),), fix=fix)
