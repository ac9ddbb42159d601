"""The sshd serves a fetch and refuses everything else, seen by the real clients."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.standins import ssh_server
from tests.standins.git_repository import git_environment
from tests.standins.git_server import make_repository
from tests.standins.programs import describe_missing, find_git_backend, find_program
from tests.standins.ssh_server import SshServer, fingerprint_of, make_key

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
    pytest.mark.skipif(
        not find_program("sshd"), reason=f"no sshd; {describe_missing('openssh-server')}"
    ),
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


def test_ssh_serves_a_fetch(sshd, repo, tmp_path):
    command = ssh_command(sshd, tmp_path)
    done = git("ls-remote", ssh_address(sshd), "refs/heads/main", GIT_SSH_COMMAND=command)
    assert done.stdout.split() == [repo.head(), "refs/heads/main"], done.stderr + sshd.log
    assert sshd.commands == ["git-upload-pack '/acme/payments.git'"]


@pytest.mark.parametrize("kind", ["ecdsa", "rsa", "rsa-1024"])
def test_ssh_shows_the_kind_of_host_key_it_was_told(repo, tmp_path, kind):
    with SshServer(tmp_path / "root", host_key=kind) as sshd:
        command = ssh_command(sshd, tmp_path)
        options = " -o RequiredRSASize=1024" if kind == "rsa-1024" else ""
        done = git("ls-remote", ssh_address(sshd), GIT_SSH_COMMAND=command + options)
        assert repo.head() in done.stdout, done.stderr + sshd.log


def test_ssh_refuses_whom_it_does_not_know(sshd, tmp_path):
    stranger, other = make_key()
    for command in (
        ssh_command(sshd, tmp_path, key=stranger),
        ssh_command(sshd, tmp_path, host_key=other),
    ):
        assert git("ls-remote", ssh_address(sshd), GIT_SSH_COMMAND=command).returncode != 0
    assert sshd.commands == []


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


def test_ssh_says_its_fingerprint_as_the_real_tool_does(sshd, tmp_path):
    (tmp_path / "host.pub").write_text(sshd.host_key_line + "\n")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "host.pub")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.split()[1] == sshd.fingerprint == fingerprint_of(sshd.host_key_line)


def test_ssh_takes_another_port_when_one_is_taken(repo, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = ssh_server._find_free_port()  # noqa: SLF001 - to offer it after the taken one
        offered = iter([taken.getsockname()[1], free])
        monkeypatch.setattr(ssh_server, "_find_free_port", lambda: next(offered))
        with SshServer(tmp_path / "root") as sshd:
            assert sshd.port == free


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
