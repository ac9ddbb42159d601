"""Trees of strangers: nothing odd is listed, and what has no end is given up."""

from __future__ import annotations

import pytest

from portal.errors import TooLarge
from portal.sources.core.trees import MAX_FILES
from portal.sources.providers.git import trees
from portal.sources.providers.git.inflating import Damaged
from portal.sources.providers.git.trees import Objects, list_blobs
from tests.unit.git_packing import (
    BLOB,
    COMMIT,
    TREE,
    name_of,
    read,
    whole,
    write,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "one.pack"


class Builder:
    """Collects objects, and lists the files of a commit made of them."""

    def __init__(self, path) -> None:
        self.path = path
        self.objects = {}

    def add(self, kind, data):
        name = name_of(kind, data)
        self.objects[name] = whole(kind, data)
        return name

    def tree(self, *entries):
        return self.add(TREE, b"".join(b"%s %s\0%s" % entry for entry in entries))

    def list(self, tree):
        commit = self.add(COMMIT, b"tree " + tree.hex().encode() + b"\nauthor x\n\nmessage\n")
        pack = read(write(self.path, *self.objects.values()))
        return list_blobs(Objects([pack]), commit.hex(), lambda: None)


@pytest.fixture
def builder(path):
    return Builder(path)


def test_only_ordinary_files_with_ordinary_names_are_listed(builder):
    blob = builder.add(BLOB, b"x")
    below = builder.tree((b"100644", b"inside.yaml", blob))
    odd = (b".", b"..", b".git", b".GIT", b"a\\b", b"a/b", b"/etc", b"\xff.yaml", b"a\nb", b"",
           b"a\x7fb", "a\u202eb".encode(), "a\u200bb".encode(), b"\x1b[2J")  # fmt: skip
    tree = builder.tree(
        *((b"100644", name, blob) for name in odd),
        *((b"40000", name, below) for name in odd),
        (b"120000", b"link.yaml", blob),
        (b"160000", b"submodule", b"\1" * 20),
        (b"100644", b"plain.yaml", blob),
        (b"100755", b"run.yaml", blob),
        (b"100664", b"old.yaml", blob),
        (b"40000", b"folder", below),
        (b"100644", "café…".encode(), blob),
        (b"100644", b"...", blob),
        (b"100644", b".github", blob),
        (b"100644", b"C:", blob),
    )
    assert sorted(builder.list(tree)) == sorted(
        ["plain.yaml", "run.yaml", "old.yaml", "folder/inside.yaml", "café…", "...", ".github",
         "C:"]
    )  # fmt: skip


def test_trees_that_repeat_themselves_end_early(builder):
    below = builder.tree((b"100644", b"file.yaml", builder.add(BLOB, b"x")))
    for _ in range(12):
        below = builder.tree(*((b"40000", b"%d" % number, below) for number in range(10)))
    with pytest.raises(TooLarge):
        builder.list(below)


def test_deep_trees_end_early(builder):
    below = builder.tree((b"100644", b"file.yaml", builder.add(BLOB, b"x")))
    for _ in range(trees.MAX_DEPTH + 1):
        below = builder.tree((b"40000", b"d", below))
    with pytest.raises(TooLarge):
        builder.list(below)


def test_more_files_than_a_tree_may_list_are_refused(builder):
    blob = builder.add(BLOB, b"x")
    tree = builder.tree(*((b"100644", b"%d" % number, blob) for number in range(MAX_FILES + 1)))
    with pytest.raises(TooLarge):
        builder.list(tree)


@pytest.mark.parametrize("raw", [b"100644 a\0short", b"no", b"999 a\0" + b"x" * 20, b"\0" * 40])
def test_a_broken_tree_is_damage(builder, raw):
    with pytest.raises(Damaged):
        builder.list(builder.add(TREE, raw))


def test_a_missing_folder_is_damage_and_a_missing_file_is_one_left_out(builder):
    with pytest.raises(Damaged):
        builder.list(builder.tree((b"40000", b"folder", b"\1" * 20)))
    with pytest.raises(Damaged):
        builder.list(builder.tree((b"40000", b"folder", builder.add(BLOB, b"x"))))
    with pytest.raises(TooLarge):
        Objects([]).read_file("11" * 20)
