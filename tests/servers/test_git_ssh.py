"""Git repositories over SSH: the real `sshd`, and servers that are not what they should be."""

from __future__ import annotations

import logging

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from portal.infra.outbound import Gate, Outbound
from portal.settings.outbound import parse_allow_list
from portal.sources.core.credentials import Credential
from tests.servers.git_sources import FILES, PATTERNS, Place, Reader, down, text_of
from tests.standins.faults import FaultProxy
from tests.standins.git_server import make_repository
from tests.standins.programs import describe_missing, find_git_backend, find_program
from tests.standins.ssh_server import SshServer, fingerprint_of, make_key
from tests.unit.outbound.servers import raw_server

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
    pytest.mark.skipif(
        not find_program("sshd"), reason=f"no sshd; {describe_missing('openssh-server')}"
    ),
]
DESCRIPTORS = {path: text for path, text in FILES.items() if path.endswith(".yaml")}


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path)
    with found.server:
        yield found


@pytest.fixture
def sshd(place):
    with SshServer(place.root) as found:
        yield found


def address_of(sshd, path="/team/one.git"):
    return f"ssh://{sshd.user}@127.0.0.1:{sshd.port}{path}"


def key_of(sshd, **changed):
    given = {"private_key": sshd.client_key_text, "host_key": sshd.host_key_line, **changed}
    return Credential(**given)


@pytest.mark.parametrize("takes_version", [True, False])
def test_files_and_updates_come_over_ssh(place, sshd, monkeypatch, takes_version):
    if not takes_version:  # as with servers whose AcceptEnv does not name GIT_PROTOCOL
        monkeypatch.setattr(paramiko.Channel, "set_environment_variable", lambda *_: None)
    options = {"url": address_of(sshd), "credential": key_of(sshd)}
    reader = place.read(**options)
    assert reader.find_version() == (place.repo.head(), "main")
    assert text_of(place.fetch(**options)) == DESCRIPTORS
    version = place.repo.push({"catalog-info.yaml": "second: 1\n"})
    assert place.fetch(**options).read("catalog-info.yaml") == b"second: 1\n"
    assert len(list((place.folder / "cache").glob("*.pack"))) == 2
    asked = len(sshd.commands)
    assert reader.open(version, PATTERNS).read("README.md") == b"# Read me\n"
    assert len(sshd.commands) == asked
    place.repo.force({"new.yaml": "a: 1\n"})
    place.repo.forget_old_commits()
    with down("no longer hands out that commit"):
        place.read(**options, folder="other").open(version, PATTERNS)
    with down("has no branch or tag nope", "Give one of: main."):
        place.read(**options, branch="nope").find_version()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_each_kind_of_key_is_taken_on_both_sides(place, kind):
    with SshServer(place.root, host_key=kind, client_key=kind) as sshd:
        for pinned in (sshd.host_key_line, sshd.fingerprint, f"host {sshd.host_key_line} comment"):
            reader = place.read(address_of(sshd), key_of(sshd, host_key=pinned))
            assert reader.find_version() == (place.repo.head(), "main")


def test_weak_rsa_is_refused_on_both_sides(place, sshd):
    weak, _ = make_key("rsa-1024")
    with down("fewer than 2048 bits"):
        place.read(address_of(sshd), key_of(sshd, private_key=weak)).find_version()
    with (
        start_paramiko(paramiko.RSAKey.generate(1024)) as port,
        down("1024 bits, which is too weak"),
    ):
        given = key_of(sshd, host_key=sshd.fingerprint)
        place.read(f"ssh://git@127.0.0.1:{port}/a", given).find_version()


def start_paramiko(host_key):
    """Run an SSH server that shows `host_key` and lets nobody in."""

    def talk(peer, ended):
        transport = paramiko.Transport(peer)
        transport.add_server_key(host_key)
        try:
            transport.start_server(server=paramiko.ServerInterface())
            while transport.is_active() and not ended.wait(0.05):
                pass
        except (paramiko.SSHException, EOFError):
            pass
        finally:
            transport.close()

    return raw_server(talk)


def test_without_a_host_key_nothing_is_told_and_the_fingerprint_is_shown(place, sshd):
    with down("No host key is given", sshd.fingerprint, "Compare it"):
        place.read(address_of(sshd), key_of(sshd, host_key="")).find_version()
    assert sshd.commands == []
    assert "publickey" not in sshd.log
    assert "Connection closed by authenticating" not in sshd.log


def test_another_host_key_is_told_and_nothing_is_sent(place, sshd):
    _, other = make_key()
    for pinned in (other, fingerprint_of(other)):
        with down("showed another host key", sshd.fingerprint, "in between"):
            place.read(address_of(sshd), key_of(sshd, host_key=pinned)).find_version()
    _, unlike = make_key("rsa")
    with down("offers no kind of key", "another of its host keys"):
        place.read(address_of(sshd), key_of(sshd, host_key=unlike)).find_version()
    with down("The host key cannot be read"):
        place.read(address_of(sshd), key_of(sshd, host_key="nonsense")).find_version()
    assert sshd.commands == []
    both = f"{other}\n{sshd.host_key_line}"
    assert place.read(address_of(sshd), key_of(sshd, host_key=both)).find_version()[1] == "main"


def test_keys_that_are_missing_wrong_or_unreadable(place, sshd):
    url = address_of(sshd)
    stranger, _ = make_key()
    with down("does not let the user", "registered"):
        place.read(url, key_of(sshd, private_key=stranger)).find_version()
    with down("does not let the user"):
        place.read(url, key_of(sshd, private_key="", password="hunter2")).find_version()
    with down("needs a private key or password"):
        place.read(url, key_of(sshd, private_key="")).find_version()
    for nonsense in ("hunter2", sshd.client_key_text[:120], "-----BEGIN OPENSSH PRIVATE KEY-----"):
        with down("private key cannot be read"):
            place.read(url, key_of(sshd, private_key=nonsense)).find_version()
    with down("does not let the user nobody-here"):
        place.read(url, key_of(sshd, user="nobody-here")).find_version()


def test_an_encrypted_key_takes_its_passphrase(place, sshd):
    plain = sshd._client_key  # noqa: SLF001 to encrypt the one key that may come in
    assert isinstance(plain, ed25519.Ed25519PrivateKey)
    locked = plain.private_bytes(
        Encoding.PEM, PrivateFormat.OpenSSH, BestAvailableEncryption(b"hunter2")
    ).decode()
    given = key_of(sshd, private_key=locked.replace("\n", "\r\n"), password="hunter2")
    assert place.read(address_of(sshd), given).find_version()[1] == "main"
    with down("is encrypted", "passphrase"):
        place.read(address_of(sshd), key_of(sshd, private_key=locked)).find_version()
    with down("passphrase is wrong"):
        wrong = key_of(sshd, private_key=locked, password="hunter2-not")
        place.read(address_of(sshd), wrong).find_version()


def test_nothing_of_the_users_own_ssh_is_used(place, sshd, tmp_path, monkeypatch):
    home = tmp_path / "home"
    folder = home / ".ssh"
    folder.mkdir(parents=True)
    (folder / "id_ed25519").write_text(sshd.client_key_text)
    (folder / "id_ed25519").chmod(0o600)
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{sshd.port} {sshd.host_key_line}\n")
    (folder / "config").write_text(f"Host *\n ProxyCommand touch {tmp_path}/ran\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {tmp_path}/ran")
    with down("No host key is given"):
        place.read(address_of(sshd), Credential()).find_version()
    with down("needs a private key"):
        place.read(address_of(sshd), Credential(host_key=sshd.host_key_line)).find_version()
    assert place.read(address_of(sshd), key_of(sshd)).find_version()[1] == "main"
    assert not (tmp_path / "ran").exists()


def test_a_path_is_one_word_to_the_server(place, sshd, tmp_path):
    odd = "it's; touch $(id) `id` \" & | x"
    make_repository(place.root, f"{odd}.git", {"a.yaml": "1\n"})
    url = address_of(sshd, f"/{odd}.git".replace("`", "%60"))
    assert text_of(place.fetch(url=url, credential=key_of(sshd))) == {"a.yaml": "1\n"}
    quoted = odd.replace("'", "'\\''")
    assert set(sshd.commands) == {f"git-upload-pack '/{quoted}.git'"}
    with down("There is no repository at"):
        away = address_of(sshd, "/none'; touch ran; '.git")
        place.read(away, key_of(sshd)).find_version()
    assert not list(tmp_path.rglob("ran"))


def test_the_short_form_is_read_from_where_the_server_says(place, sshd):
    reader = place.read(f"{sshd.user}@127.0.0.1:team/one.git", key_of(sshd))
    with down():  # the short form has no port, and nobody listens for this at 22
        reader.find_version()
    assert sshd.commands == []


def test_a_guard_that_refuses_is_asked_before_any_byte(place, sshd):
    with FaultProxy(("127.0.0.1", sshd.port)) as proxy:
        shut = Outbound(Gate(parse_allow_list("")))
        url = f"ssh://git@127.0.0.1:{proxy.port}/team/one.git"
        with down("may not be called", "PORTAL_OUTBOUND_ALLOW"):
            place.read(url, key_of(sshd), outbound=shut).find_version()
        assert proxy.connections == 0


@pytest.mark.parametrize(
    ("mode", "after", "words"),
    [
        ("hang", 0, "was not ready in 1 seconds"),
        ("drip", 0, "was not ready in 1 seconds"),
        ("slow_headers", 0, "was not ready in 1 seconds"),
        ("reset", 10, "ended the connection, or is no SSH server"),
        ("reset", 300, "ended the connection, or is no SSH server"),
        ("500", 0, "is no SSH server"),
        ("huge", 0, "is no SSH server"),
        ("garbage", 0, "is no SSH server"),
    ],
)
def test_each_fault_ends_in_time_and_in_one_sentence(place, sshd, mode, after, words):
    with FaultProxy(("127.0.0.1", sshd.port), mode) as proxy:
        proxy.reset_after = after
        url = f"ssh://{sshd.user}@127.0.0.1:{proxy.port}/team/one.git"
        with down(words):
            place.read(url, key_of(sshd), kind=Reader).find_version()
        with down(words):
            place.read(url, key_of(sshd), kind=Reader).open(place.repo.head(), PATTERNS)
    assert not list((place.folder / "cache").glob("*.pack"))


def test_neither_messages_nor_logs_hold_a_key(place, sshd, caplog):
    caplog.set_level(logging.DEBUG)
    with down("does not let the user"):
        place.read(address_of(sshd), key_of(sshd, private_key=make_key()[0])).find_version()
    place.fetch(url=address_of(sshd), credential=key_of(sshd))
    secret = sshd.client_key_text.splitlines()[2][:30]
    assert secret not in caplog.text
