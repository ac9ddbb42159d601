"""Which commit a branch, a tag or HEAD names, in what a server lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from portal.sources.core.git_addresses import is_branch
from portal.sources.core.trees import SourceDown

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = b"HEAD"
BRANCHES, TAGS = b"refs/heads/", b"refs/tags/"
PEELED = b"^{}"
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
NAMED_AT_MOST = 5


def list_candidates(branch: str) -> list[bytes]:
    """Return the full names a branch may stand for, the first that exists counts."""
    if not branch:
        return [HEAD]
    name = branch.encode()
    if branch.startswith("refs/"):
        return [name]
    return [BRANCHES + name, TAGS + name]


def check_branch(branch: str) -> None:
    """Raise SourceDown for what cannot be the name of a branch."""
    if branch and not is_branch(branch):
        raise SourceDown(
            "The branch that is given cannot be a branch's name.",
            fix="Give its name, such as main; or leave it out.",
        )


def find_commit(refs: Mapping[bytes, bytes | None], branch: str) -> tuple[bytes, str] | None:
    """Return the full name and the commit of a branch, tags led to what they stand for."""
    for name in list_candidates(branch):
        found = refs.get(name + PEELED) or refs.get(name)
        if found:
            commit = found.decode("ascii", "replace")
            if not COMMIT.fullmatch(commit):
                raise SourceDown("The server lists a branch without a commit.")
            return name, commit
    return None


def shorten(name: bytes) -> str:
    """Return the name of a ref as people write it."""
    text = name.decode("utf-8", "replace")
    return text.removeprefix("refs/heads/").removeprefix("refs/tags/")


def explain_missing(shown: str, branch: str, refs: Mapping[bytes, bytes | None]) -> SourceDown:
    """Return what to say of a branch that is not there, naming some that are."""
    names = sorted(shorten(name) for name in refs if name.startswith(BRANCHES))
    names = [name for name in names if is_branch(name) and name.isprintable()]
    some = ", ".join(names[:NAMED_AT_MOST])
    more = ", …" if len(names) > NAMED_AT_MOST else ""
    what = f"no branch or tag {branch}" if branch else "no default branch"
    fix = f"Give one of: {some}{more}." if names else "Give the name of a branch."
    return SourceDown(f"{shown} has {what}.", fix=fix)
