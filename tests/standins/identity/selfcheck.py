"""Run every check of both stand-ins: `python -m tests.standins.identity.selfcheck`."""

from __future__ import annotations

import sys
import time
import traceback

from . import checks_faults, checks_github, checks_oidc
from .minimal_client import LoginError


def main() -> int:
    """Print one line for each check; the exit status is the number of failures."""
    failures = 0
    for check in (*checks_oidc.CHECKS, *checks_faults.CHECKS, *checks_github.CHECKS):
        started = time.monotonic()
        try:
            check()
        except (AssertionError, LookupError, OSError, TypeError, ValueError, LoginError):
            failures += 1
            print(f"FAILED {check.__name__}")
            traceback.print_exc()
        else:
            print(f"ok     {check.__name__} ({time.monotonic() - started:.1f} s)")
    return failures


if __name__ == "__main__":
    sys.exit(main())
