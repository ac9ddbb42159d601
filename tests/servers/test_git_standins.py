"""The git server serves and refuses as real hosts do, seen by the real client."""

from __future__ import annotations

import gzip
import http.client
import os
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.standins.git_repository import git_environment
from tests.standins.git_server import (
    GitHttpServer,
    executable,
    make_repository,
    submodule,
    symlink,
)
from tests.standins.programs import describe_missing, find_git_backend
from tests.unit.outbound.servers import make_certificate

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
]


def git(*arguments: str | Path, folder: Path | None = None, **environment: str):
    return subprocess.run(
        ["git", *map(str, arguments)],
        env={**git_environment(), **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


@pytest.fixture
def repo(tmp_path):
    return make_repository(tmp_path / "root", "acme/payments.git", {"catalog.yaml": "one: 1\n"})


@pytest.fixture
def server(repo, tmp_path):
    with GitHttpServer(tmp_path / "root", ("robot", "p:w")) as found:
        yield found


def address(server, name: str = "acme/payments.git") -> str:
    return f"{server.url.replace('//', '//robot:p%3Aw@')}/{name}"


def test_commits_have_the_same_hash_everywhere(repo):
    assert repo.head() == "34a20f9ab47455e4bef977d3b2c889c1ad797a28"


def test_history_is_made_and_forced(repo):
    first = repo.head()
    second = repo.push({'odd "ü\n': b"\0\xff", "run": executable("x")}, delete=["catalog.yaml"])
    assert repo.git("rev-parse", f"{second}^") == first
    assert repo.git(
        "ls-tree", "-r", "--name-only", "-z", second
    ) == 'odd "ü\n\0run\0'.encode().decode(errors="surrogateescape")
    assert repo.git("show", f"{second}:run") == "x"
    forced = repo.force({"only": "this"})
    assert repo.git("rev-list", forced) == forced
    assert repo.git("ls-tree", "-r", "--name-only", forced) == "only"
    repo.forget_old_commits()
    with pytest.raises(AssertionError):
        repo.git("cat-file", "-e", second)


def test_branches_and_tags_move(repo):
    first = repo.head()
    side = repo.push({"side": "1"}, branch="side/one")
    assert repo.git("rev-parse", f"{side}^") == first
    repo.rename_branch("trunk")
    assert sorted(repo.branches()) == ["side/one", "trunk"]
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert repo.tag("light") == first
    assert repo.tag("heavy", annotated=True) != first
    repo.delete_branch("trunk")
    assert repo.branches() == ["side/one"]


def test_trees_hold_what_clients_refuse(repo):
    commit = repo.push_tree(
        {
            "..": {"evil": "up"},
            ".git": {"config": "mine"},
            "a/b": "slash",
            "a\\b": "backslash",
            b"\xff": "no UTF-8",
            "link": symlink("/etc/passwd"),
            "module": submodule(),
        }
    )
    listed = repo.git("ls-tree", "-z", commit).split("\0")
    assert [line.partition("\t")[2] for line in listed[:-1]] == [
        "..",
        ".git",
        "a/b",
        "a\\b",
        "\udcff",
        "link",
        "module",
    ]
    assert [line.split()[0] for line in listed[-3:-1]] == ["120000", "160000"]


@pytest.mark.parametrize("version", ["0", "2"])
def test_a_client_clones_and_every_byte_is_counted(server, repo, tmp_path, version):
    repo.push({"big": os.urandom(200_000)})
    options = ["-c", f"protocol.version={version}", "clone", "--quiet", "--depth", "1"]
    done = git(*options, address(server), tmp_path / "clone")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "clone/catalog.yaml").read_text() == "one: 1\n"
    last = server.requests[-1]
    assert (last.method, last.path, last.status) == (
        "POST",
        "/acme/payments.git/git-upload-pack",
        200,
    )
    assert 200_000 < last.sent < 210_000
    assert server.sent == sum(one.sent for one in server.requests)


def test_a_push_in_chunks_arrives(server, repo, tmp_path):
    git("clone", "--quiet", address(server), tmp_path / "clone")
    (tmp_path / "clone/big").write_bytes(os.urandom(2_000_000))
    git("add", ".", folder=tmp_path / "clone")
    git("commit", "--quiet", "--message", "big", folder=tmp_path / "clone")
    done = git("push", "--quiet", "origin", "HEAD", folder=tmp_path / "clone")
    assert done.returncode == 0, done.stderr
    assert repo.git("cat-file", "-s", "main:big") == "2000000"
    assert server.received > 2_000_000


def test_a_gzip_request_is_understood(repo, tmp_path):
    asked = gzip.compress(b"0014command=ls-refs\n0000")
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Content-Encoding": "gzip",
        "Git-Protocol": "version=2",
    }
    with GitHttpServer(tmp_path / "root") as server:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for body in (asked, iter([asked[:7], asked[7:]])):
            # An iterator goes out in chunks.
            line.request("POST", "/acme/payments.git/git-upload-pack", body, headers)
            answer = line.getresponse()
            assert answer.status == 200
            assert f"{repo.head()} refs/heads/main".encode() in answer.read()
        line.close()
    assert server.received == 2 * len(asked)


def test_strangers_are_refused_and_learn_nothing(server):
    for name in ("acme/payments.git", "acme/nothing.git"):
        assert git("ls-remote", f"{server.url}/{name}").returncode != 0
    assert [one.status for one in server.requests] == [401, 401]
    wrong = address(server).replace("p%3Aw", "guess")
    assert git("ls-remote", wrong).returncode != 0
    assert {one.status for one in server.requests} == {401}


@pytest.mark.parametrize("name", ["acme/nothing.git", "acme", "../root/acme/payments.git"])
def test_what_is_no_repository_is_404(server, name):
    assert git("ls-remote", address(server, name)).returncode != 0
    assert server.requests[-1].status == 404


def test_an_empty_repository_lists_nothing(server, tmp_path):
    make_repository(tmp_path / "root", "empty.git", {})
    done = git("ls-remote", address(server, "empty.git"))
    assert (done.returncode, done.stdout) == (0, "")


def test_https_needs_the_right_certificate(repo, tmp_path):
    certificate, key = make_certificate(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with GitHttpServer(tmp_path / "root", tls=context) as server:
        silent = socket.create_connection(("127.0.0.1", server.port))
        address = f"{server.url}/acme/payments.git"
        trusting = git("ls-remote", address, GIT_SSL_CAINFO=str(certificate))
        assert repo.head() in trusting.stdout, trusting.stderr
        assert "certificate" in git("ls-remote", address).stderr
        silent.close()
