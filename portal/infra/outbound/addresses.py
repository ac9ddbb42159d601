"""Which addresses and ports the portal may call. Pure: no lookup, no socket.

Public addresses are allowed; everything else only where the operator lists it; addresses that
hand out a machine's credentials, and those that name no machine, never.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING

from portal.settings.outbound import LAST_PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portal.settings.outbound import AllowedRange

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, Oracle, OpenStack, DigitalOcean, Hetzner, Huawei
        "169.254.170.2",  # AWS: credentials of a container
        "169.254.170.23",  # AWS: credentials of a pod
        "169.254.0.23",  # Tencent
        "169.254.42.42",  # Scaleway
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure: the host's agent, a public address
        "192.0.0.192",  # Oracle Classic
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS: credentials of a pod
        "fd20:ce::254",  # Google
        "fd00:c1::a9fe:a9fe",  # Oracle
        "fd00:42::42",  # Scaleway
        "fe80::a9fe:a9fe",  # OpenStack
    )
)


def _networks(kinds: dict[str, str]) -> tuple[tuple[Network, str], ...]:
    return tuple((ip_network(text), kind) for text, kind in kinds.items())


# An address that names no single machine; listing it would not make it one.
NOWHERE = _networks(
    {
        "0.0.0.0/8": "unspecified",
        "224.0.0.0/4": "multicast",
        "255.255.255.255/32": "broadcast",
        "::/128": "unspecified",
        "ff00::/8": "multicast",
    }
)
# The first that fits gives the reason. After the IANA special-purpose registries.
SPECIAL = _networks(
    {
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared (carrier-grade NAT)",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "6to4 relay",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "benchmark",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "240.0.0.0/4": "reserved",
        "::1/128": "loopback",
        "::/96": "IPv4-compatible",
        "::ffff:0:0/96": "IPv4-mapped",
        "::ffff:0:0:0/96": "IPv4-translated",
        "64:ff9b::/96": "NAT64",
        "64:ff9b:1::/48": "local NAT64",
        "fc00::/7": "private (unique local)",
        "fe80::/10": "link-local",
        "fec0::/10": "site-local",
        "2001::/32": "Teredo",
        "2001::/23": "reserved",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "3ffe::/16": "reserved",
        "3fff::/20": "documentation",
    }
)
GLOBAL_UNICAST = ip_network("2000::/3")
# Networks whose last 32 bits are an IPv4 address.
TAILED = tuple(
    IPv6Network(text)
    for text in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
ISATAP = (0x00005EFE, 0x02005EFE)
# Ports no browser calls over HTTP (Fetch standard), and databases that read lines.
# fmt: off
DENIED_PORTS = frozenset(
    {
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
        101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161,
        179, 389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556,
        563, 587, 601, 636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 3306, 3389,
        3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669,
        6679, 6697, 10080, 11211, 27017,
    }
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether an address may be called, and if not, why; the reason never names the address."""

    allowed: bool
    reason: str = ""


ALLOWED = Judgement(allowed=True)


def judge(
    address: str,
    port: int,
    allow: Iterable[AllowedRange],
    own_ports: frozenset[int] = frozenset(),
) -> Judgement:
    """Decide about one resolved address and port; embedded IPv4 addresses are judged too.

    `own_ports` belong to the protocol that is about to be spoken, so they are not denied to it.
    """
    try:
        read = ip_address(address)
    except ValueError:
        return Judgement(allowed=False, reason="is not an address")
    ranges = tuple(allow)
    for part in (read, *find_embedded(read)):
        reason = _find_reason(part, port, ranges, DENIED_PORTS - own_ports)
        if reason:
            return Judgement(allowed=False, reason=reason)
    return ALLOWED


def find_embedded(address: Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses an IPv6 address carries."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if any(address in network for network in TAILED) and number > 1:
        yield IPv4Address(number & 0xFFFFFFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if (number >> 32) & 0xFFFFFFFF in ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)


def _find_reason(
    address: Address, port: int, ranges: tuple[AllowedRange, ...], denied: frozenset[int]
) -> str:
    never = _find_never(address, port)
    if never or any(_covers(part, address, port) for part in ranges if part.named):
        return never
    if port in denied:
        return f"stands behind port {port}, which speaks another protocol than HTTP"
    if any(_covers(part, address, port) for part in ranges):
        return ""
    return _name_kind(address)


def _find_never(address: Address, port: int) -> str:
    """Return why no allow list helps, or nothing."""
    if address in METADATA:
        return "is a cloud metadata address, which is never called"
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return "names a network interface, which is never called"
    if not 0 < port <= LAST_PORT:
        return f"stands behind port {port}, which does not exist"
    kinds = (kind for network, kind in NOWHERE if address in network)
    return next((f"is {kind}, which is never called" for kind in kinds), "")


def _covers(part: AllowedRange, address: Address, port: int) -> bool:
    return address in part.network and part.first_port <= port <= part.last_port


def _name_kind(address: Address) -> str:
    for network, kind in SPECIAL:
        if address in network:
            return f"is {kind} ({network}), which PORTAL_OUTBOUND_ALLOW does not list"
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return "is reserved, which PORTAL_OUTBOUND_ALLOW does not list"
    return ""
