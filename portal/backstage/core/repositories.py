"""What the address of a repository tells: a descriptor to begin with."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from portal.backstage.core.refusals import Refused

HOSTS = {
    "github.com": "github.com",
    "gitlab.com": "gitlab.com",
    "bitbucket.org": "bitbucket.org",
    "dev.azure.com": "dev.azure.com",
}
# Where the path of a file begins behind the repository, host by host.
MARKS = ("-", "blob", "tree", "raw", "src", "edit")


def analyze(target: str) -> dict[str, Any]:
    """Return the answer of /analyze-location: an entity as its repository's address suggests."""
    owner, name, host = _split(target)
    metadata: dict[str, Any] = {"name": name}
    if host in HOSTS:
        metadata["annotations"] = {f"{HOSTS[host]}/project-slug": f"{owner}/{name}"}
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "other", "lifecycle": "unknown"},
    }
    return {"existingEntityFiles": [], "generateEntities": [{"entity": entity, "fields": []}]}


def _split(target: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(target)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    steps = [step for step in parts.path.split("/") if step] if host else []
    if len(steps) < 2 or parts.scheme not in ("http", "https", "ssh", "git"):  # noqa: PLR2004 the number says it best here
        raise Refused("The given location.target is not a URL")
    if host == "dev.azure.com" and "_git" in steps:
        place = steps.index("_git")
        return "/".join(steps[1:place]), steps[place + 1], host
    cut = next((n for n, step in enumerate(steps) if n > 1 and step in MARKS), len(steps))
    # Only GitLab has groups within groups; elsewhere the second step is the repository.
    cut = cut if "gitlab" in host else 2
    return "/".join(steps[: cut - 1]), steps[cut - 1].removesuffix(".git"), host
