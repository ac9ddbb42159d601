"""Where the real programs are that the stand-ins put in front of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Daemons live here; an ordinary user's PATH often does not name them."""


def find_program(name: str) -> str | None:
    """Return the path of a program, looked for where daemons live as well."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    return shutil.which(name, path=path)


@cache
def find_git_backend() -> str | None:
    """Return the CGI that serves repositories over HTTP; Debian packs it with git."""
    git = find_program("git")
    if git is None:
        return None
    folder = subprocess.run([git, "--exec-path"], text=True, capture_output=True, check=True)
    backend = Path(folder.stdout.strip()) / "git-http-backend"
    return str(backend) if backend.is_file() else None


def describe_missing(package: str) -> str:
    """Say in one line what to do about a program that is not there."""
    return f"install it with: apt-get install {package}"
