"""Reads a URL the way the portal calls it, and refuses forms that parsers disagree about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from portal.infra.outbound.errors import Refused

DEFAULT_PORTS = {"http": 80, "https": 443}
ODD_CHARACTERS = re.compile(r"[\x00-\x20\x7f\\]")
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
# What `inet_aton` reads as a number: 127.1, 0177.0.0.1, 0x7f000001.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
LONGEST_NAME = 253
FIX = "Write a plain address, such as https://monitoring.example.com/api."


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: scheme, host and port, nothing of its path."""

    scheme: str
    host: str
    port: int

    @property
    def label(self) -> str:
        """Return `scheme://host:port`, which is all that errors and logs say of a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def inspect_url(url: str) -> Target:
    """Return where `url` leads; raises Refused for anything but a plain http or https URL."""
    if ODD_CHARACTERS.search(url):
        raise Refused("The address holds a space, a backslash or a control character.", fix=FIX)
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in DEFAULT_PORTS:
        raise Refused("Only addresses that start with http:// or https:// are called.", fix=FIX)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise Refused(
            "The address holds a user or password.",
            fix="Give credentials in their own field, not in the address.",
        )
    host, port = _split_host(url)
    check_host(host)
    return Target(
        scheme.lower(), host.lower(), DEFAULT_PORTS[scheme.lower()] if port is None else port
    )


def _split_host(url: str) -> tuple[str, int | None]:
    """Return host and port where both parsers that take part in a call agree on them."""
    unreadable = Refused("The host or port of the address cannot be read.", fix=FIX)
    try:
        one, other = parse_url(url), urlsplit(url)
        host = (one.host or "").removeprefix("[").removesuffix("]")
        agree = (host, one.port) == (other.hostname or "", other.port)
    except (LocationParseError, ValueError):
        raise unreadable from None
    if not agree or one.port == 0:
        raise unreadable
    return host, one.port


def check_host(host: str) -> None:
    """Raise Refused unless `host` is an address in its usual form or a DNS name."""
    if is_address(host):
        return
    name = host.removesuffix(".")
    labels = name.split(".")
    if not name:
        raise Refused("The address names no host.", fix=FIX)
    if NUMBER.fullmatch(labels[-1]):
        raise Refused(
            "The host is a number that is read differently by different programs.",
            fix="Write an IPv4 address as four decimal numbers, such as 192.0.2.1.",
        )
    if len(name) > LONGEST_NAME or not all(LABEL.fullmatch(label) for label in labels):
        raise Refused("The host is not a valid name.", fix=FIX)


def is_address(host: str) -> bool:
    """Say whether `host` is an IP address in its usual form, without a network interface."""
    try:
        return ip_address(host) is not None and "%" not in host
    except ValueError:
        return False
