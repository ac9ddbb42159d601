"""Where people see a file: the address a path within a repository is appended to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from portal.sources.core.git_addresses import GitAddress

# How hosts write the page of a file; other hosts are told by a word in their name.
FORMS = (("github", "blob"), ("gitlab", "-/blob"), ("bitbucket", "src"), ("gitea", "src/branch"))


def make_file_url(address: GitAddress, branch: str) -> str:
    """Return what a path is appended to for a link to a file, '' for a host that is not known."""
    form = next((form for word, form in FORMS if word in address.host), None)
    if form is None or not branch:
        return ""
    path = quote(address.path.strip("/").removesuffix(".git"))
    return f"https://{address.host}/{path}/{form}/{quote(branch)}/"
