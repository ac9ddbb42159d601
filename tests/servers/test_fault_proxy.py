"""Each fault is what it says, seen by a plain client; and git itself does not get through it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.standins.endless import answer_endlessly
from tests.standins.faults import MODES, FaultProxy
from tests.standins.git_repository import git_environment
from tests.standins.git_server import GitHttpServer, make_repository
from tests.standins.programs import describe_missing, find_git_backend, find_program
from tests.standins.ssh_server import SshServer

pytestmark = pytest.mark.servers
ENDLESS = ("hang", "huge", "drip", "slow_headers")
BODY = b"0123456789" * 1000


class Upstream(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(BODY), 1000):
                self.wfile.write(b"3e8\r\n%b\r\n" % BODY[start : start + 1000])
            self.wfile.write(b"0\r\n\r\n")
            return
        body = b"tiny" if self.path == "/tiny" else BODY
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_address[:2]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def proxy(upstream):
    with FaultProxy(upstream) as found:
        yield found


@pytest.fixture
def line(proxy):
    made = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    yield made
    made.close()


def ask(line: http.client.HTTPConnection, path: str = "/") -> http.client.HTTPResponse:
    line.request("GET", path)
    return line.getresponse()


def test_pass_changes_nothing_and_keeps_the_line(proxy, line):
    for path, body in (("/", BODY), ("/chunks", BODY), ("/tiny", b"tiny")):
        assert ask(line, path).read() == body
    assert proxy.connections == 1
    assert proxy.sent > 2 * len(BODY)


def test_hang_accepts_and_never_answers(proxy):
    proxy.mode = "hang"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert (proxy.connections, proxy.sent) == (1, 0)


def test_reset_is_a_reset_after_some_bytes(proxy):
    proxy.mode, proxy.reset_after = "reset", 40
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.3)
        assert len(client.recv(4096)) == 40
        with pytest.raises(ConnectionResetError):
            client.recv(4096)
    assert proxy.sent == 40


def test_truncate_closes_in_the_middle_of_a_body_with_a_length(proxy, line):
    proxy.mode = "truncate"
    answer = ask(line)
    assert answer.headers["Content-Length"] == str(len(BODY))
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert caught.value.partial == BODY[: len(BODY) // 2]


def test_truncate_closes_in_the_middle_of_chunks(proxy, line):
    proxy.mode = "truncate"
    with pytest.raises(http.client.IncompleteRead):
        ask(line, "/chunks").read()
    assert len(BODY) // 3 < proxy.sent < len(BODY)


def test_drip_sends_a_byte_at_a_time(proxy):
    proxy.mode, proxy.pause = "drip", 0.05
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(b"GET /tiny HTTP/1.1\r\nHost: x\r\n\r\n")
        began = time.monotonic()
        pieces = [client.recv(4096) for _ in range(10)]
        assert time.monotonic() - began > 0.4
    assert b"".join(pieces).startswith(b"HTTP/1.1 ")
    assert len(b"".join(pieces)) < 15


def test_drip_arrives_whole_when_one_waits(proxy, line):
    proxy.mode, proxy.pause = "drip", 0.001
    assert ask(line, "/tiny").read() == b"tiny"


def test_500_is_an_answer(proxy, line):
    proxy.mode = "500"
    answer = ask(line)
    assert (answer.status, answer.read()) == (500, b"The machine room is under water.\n")


def test_huge_does_not_end(proxy, line):
    proxy.mode = "huge"
    answer = ask(line)
    assert answer.status == 200
    for _ in range(100):
        assert len(answer.read(65_536)) == 65_536


def test_garbage_is_no_http(proxy, line):
    proxy.mode = "garbage"
    with pytest.raises(http.client.HTTPException):
        ask(line)


def test_slow_headers_come_but_never_end(proxy):
    proxy.mode, proxy.pause = "slow_headers", 0.05
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        deadline = time.monotonic() + 0.7
        while time.monotonic() < deadline:
            got += client.recv(4096)
    assert got.count(b"X-Filler") > 5
    assert b"\r\n\r\n" not in got


def test_only_some_requests_of_a_kept_line_are_struck(proxy, line):
    proxy.mode, proxy.only = "500", b"GET /tiny"
    assert ask(line).read() == BODY
    assert ask(line, "/tiny").status == 500


def test_the_mode_may_change_while_a_line_is_open(proxy, line):
    assert ask(line).read() == BODY
    proxy.mode = "500"
    assert ask(line).status == 500


@pytest.mark.parametrize("mode", ["500", "huge", "garbage", "hang"])
def test_own_answers_need_no_upstream(mode):
    with (
        FaultProxy(("127.0.0.1", 1), mode) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=0.5) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        if mode == "hang":
            with pytest.raises(TimeoutError):
                client.recv(1)
        else:
            assert client.recv(100)


def test_an_unknown_mode_is_refused(proxy):
    with pytest.raises(ValueError, match="huge"):
        proxy.mode = "hugo"


def test_the_endless_pack_unpacks_to_zeros():
    request = b"POST /x.git/git-upload-pack HTTP/1.1\r\nGit-Protocol: version=2\r\n\r\n"
    parts = answer_endlessly(request)
    head = next(parts) + next(parts)
    assert b"x-git-upload-pack-result" in head
    pack = b""
    for chunk in [next(parts) for _ in range(4)]:
        data = chunk.split(b"\r\n", 1)[1][:-2]
        assert int(data[:4], 16) == len(data)
        pack += data[5:] if data[4:5] == b"\x01" else b""
    assert pack[:12] == b"PACK\0\0\0\2\0\0\0\1"
    end_of_size = next(place for place in range(12, 30) if not pack[place] & 0x80)
    size, shift = pack[12] & 0x0F, 4
    for byte in pack[13 : end_of_size + 1]:
        size, shift = size | (byte & 0x7F) << shift, shift + 7
    assert ((pack[12] >> 4) & 7, size) == (3, 1 << 40)
    assert zlib.decompressobj().decompress(pack[end_of_size + 1 :]).count(0) > 100_000_000


@pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}")
@pytest.mark.parametrize("only", [b"", b"command=fetch"])
@pytest.mark.parametrize("mode", MODES)
def test_git_fails_by_each_fault_and_only_by_it(tmp_path, mode, only):
    make_repository(tmp_path, "r.git", {"file": "x" * 5000})
    with (
        GitHttpServer(tmp_path) as server,
        FaultProxy(("127.0.0.1", server.port), mode) as proxy,
    ):
        proxy.only, proxy.pause = only, 0.3
        client = subprocess.Popen(
            ["git", "clone", "--quiet", f"http://127.0.0.1:{proxy.port}/r.git", tmp_path / "c"],
            env=git_environment(),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Short for what never ends: git takes all the memory an endless answer asks for.
        seconds = 1.5 if mode in ENDLESS else 30
        try:
            code = client.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
            # The whole group: what git started to read the pack would read on.
            os.killpg(client.pid, signal.SIGKILL)
            client.wait()
    assert (code == 0) == (mode == "pass")
    assert (code is None) == (mode in ENDLESS)


@pytest.mark.skipif(
    not find_program("sshd"), reason=f"no sshd; {describe_missing('openssh-server')}"
)
@pytest.mark.parametrize("mode", ["pass", "reset", "truncate", "drip", "garbage"])
def test_ssh_fails_alike(tmp_path, mode):
    (tmp_path / "root").mkdir()
    with (
        SshServer(tmp_path / "root") as sshd,
        FaultProxy(("127.0.0.1", sshd.port), mode) as proxy,
    ):
        proxy.pause = 0.001
        (tmp_path / "key").write_text(sshd.client_key_text)
        (tmp_path / "key").chmod(0o600)
        done = subprocess.run(
            [
                *["ssh", "-F", "none", "-i", tmp_path / "key", "-p", str(proxy.port)],
                *["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
                *["-o", "BatchMode=yes", f"{sshd.user}@127.0.0.1", "git-upload-pack 'x.git'"],
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == (1 if mode in ("pass", "drip") else 255)
    assert ("Repository not found" in done.stderr) == (mode in ("pass", "drip"))
