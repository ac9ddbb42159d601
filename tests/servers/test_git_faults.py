"""Every fault on the way to a Git server over HTTP, at the listing and in the middle of a fetch."""

from __future__ import annotations

import random
import time

import pytest

from portal.infra.outbound import Limits
from tests.servers.git_sources import PATTERNS, Place, Reader, down
from tests.standins.faults import FaultProxy
from tests.standins.programs import describe_missing, find_git_backend
from tests.unit.outbound.servers import raw_server

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
]
FAULTS = {
    "hang": "sent nothing for 1 seconds",
    "reset": "did not answer",
    "truncate": "broke off in the middle",
    "drip": "was not done within 3 seconds",
    "500": "answered 500",
    "huge": "sent more than 0.25 MB",
    "garbage": "did not send a sound HTTP answer",
    "slow_headers": "was not done within 3 seconds",
}


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path)
    rng = random.Random(2)
    found.repo.push({f"data/{n}.bin": rng.randbytes(9_000) for n in range(15)})
    with found.server:
        yield found


@pytest.mark.parametrize("mode", FAULTS)
def test_a_listing_that_fails_says_how_and_in_time(place, mode):
    with FaultProxy(("127.0.0.1", place.server.port), mode) as proxy:
        began = time.monotonic()
        with down(FAULTS[mode]):
            place.read(f"http://127.0.0.1:{proxy.port}/team/one.git", kind=Reader).find_version()
        assert time.monotonic() - began < 6


@pytest.mark.parametrize("mode", FAULTS)
def test_a_fetch_that_fails_says_how_and_leaves_nothing(place, mode):
    version = place.repo.head()
    with FaultProxy(("127.0.0.1", place.server.port), mode) as proxy:
        proxy.only = b"command=fetch"
        reader = place.read(f"http://127.0.0.1:{proxy.port}/team/one.git", kind=Reader)
        with down(FAULTS[mode]):
            reader.open(version, PATTERNS)
        assert [path.name for path in (place.folder / "cache").iterdir()] == ["lock"]
        proxy.mode = "pass"
        assert reader.open(version, PATTERNS).read("catalog-info.yaml") == b"kind: Component\n"


def test_a_cut_in_the_middle_of_the_pack_is_told(place):
    with FaultProxy(("127.0.0.1", place.server.port), "reset") as proxy:
        proxy.only = b"command=fetch"
        proxy.reset_after = 100_000
        url = f"http://127.0.0.1:{proxy.port}/team/one.git"
        with down("broke off in the middle"):
            place.read(url, kind=Reader).open(place.repo.head(), PATTERNS)


def test_more_than_the_limit_is_not_taken(place, monkeypatch):
    limits = Limits(total_seconds=4, body_bytes=100_000)
    monkeypatch.setattr(Reader, "fetch_limits", limits)
    with down("sent more than", "Split the repository"):
        place.read(kind=Reader).open(place.repo.head(), PATTERNS)


def test_nobody_there(place):
    with raw_server(lambda _peer, _ended: None) as port:
        pass
    for scheme in ("http://", "https://", "ssh://git@"):
        with down("did not answer", "that it runs"):
            place.read(f"{scheme}127.0.0.1:{port}/a.git", kind=Reader).find_version()


ADVERTISED = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
    b"Content-Type: application/x-git-upload-pack-advertisement\r\n\r\n"
)


def line(data):
    return b"%04x%b" % (len(data) + 4, data)


SERVICE = line(b"# service=git-upload-pack\n") + b"0000"
REF = b"1" * 40


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"zzzz",
        b"0003",
        b"ffff",
        b"fff0" + b"x" * 100,
        b"0000",
        SERVICE,
        line(b"# service=git-receive-pack\n") + b"0000",
        SERVICE + line(b"ERR \x1b[2J hunter2 access denied\n"),
        SERVICE + line(b"no ref") + b"0000",
        SERVICE + line(b"\xff\xfe\0\xff") + b"0000",
        SERVICE + line(REF[:7] + b" HEAD\0\n") + b"0000",
        SERVICE + line(b"\xff" * 40 + b" HEAD\0\n") + b"0000",
        SERVICE + line(b"../../etc/passwd HEAD\0\n") + b"0000",
        SERVICE + line(REF + b" HEAD\0object-format=md5\n") + b"0000",
        line(b"version 2\n") + line(b"ls-refs\n"),
        line(b"version 99\n") + b"0000",
        random.Random(4).randbytes(5_000),
    ],
)
def test_nonsense_that_claims_to_be_git_is_refused(place, body):
    def talk(peer, _ended):
        peer.recv(65536)
        peer.sendall(ADVERTISED + body)

    with raw_server(talk) as port:
        url = f"http://127.0.0.1:{port}/a.git"
        with down():
            reader = place.read(url, kind=Reader)
            reader.open(reader.find_version()[0], PATTERNS)
