"""What hosts answer, judged without any network."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from portal.errors import TooLarge
from portal.infra.outbound import Answer
from portal.sources.core.host_credentials import HostCredential
from portal.sources.core.trees import SourceDown
from portal.sources.providers import github_errors, gitlab_errors
from portal.sources.providers.host_calls import check_credential
from portal.sources.providers.host_headers import find_link, read_number
from portal.sources.providers.host_shapes import (
    TreeEntry,
    check_blob,
    check_size,
    clean_topics,
    is_file,
)

NOW = datetime.fromtimestamp(1_767_700_000, UTC)


def answer(status, message="", **headers):
    body = json.dumps({"message": message}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, CaseInsensitiveDict(named), body, "https://api.example/x", 0.1)


@pytest.mark.parametrize(
    ("given_answer", "seconds"),
    [
        (answer(403, Retry_After="7"), 7.0),
        (answer(429, Retry_After="7"), 7.0),
        (answer(403, X_RateLimit_Remaining="0", X_RateLimit_Reset="1767700030"), 30.0),
        (answer(429, X_RateLimit_Remaining="0", X_RateLimit_Reset="1767600000"), 0.0),
        (answer(403, "You have exceeded a secondary rate limit."), 60.0),
        (answer(429), 60.0),
        (answer(403, "Resource not accessible by integration", X_RateLimit_Remaining="9"), None),
        (answer(401, Retry_After="7"), None),
        (answer(403, X_RateLimit_Remaining="0", X_RateLimit_Reset="soon"), None),
    ],
)
def test_limits_of_github(given_answer, seconds):
    assert github_errors.find_wait(given_answer, NOW) == seconds


@pytest.mark.parametrize(
    ("given_answer", "seconds"),
    [
        (answer(429, Retry_After="7"), 7.0),
        (answer(429, RateLimit_Reset="1767700030"), 30.0),
        (answer(429), 60.0),
        (answer(403, Retry_After="7"), None),
    ],
)
def test_limits_of_gitlab(given_answer, seconds):
    assert gitlab_errors.find_wait(given_answer, NOW) == seconds


@given(st.integers(400, 499), st.binary(max_size=200), st.text(max_size=20))
def test_any_refusal_is_explained_and_never_repeated(status, body, header):
    found = Answer(status, {"X-Accepted-GitHub-Permissions": header}, body, "", 0)
    for errors in (github_errors, gitlab_errors):
        errors.find_wait(found, NOW)
        down = errors.explain(found)
        assert isinstance(down, SourceDown)
        assert down.detail
        assert down.fix


def test_a_permission_is_named_only_in_its_form():
    named = answer(403, X_Accepted_GitHub_Permissions="contents=read; metadata=read")
    assert "contents=read; metadata=read" in github_errors.explain(named).fix
    odd = answer(403, X_Accepted_GitHub_Permissions="ghp_secret")
    assert "ghp_secret" not in github_errors.explain(odd).fix


def test_nothing_of_a_credential_is_shown():
    secrets = ("ghp_1", "4711", "99", "PRIVATE")
    credential = HostCredential(*secrets)
    assert not any(secret in f"{credential!r} {credential}" for secret in secrets)


@pytest.mark.parametrize("token", ["a b", "ü", "a\n", "\x00", "a\x7f"])
def test_what_is_no_token(token):
    with pytest.raises(SourceDown) as down:
        check_credential("GitHub", "https://api.github.com", token)
    assert token not in f"{down.value.detail}{down.value.fix}" or token == "a b"


@pytest.mark.parametrize(
    ("base", "is_open"),
    [
        ("https://github.example", False),
        ("http://127.0.0.1:8000", False),
        ("http://[::1]:8000", False),
        ("http://127.0.0.1.example", True),
        ("http://localhost", True),
        ("http://10.0.0.1", True),
    ],
)
def test_a_token_is_sent_over_tls_alone(base, is_open):
    check_credential("GitHub", base, "")
    if is_open:
        with pytest.raises(SourceDown):
            check_credential("GitHub", base, "ghp_1")
    else:
        check_credential("GitHub", base, "ghp_1")


def test_bytes_are_the_ones_asked_for():
    # git hash-object --stdin < /dev/null, with either kind of id
    empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert check_blob("GitHub", empty, b"") == b""
    assert check_blob("GitHub", hashlib.sha256(b"blob 1\0a").hexdigest(), b"a") == b"a"
    with pytest.raises(SourceDown, match="other bytes"):
        check_blob("GitHub", empty, b"<html>")
    check_size(5 * 1024 * 1024)
    check_size(None)
    with pytest.raises(TooLarge):
        check_size(5 * 1024 * 1024 + 1)


@pytest.mark.parametrize(
    ("path", "mode", "kind", "is_one"),
    [
        ("a/b.yaml", "100644", "blob", True),
        ("a/b.yaml", "100755", "blob", True),
        ("a/b.yaml", "120000", "blob", False),
        ("a/b", "160000", "commit", False),
        ("a/b", "040000", "tree", False),
        ("../a", "100644", "blob", False),
        ("a/../../b", "100644", "blob", False),
        ("/a", "100644", "blob", False),
        ("a\0", "100644", "blob", False),
        ("..a/...", "100644", "blob", True),
    ],
)
def test_what_is_a_file(path, mode, kind, is_one):
    assert is_file(TreeEntry(path=path, mode=mode, type=kind)) == is_one


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", None),
        (
            '<https://a/x?page=2>; rel="next", <https://a/x?page=9>; rel="last"',
            "https://a/x?page=2",
        ),
        ('<https://a/1>; rel="prev", <https://a/3>; rel="next"', "https://a/3"),
        ("<https://a/3>;REL=next", "https://a/3"),
        ('<https://a/3>; title="x"; rel="last next"', "https://a/3"),
        ('<https://a/b,c;d>; rel="next"', "https://a/b,c;d"),
        ('<https://a/3>; rel="nextish"', None),
        ('<https://a/3>; rel="prev", rel="next"', None),
        ("next <https://a/3>", None),
        ('<>; rel="next"', ""),
    ],
)
def test_links_to_the_next_page(header, target):
    assert find_link(header, "next") == target


@given(st.text(max_size=60))
def test_any_link_header_can_be_read(header):
    found = find_link(header, "next")
    assert found is None or f"<{found}>" in header


def test_topics_stay_short():
    assert clean_topics(None) == []
    assert clean_topics(["a\0", "b" * 200]) == ["a\ufffd", "b" * 100]
    assert len(clean_topics(["a"] * 200)) == 100


@given(st.text(max_size=20))
def test_numbers_are_read_or_not(text):
    number = read_number(text)
    assert number is None or datetime.fromtimestamp(number, UTC)
