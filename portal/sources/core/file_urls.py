"""Where people see a file: the address a path within a repository is appended to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from portal.sources.core.file_pages import FORMS

if TYPE_CHECKING:
    from portal.sources.core.git_addresses import GitAddress

WEB = ("http", "https")


def make_file_url(address: GitAddress, branch: str) -> str:
    """Return what a path is appended to for a link to a file, '' for a host that is not known."""
    form = next((form for word, form, *_ in FORMS if word in address.host), None)
    if form is None or not branch:
        return ""
    path = address.path.strip("/").removesuffix(".git")
    if address.scheme in WEB:
        return f"{address.scheme}://{address.place}/{path}/{form}/{quote(branch)}/"
    # What is fetched over SSH is shown where the web usually is.
    return f"https://{address.host}/{quote(path)}/{form}/{quote(branch)}/"
