"""Pages on which hosts show a file, and what else stands there: the bare file, its editor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

# A word in the host's name, and how a page, the bare file and the editor are written there.
FORMS = (
    ("github", "blob", "raw", "edit"),
    ("gitlab", "-/blob", "-/raw", "-/edit"),
    ("bitbucket", "src", "raw", ""),
    ("gitea", "src/branch", "raw/branch", "_edit"),
)
HOSTS = tuple(form[0] for form in FORMS)
# What is written with a commit always shows that commit, so nothing can be edited there.
COMMIT = re.compile(r"\b[0-9a-f]{40,}\b")
BARE_GITHUB = "https://raw.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page that shows a file: its repository, and `rest`, which is branch and path."""

    host: str
    repository: str
    forms: tuple[str, str, str]
    rest: str
    query: str

    @property
    def raw(self) -> str:
        """Return where the bare file is."""
        if self.repository.startswith("https://github.com/"):
            slug = self.repository.removeprefix("https://github.com")
            return f"{BARE_GITHUB}{slug}/{self.rest}{self.query}"
        return f"{self.repository}/{self.forms[1]}/{self.rest}{self.query}"

    @property
    def editor(self) -> str:
        """Return where the file is edited, '' for what shows a commit."""
        if COMMIT.search(self.rest):
            return ""
        page, _, editor = self.forms
        if not editor:
            branch = self.rest.partition("/")[0]
            joint = "&" if self.query else "?"
            asked = f"{self.query}{joint}mode=edit&at={branch}"
            return f"{self.repository}/{page}/{self.rest}{asked}"
        return f"{self.repository}/{editor}/{self.rest}{self.query}"

    @property
    def folder(self) -> str:
        """Return where the folder of the file is shown."""
        page = "tree" if self.host == "github" else self.forms[0]
        return f"{self.repository}/{page}/{self.rest.rpartition('/')[0]}/{self.query}"


def find_host(parts: SplitResult) -> str:
    """Return which host an address is of, '' for one that is not known."""
    name = parts.hostname or ""
    return "" if name.startswith("raw.") else next((word for word in HOSTS if word in name), "")


def find_page(address: str) -> FilePage | None:
    """Return the page an address is of; None for anything else, such as the bare file."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    host = find_host(parts)
    forms = next((form[1:] for form in FORMS if form[0] == host), None)
    if forms is None:
        return None
    # Groups lie within groups at GitLab; elsewhere a repository is owner and name.
    repository = "/.+?" if host == "gitlab" else "/[^/]+/[^/]+"
    found = re.fullmatch(rf"({repository})/{re.escape(forms[0])}/([^/]+/.+)", parts.path)
    if found is None:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return FilePage(host, f"{parts.scheme}://{parts.netloc}{found[1]}", forms, found[2], query)


def find_raw_address(address: str) -> str:
    """Return where the bare file is that an address shows, or the address."""
    page = find_page(address)
    return address if page is None else page.raw
