"""The JSON shapes of the GitLab REST API that several handlers share."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from .gitobjects import SUBMODULE
from .server import Refusal

if TYPE_CHECKING:
    from .gitobjects import Commit


def stamp(seconds: float) -> str:
    """Return a time as GitLab writes it."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def missing(what: str) -> Refusal:
    """Build GitLab's 404."""
    return Refusal(404, {"message": f"404 {what} Not Found"})


def commit_shape(one: Commit, web: str) -> dict[str, Any]:
    """Return a commit as branches and the commits API give it."""
    return {
        "id": one.sha,
        "short_id": one.sha[:8],
        "title": one.message.partition("\n")[0],
        "message": one.message,
        "parent_ids": list(one.parents),
        "author_name": "Ada",
        "author_email": "ada@acme.example",
        "authored_date": stamp(one.when),
        "committed_date": stamp(one.when),
        "created_at": stamp(one.when),
        "web_url": f"{web}/-/commit/{one.sha}",
    }


def tree_rows(commit: Commit, folder: str, *, deep: bool) -> Any:
    """Yield tree rows: directories first in each directory, then files."""
    kinds = {"040000": "tree", SUBMODULE: "commit"}
    found = commit.trees()[folder][1]
    for mode, name, sha in sorted(found, key=lambda row: row[0] != "040000"):
        path = f"{folder}/{name}" if folder else name
        yield {"id": sha, "name": name, "type": kinds.get(mode, "blob"), "path": path, "mode": mode}
        if deep and mode == "040000":
            yield from tree_rows(commit, path, deep=True)
