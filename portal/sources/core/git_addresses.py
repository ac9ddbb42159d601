"""The address of a Git repository, read strictly: every form that could mean more is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import quote, unquote

from portal.errors import InvalidInput, Problem

LONGEST_ADDRESS = 2_000
LONGEST_HOST = 253
LAST_PORT = 65_535
EXAMPLES = "https://git.example.com/team/service.git or git@git.example.com:team/service.git"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
HELPER = re.compile(r"[A-Za-z0-9+.-]*::")
SCP = re.compile(r"([^@/:]*)@(\[[^\]/@]*\]|[^@/:\[\]]*):(.*)", re.DOTALL)
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# The last label of what `inet_aton` reads as a number: 127.1, 0x7f000001.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
BRANCH = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]{1,244}")


@dataclass(frozen=True, slots=True)
class GitAddress:
    """Where a repository lies; `text` is as shown, never with a password."""

    scheme: str
    host: str
    port: int | None
    path: str
    user: str
    text: str

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there stays on this machine."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def place(self) -> str:
        """Return host and port, as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


def parse_git_address(text: str) -> GitAddress:
    """Return the address; raises InvalidInput for all but https, http, ssh and user@host:path.

    No message repeats what was given: it may hold a password.
    """
    text = text.strip(" ")
    if not text:
        _refuse("missing", "No address is given.", f"Write one such as {EXAMPLES}.")
    if len(text) > LONGEST_ADDRESS:
        _refuse("length", f"The address is longer than {LONGEST_ADDRESS} characters.", "Shorten it")
    if CONTROL.search(text):
        _refuse("characters", "The address holds a control character.", "Type it by hand.")
    if text.startswith("-"):
        _refuse("option", "The address starts with a dash.", f"Write one such as {EXAMPLES}.")
    if HELPER.match(text):
        _refuse("transport", "Transports that run programs are not used.", f"Write {EXAMPLES}.")
    scheme, separator, rest = text.partition("://")
    if separator:
        return _read_url(scheme.lower(), rest)
    return _read_scp(text)


def is_branch(name: str) -> bool:
    """Whether a branch, tag or full ref may be called so in Git."""
    return bool(BRANCH.fullmatch(name)) and not name.endswith(("/", ".")) and name[0] not in "/."


def _read_url(scheme: str, rest: str) -> GitAddress:
    if scheme not in ("https", "http", "ssh"):
        _refuse(
            "transport",
            "Only https://, http:// and ssh:// are read.",
            "`git://` is not protected and `file://` would read this machine. "
            "A folder on this machine is a source of its own kind.",
        )
    authority, slash, path = rest.partition("/")
    userinfo, at, place = authority.rpartition("@")
    if ":" in userinfo:
        _refuse("password", "The address holds a password.", "Give it as a credential instead.")
    if at and scheme != "ssh":
        _refuse(
            "user",
            "The address holds a user, which may be a token.",
            "Leave it out here and give user and token as a credential.",
        )
    user = _check_user(userinfo) if at else ""
    host, port = _split_place(place)
    path = _check_path(slash + path, is_url=True)
    quoted = quote(path, safe="/!$&'()*+,;=:@")
    spelled = GitAddress(scheme, host, port, path if scheme == "ssh" else quoted, user, "")
    before = f"{user}@" if user else ""
    return replace(spelled, text=f"{scheme}://{before}{spelled.place}{quoted}")


def _read_scp(text: str) -> GitAddress:
    found = SCP.fullmatch(text)
    if found is None:
        if "@" in text.partition("/")[0]:
            _refuse("form", "The address cannot be read.", f"Write {EXAMPLES}.")
        _refuse(
            "local",
            "The address names no server.",
            f"Write {EXAMPLES}. A folder on this machine is a source of its own kind.",
        )
    user = _check_user(found[1])
    host, _ = _split_place(found[2], has_port=False)
    path = _check_path(found[3], is_url=False)
    shown = f"[{host}]" if ":" in host else host
    return GitAddress("ssh", host, None, path, user, f"{user}@{shown}:{path}")


def _check_user(user: str) -> str:
    if not USER.fullmatch(user):
        _refuse(
            "user",
            "The user is missing or holds characters that are not allowed.",
            "Most servers expect `git`: git@host:path.",
        )
    return user


def _split_place(place: str, *, has_port: bool = True) -> tuple[str, int | None]:
    """Return host and port."""
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        if rest and not rest.startswith(":"):
            _refuse("host", "The host cannot be read.", "Write IPv6 as [2001:db8::1].")
        return _check_address(host), _check_port(rest[1:]) if rest else None
    host, colon, port = place.partition(":")
    host = _check_host(host.lower().removesuffix("."))
    return host, _check_port(port) if has_port and colon else None


def _check_address(host: str) -> str:
    try:
        read = ip_address(host)
    except ValueError:
        read = None
    if read is None or read.version != 6 or "%" in host:  # noqa: PLR2004 IPv6
        _refuse("host", "What stands in brackets is no IPv6 address.", "Write [2001:db8::1].")
    return str(read)


def _check_host(host: str) -> str:
    """Return a DNS name or IPv4 address in its one usual form."""
    if not host.isascii():
        _refuse("host", "The host holds other than ASCII letters.", "Write it as xn--….")
    if host.startswith("-"):
        _refuse("option", "The host starts with a dash.", f"Write {EXAMPLES}.")
    try:
        return str(ip_address(host))
    except ValueError:
        labels = host.split(".")
    if NUMBER.fullmatch(labels[-1]):
        _refuse(
            "host",
            "The host is a number that is read differently by different programs.",
            "Write an IPv4 address as four decimal numbers, such as 192.0.2.1.",
        )
    if len(host) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in labels):
        _refuse("host", "The host is missing or not a valid name.", f"Write {EXAMPLES}.")
    return host


def _check_port(port: str) -> int:
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= LAST_PORT):  # noqa: PLR2004 digits
        _refuse("port", f"A port is a number from 1 to {LAST_PORT}.", "Correct or leave it out.")
    return int(port)


def _check_path(path: str, *, is_url: bool) -> str:
    """Return the path as the server gets it: decoded where it stood in a URL."""
    if is_url and ("?" in path or "#" in path):
        _refuse("path", "The address holds `?` or `#`.", "Give the address of the repository.")
    path = unquote(path, errors="surrogateescape") if is_url else path
    if CONTROL.search(path) or "\\" in path:
        _refuse("characters", "The path holds a backslash or control character.", "Check the path.")
    if path.startswith("-"):
        _refuse("option", "The path starts with a dash.", "Write ./ before it, or a full path.")
    if not {".", ".."}.isdisjoint(path.removeprefix("./").split("/")):
        _refuse("path", "The path holds `.` or `..`.", "Write the path without them.")
    path = path.rstrip("/")
    if not path.strip("/"):
        _refuse("path", "The address names a server but no repository.", f"Write {EXAMPLES}.")
    return path


def _refuse(rule: str, message: str, fix: str) -> NoReturn:
    raise InvalidInput(message, (Problem("address", rule, message, fix),), fix=fix)
