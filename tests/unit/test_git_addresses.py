"""Addresses of repositories and host keys: what is read, and what is refused by which rule."""

from __future__ import annotations

import base64

import pytest

from portal.errors import InvalidInput
from portal.sources.core.credentials import Credential
from portal.sources.core.git_addresses import GitAddress, is_branch, parse_git_address
from portal.sources.core.host_keys import KINDS, find_fingerprint, parse_host_keys

GOOD = {
    "https://git.example.com/team/service.git": GitAddress(
        "https", "git.example.com", None, "/team/service.git", "",
        "https://git.example.com/team/service.git",
    ),
    "  HTTPS://Git.Example.COM./team/service/  ": GitAddress(
        "https", "git.example.com", None, "/team/service", "",
        "https://git.example.com/team/service",
    ),
    "http://127.0.0.1:8080/a.git": GitAddress(
        "http", "127.0.0.1", 8080, "/a.git", "", "http://127.0.0.1:8080/a.git"
    ),
    "https://dev.example.com/org/My%20Project/_git/caf%C3%A9": GitAddress(
        "https", "dev.example.com", None, "/org/My%20Project/_git/caf%C3%A9", "",
        "https://dev.example.com/org/My%20Project/_git/caf%C3%A9",
    ),
    "https://dev.example.com/org/My Project": GitAddress(
        "https", "dev.example.com", None, "/org/My%20Project", "",
        "https://dev.example.com/org/My%20Project",
    ),
    "ssh://git@git.example.com:2222/team/it%20s.git": GitAddress(
        "ssh", "git.example.com", 2222, "/team/it s.git", "git",
        "ssh://git@git.example.com:2222/team/it%20s.git",
    ),
    "ssh://git.example.com/~me/a.git": GitAddress(
        "ssh", "git.example.com", None, "/~me/a.git", "", "ssh://git.example.com/~me/a.git"
    ),
    "ssh://git@[2001:DB8::1]:22/a": GitAddress(
        "ssh", "2001:db8::1", 22, "/a", "git", "ssh://git@[2001:db8::1]:22/a"
    ),
    "git@git.example.com:team/service.git": GitAddress(
        "ssh", "git.example.com", None, "team/service.git", "git",
        "git@git.example.com:team/service.git",
    ),
    "git@[::1]:a.git": GitAddress("ssh", "::1", None, "a.git", "git", "git@[::1]:a.git"),
    "git@git.example.com:/srv/a b'c.git": GitAddress(
        "ssh", "git.example.com", None, "/srv/a b'c.git", "git",
        "git@git.example.com:/srv/a b'c.git",
    ),
    "git@git.example.com:7999/team/a.git": GitAddress(
        "ssh", "git.example.com", None, "7999/team/a.git", "git",
        "git@git.example.com:7999/team/a.git",
    ),
}  # fmt: skip

BAD = {
    "": "missing",
    "   ": "missing",
    "https://git.example.com/" + "a" * 2000: "length",
    "git://git.example.com/a.git": "transport",
    "git+ssh://git@git.example.com/a.git": "transport",
    "file:///etc": "transport",
    "ftp://git.example.com/a": "transport",
    "ext::sh -c id": "transport",
    "fd::17": "transport",
    "https::https://git.example.com/a": "transport",
    "::x": "transport",
    "/srv/git/a.git": "local",
    "./a.git": "local",
    "../a": "local",
    "a.git": "local",
    "C:\\repos\\a": "local",
    "git.example.com:a.git": "local",
    "~/a": "local",
    "@git.example.com:a": "user",
    "-oProxyCommand=id@git.example.com:a": "option",
    "--upload-pack=id": "option",
    "git@-oProxyCommand=id:a": "option",
    "ssh://-oProxyCommand=id/a": "option",
    "ssh://git@-oProxyCommand=id/a": "option",
    "https://-x/a": "option",
    "git@git.example.com:-a.git": "option",
    "ssh://-u@git.example.com/a": "user",
    "ssh://a b@git.example.com/a": "user",
    "ssh://me:hunter2@git.example.com/a": "password",
    "https://me:hunter2@git.example.com/a": "password",
    "https://:hunter2@git.example.com/a": "password",
    "https://ghp_hunter2@git.example.com/a": "user",
    "https://git.example.com\n/a": "characters",
    "https://git.example.com/a\0": "characters",
    "https://git.example.com/a%0ab": "characters",
    "ssh://git@git.example.com/a%00b": "characters",
    "ssh://git@git.example.com/a%ff": "characters",
    "git@git.example.com:a\rb": "characters",
    "git@git.example.com:a\u2028b": "characters",
    "git@git.example.com:a\\b": "characters",
    "https:///a": "host",
    "https://exa mple.com/a": "host",
    "https://ex_ample..com/a": "host",
    "https://127.1/a": "host",
    "https://0x7f000001/a": "host",
    "https://2130706433/a": "host",
    "https://exämple.com/a": "host",
    "https://[fe80::1%25eth0]/a": "host",
    "https://[127.0.0.1]/a": "host",
    "https://[::1]x/a": "host",
    "https://example.com\\@evil.example/a": "user",
    "https://git.example.com:0/a": "port",
    "https://git.example.com:65536/a": "port",
    "https://git.example.com:/a": "port",
    "https://git.example.com:٣/a": "port",
    "https://git.example.com:+1/a": "port",
    "https://git.example.com": "path",
    "https://git.example.com/": "path",
    "https://git.example.com//": "path",
    "git@git.example.com:": "path",
    "https://git.example.com/a/../b": "path",
    "https://git.example.com/a/%2e%2e/b": "path",
    "ssh://git@git.example.com/../a": "path",
    "git@git.example.com:../a": "path",
    "https://git.example.com/a?x=1": "path",
    "https://git.example.com/a#b": "path",
    "ssh://git@git.example.com": "path",
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_good_address_is_read_the_same_again(text):
    found = parse_git_address(text)
    assert found == GOOD[text]
    assert parse_git_address(found.text) == found


@pytest.mark.parametrize("text", BAD)
def test_a_bad_address_is_refused_by_its_rule_and_not_repeated(text):
    with pytest.raises(InvalidInput) as refused:
        parse_git_address(text)
    [problem] = refused.value.problems
    assert (problem.field, problem.rule) == ("address", BAD[text])
    assert problem.message
    assert problem.fix
    shown = f"{refused.value.detail} {refused.value.fix} {problem} {refused.value!r}"
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost/a", True),
        ("http://127.0.0.9:80/a", True),
        ("http://[::1]/a", True),
        ("http://localhost.example.com/a", False),
        ("http://10.0.0.1/a", False),
    ],
)
def test_loopback_is_only_what_stays_here(text, expected):
    assert parse_git_address(text).is_loopback is expected


@pytest.mark.parametrize(
    "name", ["main", "feature/x", "v1.2.3", "refs/heads/main", "réunion", "a-b_c+d", "bot/npm/@x"]
)
def test_names_of_branches(name):
    assert is_branch(name)


@pytest.mark.parametrize(
    "name",
    ["-x", "a b", "a..b", "a:b", "a~1", "a^", "a?", "a*", "a[", "a\\b", "a@{0}", "a\n", "/a", "a/",
     ".a", "a/.b", "a.lock", "a//b", "a.", "a.lock/b", "x" * 245],
)  # fmt: skip
def test_names_that_no_branch_can_have(name):
    assert not is_branch(name)


def test_nothing_of_a_credential_is_shown():
    secret = Credential("me", "hunter2", "-----BEGIN hunter2", "SHA256:hunter2", "hunter2")
    assert "hunter2" not in repr(secret)
    assert secret.is_secret
    assert not Credential("me", host_key="x").is_secret


def make_line(kind="ssh-ed25519", body=b"\x00\x00\x00\x20" + b"k" * 32):
    raw = len(kind).to_bytes(4, "big") + kind.encode() + body
    return raw, f"{kind} {base64.b64encode(raw).decode()}"


def test_host_keys_are_read_as_lines_and_as_fingerprints():
    raw, line = make_line()
    other, other_line = make_line("ssh-rsa")
    pinned = parse_host_keys(f"# two\n{line} ops@example\n\n[git.example.com]:22 {other_line}\n")
    assert pinned.kinds == ("ssh-ed25519", "ssh-rsa")
    assert pinned.fits("ssh-ed25519", raw)
    assert pinned.fits("ssh-rsa", other)
    assert not pinned.fits("ssh-ed25519", raw[:-1] + b"x")
    shown = parse_host_keys(f"256 {find_fingerprint(raw)} root@host (ED25519)")
    assert shown.fits("ssh-ed25519", raw)
    assert not shown.fits("ssh-rsa", other)
    assert shown.kinds == KINDS
    assert parse_host_keys(" \n").kinds == ()


@pytest.mark.parametrize(
    "text",
    [
        "ssh-ed25519",
        "ssh-ed25519 !!!!",
        "ssh-ed25519 AAAA",
        make_line("ssh-rsa")[1].replace("ssh-rsa ", "ssh-ed25519 "),
        make_line("ssh-dss")[1],
        f"@cert-authority * {make_line()[1]}",
        f"@revoked * {make_line()[1]}",
        "SHA256:abc",
        "MD5:00:11:22",
    ],
)
def test_other_text_is_no_host_key(text):
    with pytest.raises(InvalidInput) as refused:
        parse_host_keys(text)
    assert [problem.field for problem in refused.value.problems] == ["host_key"]
