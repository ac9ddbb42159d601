"""Git repositories over HTTP: the real `git http-backend` behind the real guard."""

from __future__ import annotations

import multiprocessing
import random
import ssl
import stat
import subprocess
import sys
import threading

import dulwich.client
import pytest

from portal.errors import NotFound, TooLarge
from portal.infra.outbound import Gate, Outbound, Wire
from portal.settings.outbound import parse_allow_list
from portal.sources.core.credentials import Credential
from portal.sources.core.paths import OutsideRoot
from portal.sources.providers.git import cache
from tests.servers.git_sources import GOOD, PATTERNS, Place, Reader, down, read_elsewhere, text_of
from tests.standins.faults import FaultProxy
from tests.standins.git_repository import run_git
from tests.standins.git_server import GitHttpServer, executable, make_repository, submodule, symlink
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


@pytest.fixture(params=[2, 0])
def protocol(request, monkeypatch):
    """Speak each version that servers speak."""
    monkeypatch.setattr(dulwich.client, "DEFAULT_GIT_PROTOCOL_VERSION_FETCH", request.param)
    return request.param


def test_first_fetch_reads_the_files_of_the_default_branch(place, protocol):
    reader = place.read()
    version, branch = reader.find_version()
    assert (version, branch) == (place.repo.head(), "main")
    tree = reader.open(version, PATTERNS)
    assert text_of(tree) == DESCRIPTORS
    assert tree.has("README.md")
    assert not tree.has("services")
    below = ["services/pay/catalog-info.yaml"]
    assert tree.match("catalog-info.yaml", "services/*/*.yaml") == below
    assert tree.key == place.url
    with pytest.raises(NotFound):
        tree.read("missing.yaml")
    with pytest.raises(OutsideRoot):
        tree.resolve("catalog-info.yaml", "../../etc/passwd")


def test_unchanged_costs_one_listing_and_reading_again_costs_nothing(place):
    place.fetch()
    reader = place.read()
    with place.measure() as asked:
        version, _ = reader.find_version()
    assert [(one.method, one.status) for one in asked] == [("GET", 200), ("POST", 200)]
    assert sum(one.sent for one in asked) < 400
    with place.measure() as asked:
        assert text_of(reader.open(version, PATTERNS)) == DESCRIPTORS
    assert asked == []


def test_a_changed_file_fetches_little(place, protocol):
    rng = random.Random(3)
    place.repo.push({f"data/{n}.bin": rng.randbytes(20_000) for n in range(50)})
    with place.measure() as asked:
        place.fetch()
    assert sum(one.sent for one in asked) > 1_000_000
    for number in range(3):
        place.repo.push({"catalog-info.yaml": f"number: {number}\n"})
        with place.measure() as asked:
            tree = place.fetch()
        assert tree.read("catalog-info.yaml") == f"number: {number}\n".encode()
        assert tree.read("data/7.bin")[:3] != b""
        assert sum(one.sent for one in asked) < 8_000


def test_a_forced_push_is_followed_and_old_commits_stay_readable(place, protocol):
    reader = place.read()
    before, _ = reader.find_version()
    old = reader.open(before, PATTERNS)
    place.repo.force({"new.yaml": "a: 1\n"})
    place.repo.forget_old_commits()
    assert text_of(place.fetch()) == {"new.yaml": "a: 1\n"}
    assert text_of(old) == DESCRIPTORS
    assert text_of(reader.open(before, PATTERNS)) == DESCRIPTORS


def test_a_commit_that_is_gone_is_not_replaced_by_another(place, protocol):
    reader = place.read()
    before, _ = reader.find_version()
    place.repo.force({"new.yaml": "a: 1\n"})
    place.repo.forget_old_commits()
    with down("no longer hands out that commit", "next run"):
        reader.open(before, PATTERNS)
    assert text_of(place.fetch()) == {"new.yaml": "a: 1\n"}


def test_a_branch_that_moved_meanwhile_does_not_change_what_was_asked_for(place):
    reader = place.read()
    version, _ = reader.find_version()
    place.repo.push({"catalog-info.yaml": "later: true\n"})
    assert text_of(reader.open(version, PATTERNS)) == DESCRIPTORS


def test_branches_tags_and_full_names(place, protocol):
    first = place.repo.head()
    place.repo.push({"catalog-info.yaml": "on: next\n"}, branch="release/next")
    place.repo.tag("v1", commit=first)
    place.repo.tag("v2", commit=first, annotated=True)
    place.repo.tag("main", commit=place.repo.head("release/next"))
    following = place.repo.head("release/next")
    expected = {
        "": (first, "main"),
        "main": (first, "main"),
        "release/next": (following, "release/next"),
        "v1": (first, "v1"),
        "v2": (first, "v2"),
        "refs/heads/main": (first, "main"),
        "refs/tags/main": (following, "main"),
        "refs/tags/v2": (first, "v2"),
    }
    for branch, found in expected.items():
        assert place.read(branch=branch).find_version() == found, branch
    assert text_of(place.fetch(branch="v2")) == DESCRIPTORS


def test_a_missing_branch_names_some_that_exist(place, protocol):
    for number in range(9):
        place.repo.push({"a.yaml": str(number)}, branch=f"topic-{number}")
    with down("has no branch or tag mian", "main, topic-0, topic-1, topic-2, topic-3, …"):
        place.read(branch="mian").find_version()
    place.repo.delete_branch("topic-8")
    with down("has no branch or tag topic-8"):
        place.read(branch="topic-8").find_version()
    for wrong in ("-x", "a b", "..", "a\nb", "refs/heads/\0"):
        with down("cannot be a branch's name"):
            place.read(branch=wrong).find_version()


def test_a_default_branch_that_is_gone_is_told_from_an_empty_repository(place, protocol):
    place.repo.push({"a.yaml": "1"}, branch="other")
    place.repo.set_head("gone")
    with down("has no default branch", "Give one of: main, other."):
        place.read().find_version()
    empty = f"{place.server.url}/empty.git"
    make_repository(place.root, "empty.git", {})
    assert place.read(empty).find_version()[0] == ""
    assert place.read(empty, branch="main").find_version() == ("", "main")
    with down("is empty: it has no commit yet"):
        place.read(empty).open("", PATTERNS)


def test_a_detached_head_is_read(place, protocol):
    place.repo.git("update-ref", "--no-deref", "HEAD", place.repo.head())
    assert place.read().find_version() == (place.repo.head(), "HEAD")


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


def test_links_submodules_and_odd_names_are_left_out(place):
    place.repo.push(
        {
            "link.yaml": symlink("/etc/passwd"),
            "folder": symlink(".."),
            "vendored": submodule(),
            "run.yaml": executable("a: 1\n"),
        }
    )
    assert sorted(place.fetch().list_files()) == [*sorted(DESCRIPTORS)[:1], "run.yaml",
                                                  "services/pay/catalog-info.yaml"]  # fmt: skip
    place.repo.push_tree(
        {"..": {"a.yaml": "x"}, ".git": {"a.yaml": "x"}, "a\\b.yaml": "x", "good.yaml": "x",
         b"\xff.yaml": "x", "/abs.yaml": "x"}
    )  # fmt: skip
    assert list(place.fetch().list_files()) == ["good.yaml"]


@pytest.mark.parametrize("can_filter", ["true", "false"])
def test_large_files_are_not_read_and_do_not_come_where_the_server_can_tell(place, can_filter):
    place.repo.configure("uploadpack.allowFilter", can_filter)
    big = random.Random(1).randbytes(6 << 20)
    place.repo.push({"big.yaml": big, "small.yaml": "a: 1\n"})
    with place.measure() as asked:
        tree = place.fetch()
    assert (sum(one.sent for one in asked) < 10_000) is (can_filter == "true")
    assert "big.yaml" in list(tree.list_files())
    with pytest.raises(TooLarge, match="larger than 5 MB"):
        tree.read("big.yaml")
    assert tree.read("small.yaml") == b"a: 1\n"
    place.repo.push({"small.yaml": "a: 2\n"})
    assert place.fetch().read("small.yaml") == b"a: 2\n"


def list_packs(place):
    return sorted((place.folder / "cache").glob("*.pack"))


@pytest.mark.parametrize("harm", ["cut", "emptied", "flipped", "gone", "garbage", "swapped"])
def test_a_damaged_copy_is_fetched_anew(place, harm):
    place.fetch()
    place.repo.push({"catalog-info.yaml": "second: 1\n"})
    tree = place.fetch()
    first, second = list_packs(place)
    sound = first.read_bytes()
    ends = {"cut": sound[:-30], "emptied": b"", "garbage": b"x" * 500,
            "flipped": sound[:20] + bytes([sound[20] ^ 1]) + sound[21:],
            "swapped": second.read_bytes()}  # fmt: skip
    first.unlink()
    if harm != "gone":
        first.write_bytes(ends[harm])
    again = place.fetch()
    assert text_of(again) == text_of(tree)
    [kept] = list_packs(place)
    assert again.read("README.md") == b"# Read me\n"
    assert kept.stat().st_size > 0


def test_what_a_killed_process_left_is_swept_up(place):
    place.fetch()
    left = place.folder / "cache" / f"000002-{'a' * 40}.part"
    left.write_bytes(b"half of a pack")
    place.repo.push({"catalog-info.yaml": "second: 1\n"})
    assert place.fetch().read("catalog-info.yaml") == b"second: 1\n"
    assert not left.exists()


def test_a_fetch_that_fails_leaves_what_was_there(place):
    place.fetch()
    before = list_packs(place)
    version = place.repo.push({"catalog-info.yaml": "second: 1\n"})
    with FaultProxy(("127.0.0.1", place.server.port), "truncate") as proxy:
        proxy.only = b"command=fetch"
        url = f"http://127.0.0.1:{proxy.port}/team/one.git"
        with down():
            place.read(url, kind=Reader).open(version, PATTERNS)
        assert list_packs(place) == before
        proxy.mode = "pass"
        assert place.read(url).open(version, PATTERNS).read("catalog-info.yaml") == b"second: 1\n"


def test_a_full_copy_begins_anew(place, monkeypatch):
    monkeypatch.setattr(cache, "MAX_PACKS", 3)
    for number in range(8):
        place.repo.push({"catalog-info.yaml": f"n: {number}\n"})
        assert place.fetch().read("catalog-info.yaml") == f"n: {number}\n".encode()
        assert len(list_packs(place)) <= 3
    monkeypatch.setattr(cache, "MAX_CACHE_BYTES", 10)
    place.repo.push({"catalog-info.yaml": "last: 1\n"})
    assert place.fetch().read("catalog-info.yaml") == b"last: 1\n"
    assert len(list_packs(place)) == 1


def test_a_tree_that_is_open_outlives_its_copy(place):
    tree = place.fetch()
    for path in (place.folder / "cache").iterdir():
        path.unlink()
    assert text_of(tree) == DESCRIPTORS


def test_the_copy_is_for_this_user_alone_and_holds_no_secret(place):
    place.fetch()
    folder = place.folder / "cache"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert GOOD.password.encode() not in path.read_bytes()


def test_a_folder_that_cannot_be_written_is_said(place):
    (place.folder / "cache").write_text("a file in its place")
    with down("cannot keep the repository"):
        place.fetch()


def test_threads_at_the_same_folder_wait_for_each_other(place):
    versions = [place.repo.head(), place.repo.push({"catalog-info.yaml": "second: 1\n"})]
    found, errors = [], []

    def read(number):
        try:
            tree = place.read().open(versions[number % 2], PATTERNS)
            found.append((number % 2, tree.read("catalog-info.yaml")))
        except Exception as error:  # noqa: BLE001 shown below
            errors.append(error)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(found) == {(0, b"kind: Component\n"), (1, b"second: 1\n")}
    assert len(list_packs(place)) == 2


def test_processes_at_the_same_folder_wait_for_each_other(place):
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    given = (place.url, place.folder / "cache", place.repo.head(), results)
    others = [context.Process(target=read_elsewhere, args=given) for _ in range(4)]
    for other in others:
        other.start()
    assert [results.get(timeout=30) for _ in others] == [DESCRIPTORS] * 4
    for other in others:
        other.join()
    assert len(list_packs(place)) == 1


def test_a_folder_that_stays_locked_is_said(place):
    place.fetch()
    script = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'r+')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    lock = str(place.folder / "cache" / cache.LOCK)
    with subprocess.Popen([sys.executable, "-c", script, lock], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:  # fmt: skip
        assert holder.stdout.readline() == b"held\n"
        with down("still reading this repository"):
            place.read(kind=Reader).open(place.repo.head(), PATTERNS)
        holder.stdin.close()


def test_sha256_repositories_are_read(place):
    path = place.root / "new.git"
    place.repo.git("init", "--quiet", "--bare", "--object-format=sha256", str(path))
    blob = run_git("--git-dir", str(path), "hash-object", "-w", "--stdin", given=b"a: 1\n")
    tree = run_git("--git-dir", str(path), "mktree", given=f"100644 blob {blob}\ta.yaml\n".encode())
    commit = run_git("--git-dir", str(path), "commit-tree", "-m", "first", tree)
    run_git("--git-dir", str(path), "update-ref", "refs/heads/main", commit)
    run_git("--git-dir", str(path), "symbolic-ref", "HEAD", "refs/heads/main")
    assert len(commit) == 64
    assert text_of(place.fetch(url=f"{place.server.url}/new.git")) == {"a.yaml": "a: 1\n"}
