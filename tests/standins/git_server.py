"""The real `git http-backend` behind a small HTTP server that counts and asks for credentials."""

from __future__ import annotations

import base64
import hmac
import subprocess
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import IO, TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from tests.standins.git_repository import (
    Entry,
    GitRepo,
    executable,
    git_environment,
    make_repository,
    submodule,
    symlink,
)
from tests.standins.programs import describe_missing, find_git_backend

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "Entry",
    "GitHttpServer",
    "GitRepo",
    "Served",
    "executable",
    "make_repository",
    "submodule",
    "symlink",
]

PIECE = 64 * 1024


class Served(NamedTuple):
    """One request that was answered; `sent` counts the bytes of the answer's body."""

    method: str
    path: str
    status: int
    sent: int


class GitHttpServer:
    """Serves every repository below `root` on a free port of 127.0.0.1.

    A record stands in `requests` before the client can see the end of its answer.
    """

    def __init__(
        self,
        root: Path,
        credentials: tuple[str, str] | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        backend = find_git_backend()
        if backend is None:
            raise RuntimeError(f"git http-backend is missing; {describe_missing('git')}")
        self.root = root
        self.backend = backend
        self.credentials = credentials
        self.requests: list[Served] = []
        self.received = 0
        self._lock = Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._scheme = "https" if tls else "http"
        if tls:
            # The handshake waits for the connection's own thread, so a silent client stops nobody.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        """Return the address without a slash at its end; a repository's name follows a slash."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    @property
    def sent(self) -> int:
        """Return how many bytes of bodies were sent in all."""
        return sum(one.sent for one in self.requests)

    def accepts(self, authorization: str | None) -> bool:
        """Say whether an Authorization header carries the right user and password."""
        if self.credentials is None:
            return True
        wanted = "Basic " + base64.b64encode(":".join(self.credentials).encode()).decode()
        return hmac.compare_digest((authorization or "").encode(), wanted.encode())

    def knows(self, path: str) -> bool:
        """Say whether a request's path lies in a repository that exists."""
        parts = [part for part in path.split("/") if part]
        if ".." in parts:
            return False
        folders = [self.root.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
        return any((folder / "HEAD").is_file() for folder in folders)

    def record(self, served: Served) -> None:
        """Keep what was answered."""
        with self._lock:
            self.requests.append(served)

    def count_received(self, size: int) -> None:
        """Add to the bytes of bodies that clients sent."""
        with self._lock:
            self.received += size


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: GitHttpServer

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that goes away in the middle is what many tests want."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answer the listing of refs and the files of the dumb protocol."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a fetch or a push."""
        self._answer()

    def log_message(self, *_: object) -> None:
        """Write no access log."""

    def _answer(self) -> None:
        owner = self.server.owner
        address = urlsplit(self.path)
        with tempfile.TemporaryFile() as body:
            for piece in self._read_body():
                owner.count_received(len(piece))
                body.write(piece)
            length = body.tell()
            body.seek(0)
            if not owner.accepts(self.headers.get("Authorization")):
                challenge = {"WWW-Authenticate": 'Basic realm="standin", charset="UTF-8"'}
                self._refuse(401, "Sign in first.\n", challenge)
            elif not owner.knows(unquote(address.path)):
                self._refuse(404, "No such repository.\n", {})
            else:
                environment = self._describe(unquote(address.path), address.query, length)
                self._run(environment, body)

    def _read_body(self) -> Iterator[bytes]:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            left = int(self.headers.get("Content-Length") or 0)
            while left and (piece := self.rfile.read(min(left, PIECE))):
                left -= len(piece)
                yield piece
            return
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """Trailers say nothing here."""

    def _describe(self, path: str, query: str, length: int) -> dict[str, str]:
        """Return the environment of a CGI; a gzip body is unpacked by git itself."""
        owner = self.server.owner
        described = {
            **git_environment(),
            "GIT_PROJECT_ROOT": str(owner.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": self.client_address[0],
        }
        if length:
            described["CONTENT_LENGTH"] = str(length)
        if owner.credentials:
            described["REMOTE_USER"] = owner.credentials[0]
        return described

    def _run(self, environment: dict[str, str], body: IO[bytes]) -> None:
        with subprocess.Popen(
            [self.server.owner.backend],
            env=environment,
            stdin=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                self._pass_on(process.stdout)
            except OSError:
                # The client left; git ends when its pipe does, but not always at once.
                process.kill()
                self.close_connection = True

    def _pass_on(self, answer: IO[bytes]) -> None:
        """Turn the CGI's answer into an HTTP answer, piece by piece."""
        status, headers = _read_head(answer)
        is_chunked = self.request_version == "HTTP/1.1"
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        framing = ("Transfer-Encoding", "chunked") if is_chunked else ("Connection", "close")
        self.send_header(*framing)
        self.end_headers()
        sent = 0
        # read1: what git has written goes out at once, progress included.
        while piece := answer.read1(PIECE):
            sent += len(piece)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        self._record(status, sent)
        self.wfile.write(b"0\r\n\r\n" if is_chunked else b"")

    def _refuse(self, status: int, text: str, headers: dict[str, str]) -> None:
        data = text.encode()
        self._record(status, len(data))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _record(self, status: int, sent: int) -> None:
        self.server.owner.record(Served(self.command, self.path, status, sent))


def _read_head(answer: IO[bytes]) -> tuple[int, list[tuple[str, str]]]:
    """Read a CGI's headers; its Status line becomes the answer's, its length is ours to say."""
    status, headers = 200, []
    while line := answer.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            status = int(value.split()[0])
        elif name.lower() != "content-length":
            headers.append((name, value.strip()))
    return status, headers
