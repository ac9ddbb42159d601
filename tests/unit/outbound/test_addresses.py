"""Which addresses the portal may call: a list of forms people hide inner addresses in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.infra.outbound.addresses import judge
from portal.infra.outbound.errors import Refused
from portal.infra.outbound.targets import inspect_url
from portal.settings import Settings, load_settings
from portal.settings.outbound import parse_allow_list

PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.1.1",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "240.0.0.1",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::10.0.0.1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:7f00:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "3fff::1",
    "3ffe::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "100::1",
    "5f00::1",
    "4000::1",
]
NEVER = ["0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "fe80::1%eth0"]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "169.254.42.42",
    "169.254.0.23",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "fe80::a9fe:a9fe",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
    "2001:4860::5efe:169.254.169.254",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"]
EVERYTHING = parse_allow_list("0.0.0.0/0, ::/0")

# Every form comes as a host in a URL; all of them mean an inner address to some parser.
ODD_URLS = [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.0.0.01/",
    "http://0/",
    "http://0x0/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
    "http://127.0.0.1.0x1/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://[v1.x]/",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/",
    "http://@127.0.0.1/",
    "http://127.0.0.1\\@example.com/",
    "http://example.com\\.evil.test/",
    "http://exa mple.com/",
    "http://example.com/\r\nHost: x",
    "http://example.com\t/",
    "\x00http://example.com/",
    " http://example.com/",
    "http:///path",
    "http://",
    "http:example.com",
    "//example.com/",
    "example.com",
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/",
    "dict://example.com:11211/",
    "data:text/plain,x",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "javascript:alert(1)",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:port/",
    "http://%31%32%37.0.0.1/",
    "http://a..b/",
    "http://-.example.com/",
    f"http://{'a' * 64}.com/",
    f"http://{'a.' * 130}com/",
]


def test_the_list_is_as_long_as_it_should_be():
    assert len(ODD_URLS) == 48


@pytest.mark.parametrize("url", ODD_URLS)
def test_odd_urls_are_refused(url):
    with pytest.raises(Refused) as caught:
        inspect_url(url)
    assert "secret" not in f"{caught.value.detail}{caught.value.fix}"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://example.com", "example.com", 80),
        ("HTTPS://Example.com:8443/a?b=c#d", "example.com", 8443),
        ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 443),
        ("http://under_score.svc.cluster.local.:9090/", "under_score.svc.cluster.local.", 9090),
        ("http://127.0.0.1:8000/@x", "127.0.0.1", 8000),
        ("http://1e100.net/", "1e100.net", 80),
        ("http://0x7f.example/", "0x7f.example", 80),
    ],
)
def test_plain_urls_are_read(url, host, port):
    target = inspect_url(url)
    assert (target.host, target.port) == (host, port)


@pytest.mark.parametrize("address", [*PRIVATE, *NEVER, *METADATA])
def test_inner_addresses_are_denied(address):
    judgement = judge(address, 443, ())
    assert not judgement.allowed
    assert judgement.reason


@pytest.mark.parametrize("address", PRIVATE)
def test_listed_addresses_are_allowed(address):
    assert judge(address, 443, EVERYTHING).allowed


@pytest.mark.parametrize("address", [*NEVER, *METADATA])
def test_some_addresses_are_denied_even_when_listed(address):
    assert not judge(address, 443, EVERYTHING).allowed
    assert not judge(address, 443, parse_allow_list("169.254.169.254, [fd00:ec2::254]:443")).allowed


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    for port in (80, 443, 8080, 3000, 9090, 65535):
        assert judge(address, port, ()).allowed


@pytest.mark.parametrize("port", [0, -1, 65536, 1, 22, 25, 53, 110, 6379, 6667, 11211, 5432])
def test_ports_that_speak_something_else_are_denied(port):
    assert not judge("8.8.8.8", port, ()).allowed
    assert not judge("10.0.0.1", port, EVERYTHING).allowed


def test_a_port_must_be_listed_where_ports_are():
    allow = parse_allow_list("10.0.0.0/8:9090-9100")
    assert judge("10.1.2.3", 9090, allow).allowed
    assert judge("10.1.2.3", 9100, allow).allowed
    assert not judge("10.1.2.3", 9101, allow).allowed
    assert not judge("11.1.2.3", 25, allow).allowed
    assert judge("8.8.8.8", 9101, allow).allowed
    assert judge("10.0.0.5", 6379, parse_allow_list("10.0.0.5:6379")).allowed


def test_an_embedded_address_must_be_allowed_too():
    translated = parse_allow_list("64:ff9b::/96")
    assert judge("64:ff9b::8.8.8.8", 443, translated).allowed
    assert not judge("64:ff9b::10.0.0.1", 443, translated).allowed
    assert judge("64:ff9b::10.0.0.1", 443, parse_allow_list("64:ff9b::/96,10.0.0.0/8")).allowed
    assert not judge("::ffff:10.0.0.1", 443, parse_allow_list("10.0.0.0/8")).allowed


def test_what_is_no_address_is_denied():
    for text in ("", "localhost", "127.1", "0x7f000001", "1.2.3.4/32", "[::1]"):
        assert not judge(text, 443, EVERYTHING).allowed


@given(st.ip_addresses(v=6))
def test_only_global_unicast_ipv6_is_public(address):
    if judge(str(address), 443, ()).allowed:
        assert int(address) >> 125 == 1


@given(st.ip_addresses(v=4))
def test_python_and_the_list_agree_on_what_is_private(address):
    if judge(str(address), 443, ()).allowed:
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("10.0.0.0/8", [("10.0.0.0/8", 1, 65535)]),
        (" 10.0.0.5:443 , [::1]:80-90,", [("10.0.0.5/32", 443, 443), ("::1/128", 80, 90)]),
        ("fd00::/8", [("fd00::/8", 1, 65535)]),
        ("[fd00::/8]", [("fd00::/8", 1, 65535)]),
    ],
)
def test_allow_lists_are_read(text, expected):
    assert [
        (str(part.network), part.first_port, part.last_port) for part in parse_allow_list(text)
    ] == expected


@pytest.mark.parametrize(
    ("text", "part", "fix"),
    [
        ("10.0.0.0/8, localhost:80", "localhost:80", "address"),
        ("10.0.0.1/8", "10.0.0.1/8", "10.0.0.0/8"),
        ("10.0.0.0/8:0", "10.0.0.0/8:0", "1 to 65535"),
        ("10.0.0.0/8:90-80", "10.0.0.0/8:90-80", "lower"),
        ("10.0.0.0/8:http", "10.0.0.0/8:http", "1 to 65535"),
        ("10.0.0.0/8:", "10.0.0.0/8:", "1 to 65535"),
        ("[::1]80", "[::1]80", "[::1]:443"),
        ("[::1", "[::1", "[::1]:443"),
        ("0177.0.0.1", "0177.0.0.1", "address"),
        ("*", "*", "address"),
    ],
)
def test_a_wrong_allow_list_names_the_part_and_the_fix(text, part, fix):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_allow_list(text)
    assert part in str(caught.value)
    assert fix in str(caught.value)


def test_the_setting_is_checked_with_the_others():
    assert Settings(outbound_allow="10.0.0.0/8:443").outbound_allow == "10.0.0.0/8:443"
    with pytest.raises(Exception, match=r"PORTAL_OUTBOUND_ALLOW: .*10\.0\.0\.1/8"):
        load_settings({"PORTAL_OUTBOUND_ALLOW": "10.0.0.1/8"})
