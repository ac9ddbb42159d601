"""The addresses the portal may call besides public ones, as the settings list them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import AfterValidator

LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class AllowedRange:
    """Addresses the portal may call although they are not public; `named` when ports are given."""

    network: IPv4Network | IPv6Network
    first_port: int = 1
    last_port: int = LAST_PORT
    named: bool = False


def parse_allow_list(text: str) -> tuple[AllowedRange, ...]:
    """Read `range[:port[-port]], …`; raises ValueError that names the wrong part and the fix."""
    return tuple(_read_range(part) for part in map(str.strip, text.split(",")) if part)


def _read_range(part: str) -> AllowedRange:
    network, ports = _split_range(part)
    try:
        read = ip_network(network)
    except ValueError:
        raise ValueError(f"`{part}`: {_explain_range(network)}") from None
    if ports is None:
        return AllowedRange(read)
    first, dash, last = ports.partition("-")
    if not all(_is_port(port) for port in ((first, last) if dash else (first,))):
        raise ValueError(f"`{part}`: a port is a number from 1 to {LAST_PORT}, such as 443")
    if dash and int(first) > int(last):
        raise ValueError(f"`{part}`: write the lower port first, such as 80-90")
    return AllowedRange(read, int(first), int(last or first), named=True)


def _split_range(part: str) -> tuple[str, str | None]:
    """Return the range and what follows as ports; IPv6 stands in brackets where ports follow."""
    if part.startswith("["):
        network, bracket, rest = part[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"`{part}`: write IPv6 with a port as [::1]:443 or [fd00::/8]:443")
        return network, rest[1:] if rest else None
    if part.count(":") == 1:
        network, _, ports = part.partition(":")
        return network, ports
    return part, None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT


def _explain_range(network: str) -> str:
    try:
        return f"the address has bits beyond its length; write {ip_network(network, strict=False)}"
    except ValueError:
        return "write an address or a range, such as 10.0.0.5 or 10.0.0.0/8; names are not allowed"


def _checked_allow_list(text: str) -> str:
    parse_allow_list(text)
    return text


AllowList = Annotated[str, AfterValidator(_checked_allow_list)]
