"""A file's address at a host, in any of the forms its pages give it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from portal.errors import InvalidInput
from portal.sources.core.git_addresses import parse_git_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

# Several names of one host.
HOSTS = {
    "www.github.com": "github.com",
    "api.github.com": "github.com",
    "ssh.github.com": "github.com",
    "raw.githubusercontent.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "api.bitbucket.org": "bitbucket.org",
}
TWO = r"(?P<repository>[^/]+/[^/]+)"
MANY = r"(?P<repository>[^/]+(?:/[^/]+)+?)"
FILE_WORDS = "blob|raw|edit|blame|annotate|src|_edit|browse|ide"
# The first that fits is taken; `rest` is branch and path, told apart by who knows the branch.
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"repos/{TWO}/contents/(?P<path>.+)",
        r"projects/(?P<project>[^/]+)/repos/(?P<name>[^/]+)(?:/(?:browse|raw)(?:/(?P<path>.*))?)?(?:/.*)?",
        rf"{MANY}/-/(?P<word>blob|raw|edit|blame|tree)/(?P<rest>.+)",
        rf"{MANY}/-(?:/.*)?",
        r"(?P<repository>[^/]+/[^/]+/_git/[^/]+)(?:/.*)?",
        rf"{TWO}/(?P<word>src|raw|blame)/(?:branch|tag|commit)/(?P<rest>.+)",
        rf"{TWO}/(?P<word>{FILE_WORDS}|tree)/(?:refs/(?:heads|tags)/)?(?P<rest>.+)",
        rf"{MANY}/(?P<word>blob|raw|edit|blame|tree)/(?:refs/(?:heads|tags)/)?(?P<rest>.+)",
    )
)
RAW_HOST = re.compile(rf"{TWO}/(?:refs/(?:heads|tags)/)?(?P<rest>.+)")
AFTER_HEAD = re.compile(r"^refs/(?:heads|tags)/")
API_PATH = re.compile(r"/api/v[34]$")
FILE_NAME = re.compile(r"\.(?:ya?ml|json)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Located:
    """What an address at a host names; `rest` is branch and path in one where they cannot be told.

    `url` is the address without anything secret in it.
    """

    kind: str
    host: str
    repositories: tuple[str, ...] = ()
    rest: str = ""
    branch: str = ""
    path: str = ""
    url: str = ""


def read_address(text: str) -> Located | None:
    """Return what a web address or a clone address names; None when it is neither."""
    if "://" not in text or text.startswith("ssh://"):
        return _read_clone_address(text)
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or " " in host:
        return None
    path = unquote(parts.path).strip("/")
    url = f"{parts.scheme}://{host}{port}/{path}"
    return _read_path(parts, host + port, path, url)


def name_host(address: str) -> str:
    """Return the host people see behind an API's address or a repository's."""
    found = read_address(address)
    return found.host if found is not None else ""


def _read_clone_address(text: str) -> Located | None:
    try:
        address = parse_git_address(text)
    except InvalidInput:
        return None
    path = address.path.strip("/").removesuffix(".git")
    return Located("repository", HOSTS.get(address.place, address.place), (path,), url=address.text)


def _read_path(parts: SplitResult, host: str, path: str, url: str) -> Located:
    asked = parse_qs(parts.query)
    branch = next(iter(_list_branches(asked)), "")
    plain = HOSTS.get(host, host)
    if host == "raw.githubusercontent.com":
        found = RAW_HOST.fullmatch(path)
    else:
        found = next((match for form in FORMS if (match := form.fullmatch(path))), None)
    if found is None:
        return _read_bare(plain, path, url)
    parted = found.groupdict()
    repositories = _list_repositories(parted)
    within = parted.get("path") or next(iter(asked.get("path", ())), "").strip("/")
    rest = AFTER_HEAD.sub("", parted.get("rest") or "")
    if branch and rest and not within and FILE_NAME.search(rest) and "at" in asked:
        within, rest = rest.partition("/")[2], ""
    if within:
        return Located("file", plain, repositories, branch=branch, path=within, url=url)
    if not rest:
        return Located("repository", plain, repositories, url=url)
    kind = "folder" if parted.get("word") == "tree" else "file"
    return Located(kind, plain, repositories, rest=rest, url=url)


def _list_branches(asked: dict[str, list[str]]) -> Iterator[str]:
    """Yield what a query says of the branch; Azure writes GB before it."""
    for name in ("at", "ref", "version"):
        for value in asked.get(name, ()):
            yield AFTER_HEAD.sub("", value.removeprefix("GB") if name == "version" else value)


def _list_repositories(parted: dict[str, str | None]) -> tuple[str, ...]:
    if parted.get("project"):
        slug = f"{parted['project']}/{parted['name']}"
        return (slug, f"scm/{slug}")
    return ((parted["repository"] or "").removesuffix(".git"),)


def _read_bare(host: str, path: str, url: str) -> Located:
    """Return a repository, an organisation, or whatever file lies at an address without a form."""
    if FILE_NAME.search(path):
        return Located("address", host, url=url)
    segments = [part for part in API_PATH.sub("", f"/{path}").split("/") if part]
    if len(segments) < 2:  # noqa: PLR2004 owner and name
        return Located("organisation", host, tuple(segments), url=url)
    # Behind a repository's name may stand anything; only some hosts have exactly two segments.
    most = 2 if host == "github.com" or "bitbucket" in host else len(segments)
    found = ["/".join(segments[:count]).removesuffix(".git") for count in range(most, 1, -1)]
    return Located("repository", host, tuple(found), url=url)
