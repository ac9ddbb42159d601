"""What the tests of Git sources share: a repository, its servers, and readers with short clocks."""

from __future__ import annotations

import io
import logging
import time
from contextlib import contextmanager

import pytest

from portal.infra.outbound import Gate, Limits, Outbound
from portal.settings.outbound import parse_allow_list
from portal.sources.core.credentials import Credential
from portal.sources.core.git_addresses import parse_git_address
from portal.sources.core.trees import SourceDown
from portal.sources.providers.git import GitRepository
from tests.standins.git_server import GitHttpServer, make_repository

PATTERNS = ("**/*.yaml",)
SECRET = "hunter2-é"
GOOD = Credential("reader", SECRET)
QUICK = Limits(total_seconds=3, connect_seconds=1, read_seconds=1, body_bytes=1 << 18)
FILES = {
    "catalog-info.yaml": "kind: Component\n",
    "services/pay/catalog-info.yaml": "kind: API\n",
    "README.md": "# Read me\n",
}


class Reader(GitRepository):
    """A repository that is given up soon."""

    list_limits = QUICK
    fetch_limits = QUICK


class Place:
    """A repository behind a server that asks for user and password."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.root = folder / "served"
        self.root.mkdir()
        self.repo = make_repository(self.root, "team/one.git", FILES)
        self.server = GitHttpServer(self.root, ("reader", SECRET))
        self.outbound = Outbound(Gate(parse_allow_list("127.0.0.1")))

    @property
    def url(self):
        return f"{self.server.url}/team/one.git"

    def read(self, url="", credential=GOOD, *, branch="", folder="cache", kind=GitRepository,
             outbound=None):  # fmt: skip
        address = parse_git_address(url or self.url)
        kept = self.folder / folder
        return kind(outbound or self.outbound, address, credential, branch=branch, folder=kept)

    def fetch(self, **options):
        """Read what the branch names now; returns the tree."""
        reader = self.read(**options)
        return reader.open(reader.find_version()[0], PATTERNS)

    @contextmanager
    def measure(self):
        """Yield a list that gets the requests made meanwhile and the bytes sent for them."""
        before = self._count_requests()
        found = []
        yield found
        found.extend(self.server.requests[before : self._count_requests()])

    def _count_requests(self):
        """Return how many there were; clients leave before the server has written down the last."""
        count = -1
        while count != len(self.server.requests):
            count = len(self.server.requests)
            time.sleep(0.05)
        return count


@contextmanager
def down(*words):
    """Expect SourceDown that says these words, has a fix, and shows no secret."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(SourceDown) as raised:
            yield raised
    finally:
        logging.getLogger().removeHandler(handler)
    error = raised.value
    for word in words:
        assert word in f"{error.detail} {error.fix}"
    assert error.detail.endswith(".")
    shown = f"{error.detail} {error.fix} {error!r} {heard.getvalue()}"
    for secret in ("hunter2", "BEGIN OPENSSH", "aHVudGVy", "cmVhZGVy"):
        assert secret not in shown


def text_of(tree):
    """Return every file that the patterns name, with its text."""
    return {path: tree.read(path).decode() for path in tree.list_files()}


def read_elsewhere(url, folder, version, results):
    """Read a commit in a process of its own."""
    outbound = Outbound(Gate(parse_allow_list("127.0.0.1")))
    reader = GitRepository(outbound, parse_git_address(url), GOOD, branch="", folder=folder)
    results.put(text_of(reader.open(version, PATTERNS)))
