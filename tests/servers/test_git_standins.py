"""The git server and the sshd serve and refuse as real hosts do, seen by the real clients."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.standins.git_repository import git_environment
from tests.standins.git_server import (
    GitHttpServer,
    executable,
    make_repository,
    submodule,
    symlink,
)
from tests.standins.programs import describe_missing, find_git_backend, find_program
from tests.standins.ssh_server import SshServer, fingerprint_of, make_key

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
]
needs_sshd = pytest.mark.skipif(
    not find_program("sshd"), reason=f"no sshd; {describe_missing('openssh-server')}"
)


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


def test_a_gzip_request_is_understood(server, repo, tmp_path):
    git("clone", "--quiet", address(server), tmp_path / "clone")
    for number in range(40):
        git("commit", "--quiet", "--allow-empty", "-m", str(number), folder=tmp_path / "clone")
    newest = repo.push({"two": "2"})
    # Forty commits the server does not know make a body that git packs with gzip.
    done = git(
        *["-c", "protocol.version=0", "fetch", "--quiet"],
        folder=tmp_path / "clone",
        GIT_TRACE_CURL="1",
    )
    assert "Content-Encoding: gzip" in done.stderr
    found = git("rev-parse", "origin/main", folder=tmp_path / "clone")
    assert found.stdout.strip() == newest


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


@pytest.fixture
def sshd(repo, tmp_path):
    with SshServer(tmp_path / "root") as found:
        yield found


def ssh_command(sshd, folder: Path, *, key: str = "", host_key: str = "") -> str:
    (folder / "key").write_text(key or sshd.client_key_text)
    (folder / "key").chmod(0o600)
    (folder / "known").write_text(f"[127.0.0.1]:{sshd.port} {host_key or sshd.host_key_line}\n")
    options = f"-o UserKnownHostsFile={folder}/known -o StrictHostKeyChecking=yes"
    return f"ssh -F none -i {folder}/key -o IdentitiesOnly=yes -o BatchMode=yes {options}"


def ssh_address(sshd, name: str = "/acme/payments.git") -> str:
    return f"ssh://{sshd.user}@127.0.0.1:{sshd.port}{name}"


@needs_sshd
def test_ssh_serves_a_fetch(sshd, repo, tmp_path):
    command = ssh_command(sshd, tmp_path)
    done = git("ls-remote", ssh_address(sshd), "refs/heads/main", GIT_SSH_COMMAND=command)
    assert done.stdout.split() == [repo.head(), "refs/heads/main"], done.stderr + sshd.log
    assert sshd.commands == ["git-upload-pack '/acme/payments.git'"]


@needs_sshd
@pytest.mark.parametrize("kind", ["ecdsa", "rsa", "rsa-1024"])
def test_ssh_shows_the_kind_of_host_key_it_was_told(repo, tmp_path, kind):
    with SshServer(tmp_path / "root", host_key=kind) as sshd:
        command = ssh_command(sshd, tmp_path)
        options = " -o RequiredRSASize=1024" if kind == "rsa-1024" else ""
        done = git("ls-remote", ssh_address(sshd), GIT_SSH_COMMAND=command + options)
        assert repo.head() in done.stdout, done.stderr + sshd.log


@needs_sshd
def test_ssh_refuses_whom_it_does_not_know(sshd, tmp_path):
    stranger, other = make_key()
    for command in (
        ssh_command(sshd, tmp_path, key=stranger),
        ssh_command(sshd, tmp_path, host_key=other),
    ):
        assert git("ls-remote", ssh_address(sshd), GIT_SSH_COMMAND=command).returncode != 0
    assert sshd.commands == []


@needs_sshd
def test_ssh_does_nothing_but_fetch_below_the_root(sshd, tmp_path):
    make_repository(tmp_path, "outside.git", {"secret": "x"})
    command = ssh_command(sshd, tmp_path)
    for name in ("/../outside.git", str(tmp_path / "outside.git"), "/nothing.git"):
        done = git("ls-remote", ssh_address(sshd, name), GIT_SSH_COMMAND=command)
        assert "Repository not found" in done.stderr
    for words in ("id", "git-receive-pack '/acme/payments.git'", "git-upload-pack a; id"):
        done = subprocess.run(
            [*command.split(), "-p", str(sshd.port), f"{sshd.user}@127.0.0.1", words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.returncode) == ("", 1)
        assert "Only git-upload-pack" in done.stderr


@needs_sshd
def test_ssh_says_its_fingerprint_as_the_real_tool_does(sshd, tmp_path):
    (tmp_path / "host.pub").write_text(sshd.host_key_line + "\n")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "host.pub")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split()[1] == sshd.fingerprint == fingerprint_of(sshd.host_key_line)


@needs_sshd
def test_ssh_ends_with_its_connections(repo, tmp_path):
    with SshServer(tmp_path / "root") as sshd:
        command = ssh_command(sshd, tmp_path)
        client = subprocess.Popen(
            [
                *command.split(),
                *["-p", str(sshd.port), f"{sshd.user}@127.0.0.1"],
                "git-upload-pack '/acme/payments.git'",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert client.stdout.read(4).isalnum()
        pid = sshd.pid
    assert not Path(f"/proc/{pid}").exists()
    assert client.wait(timeout=5) != 0
    client.stdin.close()
    client.stdout.close()
