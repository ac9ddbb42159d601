"""Servers on 127.0.0.1 that behave and misbehave, for the tests of the outbound client."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.infra.outbound import Limits
from portal.infra.outbound.calls import dial

PUBLIC = "93.184.216.34"
QUICK = Limits(total_seconds=2, retries=0)
BOMB = gzip.compress(b"\0" * 50_000_000)


class Handler(BaseHTTPRequestHandler):
    """Answers by path; `server.seen` keeps what came in."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        path = self.path.partition("?")[0]
        if path in self.server.redirects:
            status, location = self.server.redirects[path]
            self.answer(status, b"moved", Location=location, Set_Cookie="a=b")
        elif self.server.statuses:
            status, headers = self.server.statuses.pop(0)
            self.answer(status, b"later", **headers)
        elif path == "/bomb":
            self.answer(200, BOMB, Content_Encoding="gzip")
        elif path == "/gzip":
            self.answer(200, gzip.compress(b"packed"), Content_Encoding="gzip")
        elif path == "/large":
            self.answer(200, b"x" * 300_000)
        elif path == "/token":
            granted = {"access_token": "t", "token_type": "Bearer"}
            self.answer(200, json.dumps(granted).encode(), Content_Type="application/json")
        else:
            self.answer(200, b"hello", Set_Cookie="a=b")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 theirs


class Server(ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET

    def __init__(self, host="127.0.0.1") -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, 0), Handler)
        self.seen, self.redirects, self.statuses = [], {}, []

    @property
    def port(self):
        return self.server_address[1]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def handle_error(self, *args):
        pass


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw_server(talk):
    """Run `talk(socket)` for each connection; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    ended = threading.Event()

    def serve(peer):
        with peer:
            try:
                peer.settimeout(5)
                talk(peer, ended)
            except OSError:
                pass

    def accept():
        while not ended.is_set():
            try:
                peer, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=serve, args=(peer,)))
            threads[-1].start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        listener.close()


def drip(prefix, piece, seconds=0.05):
    """Return a talk that sends `prefix` and then `piece` again and again."""

    def talk(peer, ended):
        peer.recv(65536)
        peer.sendall(prefix)
        while not ended.is_set():
            peer.sendall(piece)
            time.sleep(seconds)

    return talk


def make_certificate(folder, name, *, expired=False):
    """Write a self-signed certificate for `name`; gives the paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    try:
        alternative = x509.IPAddress(ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=-1 if expired else 9))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def make_tls_server(folder, name, **options):
    """Return a server with a certificate for `name`; `server.names` keeps what SNI asked for."""
    certificate, key = make_certificate(folder, name, **options)
    server = Server()
    server.names, server.certificate = [], str(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _socket, asked, _context: server.names.append(asked)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    return server


class Names:
    """A resolver that gives the next answer each time it is asked."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked = list(answers), []

    def look_up(self, host, _port):
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Dialled:
    """Dials a local port in the place of any address, and keeps which ones were dialled."""

    def __init__(self, port) -> None:
        self.port, self.seen = port, []

    def dial(self, address, port, seconds):
        self.seen.append((address, port))
        return dial("127.0.0.1", self.port, seconds)
