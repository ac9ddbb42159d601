"""Proves the stand-ins with plain `requests`: `python -m tests.standins.scm.selfcheck`."""

from __future__ import annotations

import sys

from . import (
    check_github,
    check_gitlab,
    check_merge_requests,
    check_proposals,
    check_webhooks,
    check_world,
)
from .checks import Checks

PARTS = (
    check_github,
    check_gitlab,
    check_proposals,
    check_merge_requests,
    check_webhooks,
    check_world,
)


def main() -> int:
    """Run every part; anything that failed is named."""
    check = Checks()
    for part in PARTS:
        before = check.passed
        part.run(check)
        sys.stdout.write(f"{part.__name__.rpartition('.')[2]}: {check.passed - before} passed\n")
    sys.stdout.write(f"{check.passed} passed, {check.failed} failed\n")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
