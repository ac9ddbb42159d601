"""What stands between the portal and a Git server: credentials, the guard, redirects, TLS."""

from __future__ import annotations

import ssl

import pytest

from portal.infra.outbound import Gate, Outbound, Wire
from portal.settings.outbound import parse_allow_list
from portal.sources.core.credentials import Credential
from tests.servers.git_sources import GOOD, PATTERNS, Place, down, text_of
from tests.standins.faults import FaultProxy
from tests.standins.git_server import GitHttpServer
from tests.standins.programs import describe_missing, find_git_backend
from tests.unit.outbound.servers import Server, make_certificate, running

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(not find_git_backend(), reason=f"no git; {describe_missing('git')}"),
]
DESCRIPTORS = {
    "catalog-info.yaml": "kind: Component\n",
    "services/pay/catalog-info.yaml": "kind: API\n",
}


@pytest.fixture
def place(tmp_path):
    found = Place(tmp_path)
    with found.server:
        yield found


def test_credentials_that_are_missing_wrong_or_for_nothing(place):
    with down("asks for a credential (401)", "does not exist"):
        place.read(credential=Credential()).find_version()
    with down("refuses the credential (401)"):
        place.read(credential=Credential("reader", "hunter2-wrong")).find_version()
    with down("There is no repository at", "private one"):
        place.read(f"{place.server.url}/team/none.git").find_version()
    with down("refuses the credential (401)"):
        place.read(credential=Credential("reader", "hunter2-wrong")).open("1" * 40, PATTERNS)


def test_a_credential_never_goes_over_an_open_wire(place):
    for scheme_only in ("http://git.example.test/a.git", "http://10.0.0.1/a.git"):
        with down("never sent over plain http", "https://"):
            place.read(scheme_only).find_version()
        with down("never sent over plain http"):
            place.read(scheme_only).open("1" * 40, PATTERNS)


@pytest.mark.parametrize("allow", ["", "10.0.0.0/8", "127.0.0.1:1"])
def test_an_address_that_is_not_allowed_is_refused_before_any_byte(place, allow):
    with FaultProxy(("127.0.0.1", place.server.port)) as proxy:
        shut = Outbound(Gate(parse_allow_list(allow)))
        url = f"http://127.0.0.1:{proxy.port}/team/one.git"
        with down("may not be called", "PORTAL_OUTBOUND_ALLOW"):
            place.read(url, outbound=shut).find_version()
        with down("may not be called"):
            place.read(url, outbound=shut).open("1" * 40, PATTERNS)
        assert proxy.connections == 0


def test_names_are_judged_by_what_they_resolve_to(place):
    dialled = []

    def dial(address, port, seconds):
        dialled.append(address)
        raise ConnectionRefusedError

    answers = {
        "inside.example.test": ["93.184.216.34", "169.254.169.254"],
        "outside.example.test": ["93.184.216.34"],
    }
    wire = Wire(look_up=lambda host, _port: answers.get(host, []), dial=dial)
    outbound = Outbound(Gate(wire=wire))
    for scheme in ("https://", "ssh://git@"):
        with down("may not be called", "metadata"):
            place.read(f"{scheme}inside.example.test/a", outbound=outbound).find_version()
        with down("cannot be resolved"):
            place.read(f"{scheme}nowhere.example.test/a", outbound=outbound).find_version()
        assert dialled == []
        with down("did not answer"):
            place.read(f"{scheme}outside.example.test/a", outbound=outbound).find_version()
        assert dialled == ["93.184.216.34"]
        dialled.clear()


def test_no_file_and_no_variable_of_the_machine_has_a_say(place, tmp_path, monkeypatch):
    trap = Server()
    with running(trap):
        home = tmp_path / "home"
        home.mkdir()
        elsewhere = f"http://127.0.0.1:{trap.port}"
        configured = (
            f'[url "{elsewhere}/"]\n insteadOf = {place.server.url}/\n'
            f'[http]\n proxy = {elsewhere}\n extraHeader = "Authorization: Basic cmVhZGVy"\n'
            f"[credential]\n helper = store\n[core]\n sshCommand = touch {tmp_path}/ran\n"
        )
        (home / ".gitconfig").write_text(configured)
        (home / ".git-credentials").write_text(f"http://reader:{GOOD.password}@127.0.0.1\n")
        netrc = home / ".netrc"
        netrc.write_text(f"machine 127.0.0.1 login reader password {GOOD.password}\n")
        netrc.chmod(0o600)
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, elsewhere)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
        monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(home / ".gitconfig"))
        monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {tmp_path}/ran")
        monkeypatch.setenv("GIT_ASKPASS", "/bin/false")
        monkeypatch.setenv("GIT_DIR", str(place.repo.path))
        monkeypatch.setenv("NETRC", str(netrc))
        with down("asks for a credential (401)"):
            place.read(credential=Credential()).find_version()
        assert text_of(place.fetch()) == DESCRIPTORS
        assert trap.seen == []
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_stay_at_home(place, status):
    tail = "info/refs?service=git-upload-pack"
    with running(Server()) as moved, running(Server()) as other:
        url = f"http://127.0.0.1:{moved.port}/old.git"
        moved.redirects["/old.git/info/refs"] = (status, f"http://127.0.0.1:{other.port}/x/{tail}")
        with down("redirects to another address"):
            place.read(url).find_version()
        assert other.seen == []
        moved.redirects["/old.git/info/refs"] = (status, f"/new.git/{tail}")
        with down("not as a Git repository"):
            place.read(url).find_version()
        assert [path for _, path, _, _ in moved.seen][-1] == f"/new.git/{tail}"
        moved.redirects["/old.git/info/refs"] = (status, f"/old.git/{tail}")
        with down("redirects more than"):
            place.read(url).find_version()
        moved.redirects["/old.git/info/refs"] = (status, "/login?next=/old.git")
        with down("redirects to another address"):
            place.read(url).find_version()


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "refuses the credential (403)"), (404, "no repository"), (410, "no repository"),
     (429, "answered 429"), (503, "answered 503"), (418, "which no Git server should")],
)  # fmt: skip
def test_statuses_are_told_apart(place, status, words):
    with running(Server()) as server:
        server.statuses[:] = [(status, {})]
        with down(words):
            place.read(f"http://127.0.0.1:{server.port}/a.git").find_version()


def test_tls_is_checked_and_an_own_authority_can_be_given(place, tmp_path):
    certificate, key = make_certificate(tmp_path, "127.0.0.1")
    other, _ = make_certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = GitHttpServer(place.root, ("reader", GOOD.password))
    inner = server._server  # noqa: SLF001 the stand-in speaks no TLS of its own
    inner.socket = context.wrap_socket(
        inner.socket, server_side=True, do_handshake_on_connect=False
    )
    with server:
        url = f"https://127.0.0.1:{server.port}/team/one.git"
        with down("cannot be trusted"):
            place.read(url).find_version()
        for bundle in (str(certificate), certificate.read_text()):
            trusting = Credential("reader", GOOD.password, ca_bundle=bundle)
            assert text_of(place.fetch(url=url, credential=trusting)) == DESCRIPTORS
        wrong = Credential("reader", GOOD.password, ca_bundle=other.read_text())
        with down("cannot be trusted"):
            place.read(url, wrong).find_version()
        for nonsense in ("-----BEGIN CERTIFICATE-----\nx", "/no/such/file.pem"):
            with down("cannot be trusted"):
                place.read(url, Credential(ca_bundle=nonsense)).find_version()
    with down("cannot be trusted"):
        place.read(place.url.replace("http://", "https://")).find_version()
