"""What the address of a repository tells: where it is, and a descriptor to begin with."""

from __future__ import annotations

from dataclasses import dataclass
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
WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """A repository by host, owner and name; `address` is where it is fetched, if it can be."""

    host: str
    owner: str
    name: str
    address: str

    @property
    def page(self) -> str:
        """Return what the addresses of its files begin with, in lower case, without `https://`."""
        shown = self.address.partition("://")[2].removesuffix(".git")
        return (shown or f"{self.host}/{self.owner}/{self.name}").lower()


def suggest_entity(found: RepositoryName) -> dict[str, Any]:
    """Return an entity as the address of its repository suggests."""
    metadata: dict[str, Any] = {"name": found.name}
    if found.host in HOSTS:
        slug = f"{found.owner}/{found.name}"
        metadata["annotations"] = {f"{HOSTS[found.host]}/project-slug": slug}
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "other", "lifecycle": "unknown"},
    }
    return {"entity": entity, "fields": []}


def read_repository(target: str) -> RepositoryName:
    """Return the repository an address is of, or of a file in; raises Refused for none."""
    try:
        parts = urlsplit(target)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    steps = [step for step in parts.path.split("/") if step] if host else []
    if len(steps) < 2 or parts.scheme not in (*WEB, "ssh", "git"):  # noqa: PLR2004 the number says it best here
        raise Refused("The given location.target is not a URL")
    if host == "dev.azure.com" and "_git" in steps[:-1]:
        place = steps.index("_git")
        owner, name, cut = "/".join(steps[1:place]), steps[place + 1], place + 2
    else:
        cut = next((n for n, step in enumerate(steps) if n > 1 and step in MARKS), len(steps))
        # Only GitLab has groups within groups; elsewhere the second step is the repository.
        cut = cut if "gitlab" in host else 2
        owner, name = "/".join(steps[: cut - 1]), steps[cut - 1].removesuffix(".git")
    server = parts.netloc.rpartition("@")[2]
    address = f"{parts.scheme}://{server}/{'/'.join(steps[:cut])}" if parts.scheme in WEB else ""
    return RepositoryName(host, owner, name, address)
