"""The data folder and the keys the portal keeps in it."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from portal.errors import SetupError
from portal.settings.checks import KEY_CHARACTERS

if TYPE_CHECKING:
    from pathlib import Path

    from portal.settings import Settings


def prepare_data_dir(settings: Settings) -> None:
    """Create the data folder, private to its user; raises SetupError where that is not possible."""
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = settings.data_dir / f".write-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"The data folder {settings.data_dir} cannot be written: {error.strerror}.",
            fix="Set PORTAL_DATA_DIR to a folder this user may write.",
        ) from None


def find_secret_key(settings: Settings) -> str:
    """Return the secret key; makes and keeps one (mode 600) when none is set."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.data_dir / "secret_key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_secret_key(path)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(48))
    return _read_secret_key(path)


def _read_secret_key(path: Path) -> str:
    key = path.read_text("utf-8").strip()
    if len(key) < KEY_CHARACTERS:
        raise SetupError(
            f"The secret key in {path} is shorter than {KEY_CHARACTERS} characters.",
            fix="Put the file back from a backup or set PORTAL_SECRET_KEY. Without a stored "
            "secret or session, the file may be deleted: a new key is then made.",
        )
    return key


def list_secret_keys(settings: Settings) -> tuple[str, ...]:
    """Return the secret key and after it the older ones that are still read, each once."""
    return tuple(dict.fromkeys((find_secret_key(settings), *settings.secret_key_fallbacks)))
