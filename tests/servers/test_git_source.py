"""Git repositories over HTTP: the real `git http-backend` behind the real guard."""

from __future__ import annotations

import random

import dulwich.client
import pytest

from portal.errors import NotFound, TooLarge
from portal.sources.core.paths import OutsideRoot
from tests.servers.git_sources import PATTERNS, Place, down, text_of
from tests.standins.git_repository import run_git
from tests.standins.git_server import executable, make_repository, submodule, symlink
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


def test_a_server_that_forbids_leaving_files_out_is_asked_for_all(place):
    place.repo.configure("uploadpack.allowFilter", "true")
    place.repo.configure("uploadpackfilter.allow", "false")
    assert text_of(place.fetch()) == DESCRIPTORS
    place.repo.push({"catalog-info.yaml": "second: 1\n"})
    assert place.fetch().read("catalog-info.yaml") == b"second: 1\n"


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
