"""What is kept of a Git repository: damaged, full, locked, shared, or gone."""

from __future__ import annotations

import multiprocessing
import stat
import subprocess
import sys
import threading

import pytest

from portal.sources.providers.git import cache
from tests.servers.git_sources import GOOD, PATTERNS, Place, Reader, down, read_elsewhere, text_of
from tests.standins.faults import FaultProxy
from tests.standins.programs import describe_missing, find_git_backend

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
