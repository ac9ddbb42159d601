"""Packs of strangers: bombs, lies and damage end early, and large files are never held."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest

from portal.errors import TooLarge
from portal.sources.providers.git import packs
from portal.sources.providers.git.inflating import Damaged
from portal.sources.providers.git.trees import Objects
from tests.unit.git_packing import (
    BLOB,
    NAMED,
    OFFSET,
    back,
    copy_of,
    head,
    name_of,
    read,
    varint,
    whole,
    write,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "one.pack"


def test_whole_objects_and_differences_are_named_and_read(path, tmp_path):
    text = b"hello " * 100
    first = whole(BLOB, text)
    longer = varint(600) + varint(606) + b"\xb0\x58\x02\x06world!"  # copy 600 bytes, add six
    second = head(OFFSET, len(longer)) + back(len(first)) + zlib.compress(longer)
    pack = read(write(path, first, second))
    assert pack.read(name_of(BLOB, text)) == (b"blob", text)
    assert pack.read(name_of(BLOB, text + b"world!")) == (b"blob", text + b"world!")
    update = head(NAMED, len(longer)) + name_of(BLOB, text) + zlib.compress(longer)
    later = read(write(tmp_path / "two.pack", update), before=[pack])
    assert later.read(name_of(BLOB, text + b"world!")) == (b"blob", text + b"world!")
    alone = read(tmp_path / "two.pack")
    assert name_of(BLOB, text + b"world!") not in alone


def test_a_chain_of_many_differences_is_followed_without_recursing(path):
    text = b"x" * 300
    objects, at = [whole(BLOB, text)], 0
    for number in range(5_000):
        size = 300 + number
        delta = varint(size) + varint(size + 1) + b"\xb0" + size.to_bytes(2, "little") + b"\x01y"
        distance = len(objects[-1])
        objects.append(head(OFFSET, len(delta)) + back(distance) + zlib.compress(delta))
        at += distance
    pack = read(write(path, *objects))
    assert pack.read(name_of(BLOB, text + b"y" * 5_000))[1] == text + b"y" * 5_000


def test_a_bomb_is_refused_by_what_it_says_before_it_is_unpacked(path):
    for size in (packs.MAX_INFLATED_BYTES + 1, 1 << 60):
        with pytest.raises(TooLarge):
            read(write(path, whole(BLOB, b"x", size)))
    delta = varint(1) + varint(1 << 40) + b"\x01x"
    first = whole(BLOB, b"a")
    made = head(OFFSET, len(delta)) + back(len(first)) + zlib.compress(delta)
    with pytest.raises(TooLarge):
        read(write(path, first, made))
    with pytest.raises(TooLarge):
        read(write(path, count=packs.MAX_OBJECTS + 1))


@pytest.mark.parametrize("said", [0, 1, 1_000, 199_999_999, 200_000_001])
def test_a_bomb_that_lies_about_its_size_ends_there(path, said):
    squeezed = zlib.compressobj(9)
    packed = b"".join(squeezed.compress(b"\0" * 1_000_000) for _ in range(200)) + squeezed.flush()
    write(path, head(BLOB, said) + packed)
    tracemalloc.start()
    try:
        with pytest.raises(Damaged):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_large_file_is_named_without_being_held(path):
    data = b"\0" * (packs.MAX_HELD_BYTES + 1)
    squeezed, name = whole(BLOB, data), name_of(BLOB, data)
    write(path, squeezed, whole(BLOB, b"small"))
    del data
    tracemalloc.start()
    try:
        pack = read(path)
        assert name in pack
        with pytest.raises(TooLarge):
            pack.read(name)
        with pytest.raises(TooLarge):
            Objects([pack]).read_file(name.hex())
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert pack.read(name_of(BLOB, b"small"))[1] == b"small"


def test_differences_that_fan_out_in_memory_are_refused(path, monkeypatch):
    monkeypatch.setattr(packs, "MAX_LIVE_BYTES", 500_000)
    objects = [whole(BLOB, b"x" * 60_000)]
    for size in range(60_000, 60_020):
        copied = b"\xb0" + size.to_bytes(2, "little")
        delta = varint(size) + varint(size + 1) + copied + b"\x01y"
        made = head(OFFSET, len(delta)) + back(len(objects[-1])) + zlib.compress(delta)
        objects.append(made)
    with pytest.raises(TooLarge):
        read(write(path, *objects))


@pytest.mark.parametrize(
    "objects",
    [
        [b"\x30"],
        [head(5, 1) + zlib.compress(b"x")],
        [head(0, 1) + zlib.compress(b"x")],
        [head(BLOB, 1) + b"not zlib"],
        [head(BLOB, 10) + zlib.compress(b"y" * 10)[:-6]],
        [b"\xb0" + b"\xff" * 20],
        [head(OFFSET, 5) + back(3) + zlib.compress(copy_of(9))],
        [head(OFFSET, 5) + b"\xff" * 9 + b"\x7f" + zlib.compress(copy_of(9))],
        [whole(BLOB, b"abc"), whole(OFFSET, b"")],
        [whole(BLOB, b"abc"), head(OFFSET, 4) + back(12) + zlib.compress(b"\x09\x09\x90\x09")],
        [whole(BLOB, b"abc"), head(OFFSET, 1) + back(12) + zlib.compress(b"\xff")],
        [head(NAMED, 3) + b"\1" * 5],
    ],
)
def test_nonsense_is_damage(path, objects):
    with pytest.raises(Damaged):
        read(write(path, *objects))


def test_whatever_is_cut_off_or_overwritten_is_damage(path):
    rng = random.Random(5)
    texts = [rng.randbytes(200) for _ in range(20)]
    sound = write(path, *(whole(BLOB, text) for text in texts)).read_bytes()
    for _ in range(300):
        broken = bytearray(sound)
        if rng.random() < 0.4:
            del broken[rng.randrange(len(broken)) :]
        else:
            broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        path.write_bytes(broken)
        with pytest.raises(Damaged):
            read(path)
    path.write_bytes(sound + b"x")
    with pytest.raises(Damaged):
        read(path)


def test_random_packs_with_a_right_checksum_end_in_one_of_three_ways(path):
    rng = random.Random(11)
    text = b"catalog " * 40
    first = whole(BLOB, text)
    delta = copy_of(320)
    sound = [first, head(OFFSET, len(delta)) + back(len(first)) + zlib.compress(delta)]
    ends = set()
    for _ in range(2_000):
        objects = [bytearray(one) for one in sound]
        for _ in range(rng.randint(1, 3)):
            chosen = rng.choice(objects)
            chosen[rng.randrange(min(len(chosen), 12))] = rng.randrange(256)
        try:
            read(write(path, *map(bytes, objects)))
            ends.add("read")
        except (Damaged, TooLarge) as error:
            ends.add(type(error).__name__)
    assert ends <= {"read", "Damaged", "TooLarge"}
    assert "Damaged" in ends
