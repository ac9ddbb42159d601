"""The outbound client against servers on 127.0.0.1 that are listed by address and port."""

from __future__ import annotations

import socket

import pytest
from authlib.integrations.requests_client import OAuth2Session
from structlog.testing import capture_logs
from urllib3.exceptions import MaxRetryError

from portal.infra.outbound import (
    Ask,
    Limits,
    Refused,
    Unreachable,
)
from portal.infra.outbound.calls import dial
from portal.infra.outbound.client import read_retry_after
from portal.infra.outbound.connections import GuardedHTTPPool, GuardedHTTPSPool
from tests.unit.outbound.servers import (
    PUBLIC,
    Names,
)

# Connecting anywhere else fails the test.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])


def test_an_answer_comes_back(make, server):
    answer = make(server.port).get(f"{server.url}/a?b=c", {"X-Own": "1"})
    assert (answer.status, answer.body, answer.url) == (200, b"hello", f"{server.url}/a?b=c")
    assert answer.headers["content-length"] == "5"
    assert 0 < answer.elapsed < 2
    method, path, headers, _ = server.seen[0]
    assert (method, path, headers["Host"]) == ("GET", "/a?b=c", f"127.0.0.1:{server.port}")
    assert "Plumbline" in headers["User-Agent"]


def test_a_connection_is_kept_and_no_cookie_is(make, server):
    client = make(server.port)
    for _ in range(3):
        assert client.post(server.url, b"x" * 100_000).status == 200
    assert {len(body) for *_, body in server.seen} == {100_000}
    assert not [headers for _, _, headers, _ in server.seen if "Cookie" in headers]


def test_the_next_address_is_tried(make, server):
    def dial_second(address, port, seconds):
        if address == PUBLIC:
            raise ConnectionRefusedError
        return dial("127.0.0.1", server.port, seconds)

    names = Names([PUBLIC, "1.1.1.1"])
    assert make(look_up=names.look_up, dial=dial_second).get("http://service.test/").status == 200


def test_a_name_nobody_knows_is_unreachable(make):
    def look_up(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unreachable, match="resolved"):
        make(look_up=look_up).get("http://service.test/")


def test_a_passing_failure_is_tried_again(make, server):
    pauses = []
    client = make(server.port, limits=Limits(retries=2), sleep=pauses.append)
    server.statuses = [(503, {"Retry-After": "2"}), (502, {})]
    assert client.get(server.url).status == 200
    assert pauses == [2.0, 0.4]
    server.statuses = [(429, {"Retry-After": "3600"})]
    assert client.get(server.url).status == 429
    server.statuses = [(503, {})]
    assert client.post(server.url, b"x").status == 503
    server.statuses = [(503, {})] * 3
    assert client.get(server.url).status == 503
    assert not server.statuses


def test_retry_after_may_be_a_date():
    assert read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert read_retry_after("Fri, 31 Dec 2100 00:00:00 GMT") > 1e6
    assert read_retry_after("9" * 5000) > 1e6
    assert read_retry_after("soon") == 0


def test_authlib_goes_through_the_gate(make, server, other):
    other.redirects["/token"] = (307, f"{server.url}/token")
    client = make(server.port, other.port)
    with OAuth2Session("id", "secret", token_endpoint_auth_method="client_secret_post") as session:
        client.guard(session)
        token = session.fetch_token(f"{server.url}/token", grant_type="client_credentials")
        assert token["access_token"] == "t"
        assert session.get(f"{server.url}/me").text == "hello"
        assert server.seen[-1][2]["Authorization"] == "Bearer t"
        with pytest.raises(Refused, match="redirects"):
            session.fetch_token(f"{other.url}/token", grant_type="client_credentials")
        with pytest.raises(Refused):
            session.fetch_token("http://169.254.169.254/token", grant_type="client_credentials")
    assert len(server.seen) == 2


def test_a_pool_manager_streams_and_follows(make, server):
    server.redirects.update({"/repo": (301, "/large"), "/l": (302, "/l")})
    manager = make(server.port).make_pool_manager(Limits(body_bytes=400_000))
    answer = manager.request("GET", f"{server.url}/repo", preload_content=False)
    assert sum(map(len, answer.stream(10_000))) == 300_000
    answer.release_conn()
    assert server.seen[-1][2]["Accept-Encoding"] == "identity"
    with pytest.raises(MaxRetryError):
        manager.request("GET", f"{server.url}/l")
    for url in ("http://127.1/", "http://u:p@127.0.0.1/", "file:///x", "http://10.0.0.1/"):
        with pytest.raises(Refused):
            manager.request("GET", url)
    manager.clear()


def test_nothing_connects_without_a_gate(server):
    for pool in (GuardedHTTPPool("127.0.0.1", server.port), GuardedHTTPSPool("127.0.0.1", 443)):
        with pytest.raises(Refused, match="past"):
            pool.request("GET", "/")
    assert not server.seen


def test_the_log_holds_no_path_and_no_secret(make, server, caplog):
    url = f"{server.url}/hooks/canary?token=canary"
    with caplog.at_level("INFO"), capture_logs() as lines:
        make(server.port).get(url, {"Authorization": "canary"})
        with pytest.raises(Refused):
            make().get(url)
    assert "canary" not in str(lines) + caplog.text
    assert [(line["outcome"], line["target"]) for line in lines] == [
        ("answered", server.url),
        ("refused", server.url),
    ]
    assert "canary" not in repr(Ask("GET", url)) + repr(make(server.port).get(url))
