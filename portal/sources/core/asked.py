"""What somebody asks about: an address, a path, a reference however written, or a name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portal.catalog.core.kinds import KINDS
from portal.sources.core.file_addresses import read_address

NOTHING, FILE, FOLDER, REPOSITORY, ORGANISATION, ADDRESS, PATH, REFERENCE, NAME = (
    "nothing",
    "file",
    "folder",
    "repository",
    "organisation",
    "address",
    "path",
    "reference",
    "name",
)
AT_HOST = (FILE, FOLDER, REPOSITORY, ORGANISATION, ADDRESS)
NAMED = (REFERENCE, NAME)
KIND_NAMES = {kind.name.lower() for kind in KINDS.values()}
WORDS = {
    **{name: name for name in KIND_NAMES},
    **{f"{name}s": name for name in KIND_NAMES},
    "team": "group",
    "person": "user",
}
LONGEST = 2_000
# `/catalog/<kind>/<namespace>/<name>` here, namespace first in Backstage.
PAGE = re.compile(
    r"(?:^|/)(?:catalog|entities)/(?P<one>[^/?#]+)/(?P<two>[^/?#]+)/(?P<name>[^/?#]+)/?(?:[/?#].*)?$"
)
TEAM = re.compile(r"(?:^|/)teams/(?P<namespace>[^/?#]+)/(?P<name>[^/?#]+)/?(?:[?#].*)?$")
KIND_FIRST = re.compile(r"(?P<kind>[A-Za-z]+)\s*:\s*(?:(?P<namespace>[^/\s]+)/)?(?P<name>[^/]+)")
PARTED = re.compile(r"(?P<kind>[A-Za-z]+)/(?P<namespace>[^/\s]+)/(?P<name>[^/\s]+)")
FILE_PATH = re.compile(r"(?P<path>.*\.(?:ya?ml|json))(?::(?P<line>\d+))?", re.IGNORECASE)
BARE_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?/.+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about. `text` is as given, without anything secret.

    `rest` is branch and path in one where the address does not tell them apart; `refs` are
    canonical references it may mean, `names` ways a name or title may be written.
    """

    text: str
    kind: str
    host: str = ""
    repositories: tuple[str, ...] = ()
    rest: str = ""
    branch: str = ""
    path: str = ""
    line: int | None = None
    url: str = ""
    refs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def read_asked(text: str) -> Asked:
    """Return what a text asks about; never fails."""
    text = text.strip(" \t\r\n<>\"'`")[:LONGEST].strip()
    text = text.removeprefix("url:")
    if not text:
        return Asked("", NOTHING)
    page = _read_page(text)
    if page is not None:
        return Asked(_hide(text), REFERENCE, refs=(page,))
    return _read_at_host(text) or _read_path(text) or _read_ref(text) or _read_name(text)


def _hide(text: str) -> str:
    """Return an address without what may be secret in it: user, password, query."""
    found = read_address(text) if "://" in text else None
    return found.url if found is not None else text.partition("?")[0]


def _read_page(text: str) -> str | None:
    page, team = PAGE.search(text), TEAM.search(text)
    if page is not None:
        one, two, name = (page[part].lower() for part in ("one", "two", "name"))
        if one in KIND_NAMES:
            return f"{one}:{two}/{name}"
        if two in KIND_NAMES:
            return f"{two}:{one}/{name}"
    if team is not None and "://" in text:
        return f"group:{team['namespace']}/{team['name']}".lower()
    return None


def _read_at_host(text: str) -> Asked | None:
    is_clone = text.startswith("ssh://") or re.match(r"[\w.-]+@[\w.-]+:", text) is not None
    if "://" not in text and not is_clone:
        first = text.partition("/")[0]
        if not BARE_HOST.fullmatch(text) or FILE_PATH.fullmatch(first):
            return None
        text = f"https://{text}"
    found = read_address(text)
    if found is None:
        shown = re.sub(r"//[^/]*@", "//", text).partition("?")[0]
        return Asked(shown, NOTHING) if "://" in text else None
    return Asked(
        found.url,
        found.kind,
        found.host,
        found.repositories,
        found.rest,
        found.branch,
        found.path,
        url=found.url,
    )


def _read_path(text: str) -> Asked | None:
    found = FILE_PATH.fullmatch(text)
    if found is None or KIND_FIRST.fullmatch(text):
        return None
    path = found["path"].replace("\\", "/").removeprefix("./")
    return Asked(text, PATH, path=path, line=int(found["line"]) if found["line"] else None)


def _read_ref(text: str) -> Asked | None:
    found = KIND_FIRST.fullmatch(text) or PARTED.fullmatch(text)
    if found is None:
        return None
    written = found["kind"].lower()
    kind = WORDS.get(written, written)
    if ":" not in text and kind not in KIND_NAMES:
        return None
    namespace = (found["namespace"] or "default").lower()
    name = found["name"].strip().lower()
    spelt = dict.fromkeys((name, name.replace(" ", "-")))
    refs = tuple(f"{kind}:{namespace}/{each}" for each in spelt if " " not in each)
    return Asked(text, REFERENCE, refs=refs)


def _read_name(text: str) -> Asked:
    """Return a name of any kind, in the namespace it states; a title in words as well."""
    name = " ".join(text.lower().split())
    namespace, slash, last = name.rpartition("/")
    spelt = tuple(dict.fromkeys((name, name.replace(" ", "-"))))
    if slash and "/" not in namespace and namespace:
        refs = [f"{kind}:{namespace}/{last}" for kind in sorted(KIND_NAMES)]
    else:
        refs = [f"{kind}:default/{each}" for kind in sorted(KIND_NAMES) for each in spelt]
    kept = tuple(ref for ref in refs if " " not in ref)
    is_repository = bool(slash) and "/" not in namespace and " " not in name
    repositories = (name,) if is_repository else ()
    return Asked(text, NAME, repositories=repositories, refs=kept, names=spelt)
