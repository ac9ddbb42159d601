"""Reads descriptor files somebody else wrote and reports how many were read, refused, skipped.

`python bench/real_files.py FOLDER`; exits 1 when any file crashed the reader.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter
from pathlib import Path

from portal.sources.core.verdict import ERROR, OK, SKIPPED
from portal.sources.flows.reading import read_file
from portal.sources.providers.folder import Folder


def main() -> int:
    """Read every file of a folder alone; returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = Folder.open(str(parser.parse_args().folder))
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    files = crashed = 0
    for path in folder.list_files():
        files += 1
        try:
            report = read_file(folder, path)
        except Exception:  # noqa: BLE001 - whatever it is, it is what this script counts
            crashed += 1
            traceback.print_exc()
            continue
        for verdict in report.verdicts:
            statuses[verdict.status] += 1
            if verdict.status == SKIPPED:
                reasons[verdict.reason] += 1
            for finding in verdict.errors[:1]:
                reasons[f"refused: {finding.rule}"] += 1
    total = max(1, sum(statuses.values()))
    print(f"{files} files, {total} documents, {crashed} crashed")
    for status in (OK, ERROR, SKIPPED):
        print(f"{status}: {statuses[status]} ({statuses[status] / total:.0%})")
    for reason, count in reasons.most_common():
        print(f"  {count} {reason}")
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
