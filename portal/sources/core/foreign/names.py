"""Names, tags and addresses of other products in the form the catalog allows."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import urlsplit

LONGEST = 63
HASH_LENGTH = 8
_BETWEEN = re.compile(r"[^A-Za-z0-9_.]+")
_OUTSIDE_TAG = re.compile(r"[^a-z0-9:+#]+")
HOSTS = {
    "github.com": "github.com/project-slug",
    "gitlab.com": "gitlab.com/project-slug",
    "bitbucket.org": "bitbucket.org/project-slug",
    "dev.azure.com": "dev.azure.com/project-repo",
}
ON_CALL_PAGES = {
    "pagerduty": (".pagerduty.com", re.compile(r"/service-directory/([A-Za-z0-9_-]+)/?")),
    "opsgenie": (".opsgenie.com", re.compile(r"/service/([A-Za-z0-9_-]+)/?")),
}


def _fold(text: str) -> str:
    """Return the text without accents and other combining marks."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _join(between: re.Match[str]) -> str:
    """Return one `-` for a run that holds anything a name may not; hyphens alone stay."""
    return "-" if between[0].strip("-") else between[0]


def _clean(text: str) -> str:
    """Return what a name may hold of `text`, however long."""
    return _BETWEEN.sub(_join, _fold(text.strip())).strip("-_.")


def is_hashed(text: str) -> bool:
    """Whether the name of `text` needs a hash: nothing of it is left, or too much."""
    return not 0 < len(_clean(text)) <= LONGEST


def make_name(text: str) -> str:
    """Return the name the catalog uses for `text`; the same text always gives the same name."""
    original = text.strip()
    name = _clean(original)
    digest = hashlib.sha256(original.encode()).hexdigest()[:HASH_LENGTH]
    if not name:
        return f"x-{digest}"
    if len(name) > LONGEST:
        return f"{name[: LONGEST - HASH_LENGTH - 1].rstrip('-_.')}-{digest}"
    return name


def make_tag(text: str) -> str:
    """Return `text` as a tag, empty when nothing usable is left."""
    return _OUTSIDE_TAG.sub("-", _fold(text).lower()).strip("-")


def find_repository(url: str) -> tuple[str, str] | None:
    """Return annotation and slug of a repository's address on one of the four public hosts."""
    parts = urlsplit(url)
    annotation = HOSTS.get((parts.hostname or "").lower())
    steps = [step for step in parts.path.split("/") if step]
    if annotation is None or len(steps) < 2:  # noqa: PLR2004 owner and repository
        return None
    if annotation == HOSTS["dev.azure.com"] and "_git" in steps[1:-1]:
        at = steps.index("_git")
        steps = [steps[at - 1], steps[at + 1]]
    return annotation, "/".join(steps[:2]).removesuffix(".git")


def find_on_call(tool: str, url: str) -> str | None:
    """Return the id of a service from the address of its page in an on-call tool."""
    host, page = ON_CALL_PAGES[tool]
    parts = urlsplit(url)
    match = page.fullmatch(parts.path)
    return match[1] if match and (parts.hostname or "").lower().endswith(host) else None
