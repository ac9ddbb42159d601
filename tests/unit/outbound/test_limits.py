"""How long, how much, how trusted (H6 to H10)."""

from __future__ import annotations

import socket
import threading
import time
import traceback

import pytest

from portal.infra.outbound import (
    AnswerTooLarge,
    Ask,
    BadAnswer,
    Limits,
    OutboundError,
    Refused,
    TimedOut,
    Unreachable,
    Untrusted,
)
from tests.unit.outbound.servers import (
    PUBLIC,
    Dialled,
    Names,
    drip,
    make_tls_server,
    raw_server,
    running,
)

# Connecting anywhere else fails the test.
pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])


@pytest.mark.parametrize(
    ("prefix", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    ],
)
def test_h6_a_slow_drip_ends_with_the_call(make, prefix, piece):
    limits = Limits(total_seconds=0.5, retries=0)
    with raw_server(drip(prefix, piece)) as port:
        began = time.monotonic()
        with pytest.raises(TimedOut):
            make(port, limits=limits).get(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - began < 1.5


def test_h6_a_slow_handshake_ends_with_the_call(make):
    limits = Limits(total_seconds=0.5, connect_seconds=5, retries=0)
    with raw_server(drip(b"\x16\x03\x03\x00\xff", b"\x02")) as port:
        began = time.monotonic()
        with pytest.raises(OutboundError):
            make(port, limits=limits).get(f"https://127.0.0.1:{port}/")
        assert time.monotonic() - began < 1.5


def test_h6_a_slow_lookup_ends_with_the_call(make):
    released = threading.Event()

    def look_up(host, port):
        released.wait(5)
        return [PUBLIC]

    began = time.monotonic()
    with pytest.raises(TimedOut):
        make(look_up=look_up, limits=Limits(total_seconds=0.3)).get("http://service.test/")
    assert time.monotonic() - began < 1.5
    released.set()


def test_h6_a_slow_upload_ends_with_the_call(make):
    def talk(peer, ended):
        while not ended.is_set() and peer.recv(8192):
            time.sleep(0.01)

    with raw_server(talk) as port:
        client = make(port, limits=Limits(total_seconds=0.5, retries=0))
        began = time.monotonic()
        with pytest.raises(TimedOut):
            client.post(f"http://127.0.0.1:{port}/", b"x" * 50_000_000)
        assert time.monotonic() - began < 1.5


def test_h6_redirects_share_one_deadline(make):
    def talk(peer, ended):
        peer.recv(65536)
        ended.wait(0.3)
        peer.sendall(
            b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
        )

    with raw_server(talk) as port:
        client = make(port, limits=Limits(total_seconds=0.5, redirects=3, retries=0))
        began = time.monotonic()
        with pytest.raises(TimedOut):
            client.get(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("path", ["/bomb", "/large"])
def test_h6_a_body_over_the_cap_is_left_unread(make, server, path):
    client = make(server.port, limits=Limits(body_bytes=100_000, retries=0))
    began = time.monotonic()
    with pytest.raises(AnswerTooLarge, match="100,000"):
        client.get(server.url + path)
    with pytest.raises(AnswerTooLarge), client.make_session() as session:
        session.get(server.url + path)
    with pytest.raises((AnswerTooLarge, BadAnswer)):
        client.make_pool_manager(Limits(body_bytes=60_000)).request("GET", server.url + path)
    assert time.monotonic() - began < 2


def test_h6_what_is_only_described_may_be_large(make, server):
    client = make(server.port, limits=Limits(body_bytes=1000))
    answer = client.send(Ask("HEAD", f"{server.url}/large"))
    assert (answer.headers["content-length"], answer.body) == ("300000", b"")


def test_h6_packed_answers_are_unpacked(make, server):
    client = make(server.port)
    assert client.get(f"{server.url}/gzip").body == b"packed"
    with client.make_session() as session:
        assert session.get(f"{server.url}/gzip").text == "packed"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (
            b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"b" * 60_000 + b"\r\nX-B: " + b"b" * 60_000,
            AnswerTooLarge,
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", BadAnswer),
        (b"220 mail.example ESMTP\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc", BadAnswer),
        (b"", Unreachable),
    ],
)
def test_h6_an_unsound_answer_is_an_error(make, answer, error):
    def talk(peer, ended):
        peer.recv(65536)
        peer.sendall(answer)

    with raw_server(talk) as port, pytest.raises(error):
        make(port).get(f"http://127.0.0.1:{port}/")


def test_h6_few_calls_run_to_one_host_at_once(make):
    running_now, most, lock = 0, 0, threading.Lock()

    def talk(peer, ended):
        nonlocal running_now, most
        peer.recv(65536)
        with lock:
            running_now += 1
            most = max(most, running_now)
        time.sleep(0.05)
        with lock:
            running_now -= 1
        peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    with raw_server(talk) as port:
        client = make(port, limits=Limits(parallel=2))
        threads = [
            threading.Thread(target=client.get, args=(f"http://127.0.0.1:{port}/",))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == 2


def test_h7_proxies_and_netrc_are_not_used(make, server, other, monkeypatch, tmp_path):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, other.url)
    monkeypatch.setenv("NO_PROXY", "")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary password canary\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    client = make(server.port, other.port)
    client.get(server.url)
    with client.make_session() as session:
        session.get(server.url)
        with pytest.raises(Refused, match="proxy"):
            session.get(server.url, proxies={"http": other.url})
    client.make_pool_manager().request("GET", server.url)
    assert len(server.seen) == 3
    assert not other.seen
    assert not [headers for _, _, headers, _ in server.seen if "Authorization" in headers]


def test_h8_closed_and_filtered_read_the_same(make):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    def filtered(address, port, seconds):
        raise TimeoutError

    texts, canary = set(), str(0xC0FFEE)
    for wire in ({}, {"dial": filtered}):
        with pytest.raises(Unreachable) as caught:
            make(port, **wire).get(f"http://127.0.0.1:{port}/path-{canary}?token={canary}")
        texts.add((str(caught.value), caught.value.fix))
    assert len(texts) == 1
    assert canary not in str(texts) + "".join(traceback.format_exception(caught.value))
    assert len({kind.summary for kind in OutboundError.__subclasses__()}) == 1


def test_h9_the_certificate_must_prove_the_name(make, tmp_path):
    with running(make_tls_server(tmp_path, "service.test")) as secure:
        wire = {"look_up": Names([PUBLIC]).look_up, "dial": Dialled(secure.port).dial}
        client, trusted = make(**wire), secure.certificate
        assert client.send(Ask("GET", "https://service.test/", ca_bundle=trusted)).status == 200
        assert secure.names == ["service.test"]
        assert secure.seen[0][2]["Host"] == "service.test"
        for ask in (
            Ask("GET", "https://service.test/"),
            Ask("GET", "https://other.test/", ca_bundle=trusted),
            Ask("GET", "https://service.test/", ca_bundle="/nowhere.pem"),
        ):
            with pytest.raises(Untrusted):
                make(**wire).send(ask)
        manager = client.make_pool_manager(ca_bundle=trusted)
        assert manager.request("GET", "https://service.test/").status == 200
        manager.clear()


def test_h9_an_expired_certificate_is_not_trusted(make, tmp_path):
    with running(make_tls_server(tmp_path, "127.0.0.1", expired=True)) as secure:
        url = f"https://127.0.0.1:{secure.port}/"
        with pytest.raises(Untrusted):
            make(secure.port).send(Ask("GET", url, ca_bundle=secure.certificate))


def test_h9_the_check_cannot_be_switched_off(make, tmp_path):
    with running(make_tls_server(tmp_path, "127.0.0.1")) as secure:
        client, url = make(secure.port), f"https://127.0.0.1:{secure.port}/"
        with pytest.raises(Refused, match="certificate"), client.make_session() as session:
            session.get(url, verify=False)
        manager = client.make_pool_manager()
        manager.connection_pool_kw["cert_reqs"] = "CERT_NONE"
        with pytest.raises(Refused, match="certificate"):
            manager.request("GET", url)
        assert not secure.seen


def test_h10_a_name_is_judged_again_at_each_use(make, server):
    names, dialled = Names([PUBLIC], ["10.0.0.1"]), Dialled(server.port)
    client = make(look_up=names.look_up, dial=dialled.dial)
    client.get("http://service.test/")
    client.close()
    with pytest.raises(Refused, match="private"):
        client.get("http://service.test/")
