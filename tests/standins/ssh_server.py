"""The real OpenSSH `sshd` on loopback; all it lets anybody do is fetch from below one folder."""

from __future__ import annotations

import base64
import contextlib
import getpass
import hashlib
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.standins.git_repository import git_environment
from tests.standins.programs import describe_missing, find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRIVILEGE_SEPARATION = Path("/run/sshd")
"""sshd started by root wants this empty folder; Debian's service would make it."""
SECONDS_TO_START = 20.0
TRIES = 5

KEYS: dict[str, Callable] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(public_exponent=65537, key_size=3072),
    "rsa-1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),  # noqa: S505 - to be refused
}

CONFIGURATION = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
ForceCommand {folder}/only_fetch
PidFile none
UsePAM no
StrictModes no
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
PermitTTY no
PermitUserRC no
PermitUserEnvironment no
DisableForwarding yes
UseDNS no
AcceptEnv GIT_PROTOCOL
MaxStartups 100
LoginGraceTime 20
LogLevel VERBOSE
"""
# OpenSSH 9.8 and later shut out an address after refused keys, which tests do on purpose.
NEWER_CONFIGURATION = "PerSourcePenalties no\n"

ONLY_FETCH = '''\
"""Run git-upload-pack on one repository below the root and nothing else."""
import json, os, pathlib, shlex, sys
root = pathlib.Path({root!r}).resolve()
asked = os.environ.get("SSH_ORIGINAL_COMMAND", "")
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps(asked) + "\\n")
try:
    words = shlex.split(asked)
except ValueError:
    words = []
if words[:2] == ["git", "upload-pack"]:
    words[:2] = ["git-upload-pack"]
if len(words) != 2 or words[0] != "git-upload-pack":
    sys.exit("Only git-upload-pack is allowed here.")
path = (root / words[1].lstrip("/")).resolve()
if not path.is_relative_to(root) or not (path / "HEAD").is_file():
    sys.exit("ERROR: Repository not found.")
environment = {environment!r}
if os.environ.get("GIT_PROTOCOL"):
    environment["GIT_PROTOCOL"] = os.environ["GIT_PROTOCOL"]
os.execvpe("git", ["git", "upload-pack", "--strict", str(path)], environment)
'''


class SshServer:
    """An `sshd` of the current user with one host key and one key that may come in."""

    def __init__(
        self, root: Path, *, host_key: str = "ed25519", client_key: str = "ed25519"
    ) -> None:
        program = find_program("sshd")
        if program is None:
            raise RuntimeError(f"sshd is missing; {describe_missing('openssh-server')}")
        self.program = program
        self.root = root
        self.user = getpass.getuser()
        self.port = 0
        self._host_key = KEYS[host_key]()
        self._client_key = KEYS[client_key]()
        self._process: subprocess.Popen | None = None
        self._holder: tempfile.TemporaryDirectory | None = None

    def __enter__(self) -> Self:
        self._holder = tempfile.TemporaryDirectory(prefix="sshd")
        try:
            self._write_files()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            connections = list(_list_descendants(self.pid))
            self._process.terminate()
            self._process.wait(timeout=10)
            # They would live until their client leaves, and may miss a SIGTERM while they wait.
            for pid in connections:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process = None
        if self._holder is not None:
            self._holder.cleanup()
            self._holder = None

    @property
    def pid(self) -> int:
        """Return the pid of the listening sshd."""
        assert self._process is not None
        return self._process.pid

    @property
    def client_key_text(self) -> str:
        """Return the private key that may come in, in OpenSSH's own format."""
        return _write_private(self._client_key)

    @property
    def host_key_line(self) -> str:
        """Return the host's public key as a line of OpenSSH: its type and the key."""
        return _write_public(self._host_key)

    @property
    def fingerprint(self) -> str:
        """Return the host key's fingerprint as ssh shows it: `SHA256:` and base64."""
        return fingerprint_of(self.host_key_line)

    @property
    def commands(self) -> list[str]:
        """Return every command that a client asked for, allowed or not."""
        log = self._folder / "commands"
        return [json.loads(line) for line in log.read_text().splitlines()]

    @property
    def log(self) -> str:
        """Return what sshd says about it."""
        path = self._folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def _folder(self) -> Path:
        assert self._holder is not None
        return Path(self._holder.name)

    def _write_files(self) -> None:
        folder = self._folder
        self._write("host_key", _write_private(self._host_key), stat.S_IRUSR | stat.S_IWUSR)
        # Root may come in with a key whose own line says the one command it may run.
        limits = f'restrict,command="{folder}/only_fetch"'
        line = f"{limits} {_write_public(self._client_key)}\n"
        self._write("authorized_keys", line, stat.S_IRUSR)
        self._write("commands", "", stat.S_IRUSR | stat.S_IWUSR)
        only_fetch = ONLY_FETCH.format(
            root=str(self.root),
            log=str(folder / "commands"),
            environment=git_environment(),
        )
        self._write("only_fetch.py", only_fetch, stat.S_IRUSR)
        # A shell in between: a shebang line could not hold every path of a Python.
        start = shlex.join([sys.executable, "-I", str(folder / "only_fetch.py")])
        self._write("only_fetch", f"#!/bin/sh\nexec {start}\n", stat.S_IRWXU)

    def _write(self, name: str, text: str, mode: int) -> None:
        path = self._folder / name
        path.write_text(text)
        path.chmod(mode)

    def _start(self) -> None:
        if os.geteuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        for _ in range(TRIES):
            self._launch()
            if self._is_listening():
                return
        raise RuntimeError(f"sshd does not start: {self.log.strip()}")

    def _launch(self) -> None:
        self.port = _find_free_port()
        plain = CONFIGURATION.format(port=self.port, folder=self._folder)
        self._write("config", plain + NEWER_CONFIGURATION, stat.S_IRUSR | stat.S_IWUSR)
        command = [self.program, "-f", str(self._folder / "config")]
        if subprocess.run([*command, "-t"], capture_output=True, check=False).returncode:
            self._write("config", plain, stat.S_IRUSR | stat.S_IWUSR)
        self._process = subprocess.Popen(
            [*command, "-D", "-E", str(self._folder / "log")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _is_listening(self) -> bool:
        """Wait for sshd's own word: whoever answers at the port may be another test's sshd."""
        deadline = time.monotonic() + SECONDS_TO_START
        while self._process.poll() is None:
            if f"Server listening on 127.0.0.1 port {self.port}." in self.log:
                return True
            if time.monotonic() > deadline:
                raise RuntimeError(f"sshd does not listen: {self.log.strip()}")
            time.sleep(0.02)
        # Somebody took the port between looking for a free one and listening there.
        return False


def make_key(kind: str = "ed25519") -> tuple[str, str]:
    """Return a fresh private key in OpenSSH's format and the line of its public key."""
    key = KEYS[kind]()
    return _write_private(key), _write_public(key)


def fingerprint_of(line: str) -> str:
    """Return the fingerprint of a public-key line, as ssh shows it."""
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def _write_private(key: ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def _write_public(key: ed25519.Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _list_descendants(pid: int) -> Iterator[int]:
    with contextlib.suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _list_descendants(int(child))
            yield int(child)


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
