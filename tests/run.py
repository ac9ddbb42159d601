"""Runs every suite, prints the time of each, and one closing line over all of them."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped)")
LINTS = {
    "ruff": [str(BIN / "ruff"), "check", "--quiet", "."],
    "mypy": [str(BIN / "mypy")],
    "import contracts": [str(BIN / "lint-imports"), "--no-cache"],
}
SUITES = {
    "unit tests": [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--disable-socket",
        "--allow-unix-socket",
        "tests/unit",
    ],
}


def run_step(name: str, command: list[str]) -> tuple[bool, str]:
    """Run one step; returns whether it succeeded and what it printed."""
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    seconds = time.monotonic() - began
    word = "ok" if done.returncode == 0 else "FAILED"
    if done.returncode:
        sys.stdout.write(done.stdout)
    sys.stdout.write(f"{name}: {word} in {seconds:.1f} s\n")
    sys.stdout.flush()
    return done.returncode == 0, done.stdout


def main() -> int:
    """Run lints and suites; returns the exit code."""
    totals = {"passed": 0, "failed": 0}
    for name, command in LINTS.items():
        succeeded, _ = run_step(name, command)
        totals["passed" if succeeded else "failed"] += 1
    for name, command in SUITES.items():
        succeeded, output = run_step(name, command)
        found = {
            word: int(number) for number, word in COUNTS.findall(output.strip().splitlines()[-1])
        }
        totals["passed"] += found.get("passed", 0)
        broken = sum(found.get(word, 0) for word in ("failed", "error", "errors", "skipped"))
        totals["failed"] += broken or (0 if succeeded else 1)
    sys.stdout.write(f"{totals['passed']} passed, {totals['failed']} failed\n")
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
