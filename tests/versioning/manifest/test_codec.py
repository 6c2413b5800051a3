"""Nodes as bytes: round trips, one encoding only, and what is refused."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import AidbError, DamagedObjectError, InvalidInputError, UnsupportedFormatError
from aidb.store.hashing import hash_bytes
from aidb.types import Entry, Kind, ObjectId, RepoPath
from aidb.versioning.manifest.codec import MAX_BYTES, decode_node, encode_inner, encode_leaf
from aidb.versioning.manifest.node import Inner, Leaf, Subtree
from tests.versioning.manifest.memory import Content, contents, entry, numbered

ID = hash_bytes(b"a node")
ONE = bytes(range(32))
encode = msgspec.msgpack.encode


def decoded_leaf(data: bytes) -> Leaf:
    node = decode_node(data, hash_bytes(data))
    assert isinstance(node, Leaf)
    return node


def leaf_bytes(**changed: Any) -> bytes:
    """A leaf of `d/a` (chunked) and `d/b`, with some columns replaced."""
    columns = {
        "format": 1,
        "level": 0,
        "prefix": b"d/",
        "names": b"a\0b",
        "kinds": b"\0\1",
        "sizes": [5, 7],
        "blobs": ONE * 2,
        "recipe_at": [0],
        "recipes": ONE,
    }
    return encode(list((columns | changed).values()))


def inner_bytes(**changed: Any) -> bytes:
    """An inner node of two leaves, with some columns replaced."""
    columns = {
        "format": 1,
        "level": 1,
        "prefix": b"d/",
        "names": b"a\0m",
        "files": [5, 7],
        "bytes": [50, 0],
        "ids": ONE * 2,
    }
    return encode(list((columns | changed).values()))


@given(contents)
@settings(max_examples=300)
def test_leaves_round_trip(content: Content) -> None:
    ordered = sorted(content.items())
    data = encode_leaf([path for path, _ in ordered], [found for _, found in ordered])
    leaf = decoded_leaf(data)
    assert list(zip(leaf.paths(0, len(leaf)), leaf.rows(0, len(leaf)), strict=True)) == ordered
    assert [leaf.entry(at) for at in range(len(leaf))] == [found for _, found in ordered]
    assert all(leaf.find(path) == at for at, (path, _) in enumerate(ordered))
    assert leaf.total == (len(content), sum(found.size for found in content.values()))


def test_inner_nodes_round_trip() -> None:
    paths = [RepoPath(b"d/%03d" % at) for at in range(100)]
    subtrees = [Subtree(hash_bytes(path), at + 1, at * 2**40) for at, path in enumerate(paths)]
    node = decode_node(encode_inner(3, paths, subtrees), ID)
    assert isinstance(node, Inner)
    assert (node.level, node.prefix) == (3, b"d/")
    assert node.paths(0, 100) == paths
    assert node.rows(0, 100) == subtrees
    assert node.child_for(b"") == 0
    assert node.child_for(b"d/0505") == 50
    assert node.child_for(b"z") == 99


def test_entries_keep_their_kind() -> None:
    found = decoded_leaf(leaf_bytes()).entry(1)
    assert found == Entry(Kind.EXECUTABLE, 7, ObjectId(ONE), None)
    assert isinstance(found.kind, Kind)
    assert decoded_leaf(leaf_bytes()).entry(0).recipe == ONE


def test_nodes_of_the_same_names_share_them() -> None:
    """Those of another version need not be checked again; what is bad is refused each time."""
    assert decoded_leaf(leaf_bytes()).names is decoded_leaf(leaf_bytes(sizes=[1, 2])).names
    for _ in range(2):
        with pytest.raises(DamagedObjectError):
            decoded_leaf(leaf_bytes(names=b"b\0a"))


BAD_LEAVES: dict[str, dict[str, Any]] = {
    "paths out of order": {"names": b"b\0a"},
    "a path twice": {"names": b"a\0a"},
    "more names than entries": {"names": b"a\0b\0c"},
    "fewer names than entries": {"names": b"a"},
    "no names": {"names": b""},
    "an empty name": {"names": b"\0a"},
    "a parent": {"names": b"..\0b"},
    "a parent further down": {"names": b"a/../b\0b"},
    "a parent at the end": {"names": b"a/..\0b"},
    "a parent as prefix": {"prefix": b"../"},
    "a parent in the prefix": {"prefix": b"d/../e/"},
    "a dot": {"names": b".\0b"},
    "a dot inside": {"names": b"a/./b\0b"},
    "absolute": {"names": b"/a\0b", "prefix": b""},
    "absolute prefix": {"prefix": b"/"},
    "an empty component": {"names": b"a//b\0b"},
    "an empty component in the prefix": {"prefix": b"d//"},
    "a folder": {"names": b"a/\0b"},
    "a folder at the end": {"names": b"a\0b/"},
    "aidb's own files": {"prefix": b".aidb/"},
    "Git's own files": {"names": b".GIT/hooks/x\0b", "prefix": b""},
    "a NUL in the prefix": {"prefix": b"d\0/"},
    "a prefix that is no folder": {"prefix": b"d"},
    "a prefix that is too short": {"prefix": b"", "names": b"d/a\0d/b"},
    "a path that is too long": {"names": b"a\0" + b"b" * 4095},
    "a prefix that is too long": {"prefix": b"d" * 4200 + b"/"},
    "an unknown kind": {"kinds": b"\0\3"},
    "too few kinds": {"kinds": b"\0"},
    "a negative size": {"sizes": [-1, 7]},
    "sizes beyond 63 bits": {"sizes": [2**62, 2**62]},
    "too few sizes": {"sizes": [5]},
    "a size that is no number": {"sizes": [5.5, 7]},
    "a size as a float": {"sizes": [5.0, 7]},
    "too few blobs": {"blobs": ONE},
    "half a blob": {"blobs": ONE + ONE[:16]},
    "a recipe of nothing": {"recipe_at": [2]},
    "a recipe before the first": {"recipe_at": [-1]},
    "two recipes of one": {"recipe_at": [0, 0], "recipes": ONE * 2},
    "recipes out of order": {"recipe_at": [1, 0], "recipes": ONE * 2},
    "a recipe without id": {"recipe_at": [0, 1]},
    "an id without recipe": {"recipe_at": []},
    "text for bytes": {"names": "a\0b"},
    "another level": {"level": 1},
    "a column more": {"more": 0},
    "too many entries": {
        "names": b"\0".join(b"%05d" % at for at in range(1025)),
        "kinds": bytes(1025),
        "sizes": [0] * 1025,
        "blobs": ONE * 1025,
    },
}
BAD_INNER: dict[str, dict[str, Any]] = {
    "paths out of order": {"names": b"m\0a"},
    "a path twice": {"names": b"m\0m"},
    "a parent": {"names": b"..\0m"},
    "an empty child": {"files": [0, 7]},
    "negative files": {"files": [-5, 7]},
    "negative bytes": {"bytes": [-5, 7]},
    "files beyond 63 bits": {"files": [2**62, 2**62]},
    "bytes beyond 63 bits": {"bytes": [2**62, 2**62]},
    "too few files": {"files": [5]},
    "too few ids": {"ids": ONE},
    "no children": {"names": b"", "files": [], "bytes": [], "ids": b""},
    "level 0": {"level": 0},
    "a level too high": {"level": 33},
    "a negative level": {"level": -1},
    "too many children": {
        "names": b"\0".join(b"%05d" % at for at in range(1025)),
        "files": [1] * 1025,
        "bytes": [0] * 1025,
        "ids": ONE * 1025,
    },
}


@pytest.mark.parametrize("what", BAD_LEAVES)
def test_bad_leaves_are_refused(what: str) -> None:
    assert len(decoded_leaf(leaf_bytes())) == 2
    with pytest.raises(DamagedObjectError, match=ID.hex()) as raised:
        decode_node(leaf_bytes(**BAD_LEAVES[what]), ID)
    assert "\n" not in raised.value.message
    assert raised.value.hints


@pytest.mark.parametrize("what", BAD_INNER)
def test_bad_inner_nodes_are_refused(what: str) -> None:
    assert len(decode_node(inner_bytes(), ID)) == 2
    with pytest.raises(DamagedObjectError):
        decode_node(inner_bytes(**BAD_INNER[what]), ID)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x99",
        b"\x99\x01\x00",
        b"\xc1",
        b"\x99\x01\x00" + b"\xdd\xff\xff\xff\xff" * 6,
        b"\x92\x01\x01",
        b"{}",
        leaf_bytes() + b"\x00",
        leaf_bytes()[:-1],
        b"\xdc\x00\t" + leaf_bytes()[1:],
        bytes(2 << 20),
        leaf_bytes().replace(b"\xc4\x02d/", b"\xc5\x00\x02d/"),
        leaf_bytes().replace(b"\x92\x05\x07", b"\x92\x05\xcc\x07"),
    ],
)
def test_other_bytes_and_other_encodings_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedObjectError):
        decode_node(data, ID)


def test_a_later_format_is_named() -> None:
    with pytest.raises(UnsupportedFormatError, match="format 2"):
        decode_node(leaf_bytes(format=2), ID)
    with pytest.raises(UnsupportedFormatError):
        decode_node(inner_bytes(format=2), ID)
    with pytest.raises(DamagedObjectError):
        decode_node(inner_bytes(format=0), ID)


@given(st.binary(max_size=200))
@settings(max_examples=1000)
def test_random_bytes_are_refused(data: bytes) -> None:
    for start in (b"", b"\x99\1\0", b"\x97\1\1"):
        with pytest.raises((DamagedObjectError, UnsupportedFormatError)):
            decode_node(start + data, ID)


@pytest.mark.parametrize("data", [leaf_bytes(), inner_bytes()])
def test_changed_bytes_are_refused_or_mean_something_else(data: bytes) -> None:
    """No two byte strings are the same node: what is still accepted after a change has other content."""
    for at in range(len(data)):
        for value in range(256):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            try:
                node = decode_node(changed, ID)
            except AidbError:
                continue
            assert encoded(node) == changed


@given(st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_shuffled_bytes_are_refused_or_mean_something_else(chance: random.Random) -> None:
    ordered = sorted(numbered(40).items())
    data = bytearray(encode_leaf([path for path, _ in ordered], [found for _, found in ordered]))
    for _ in range(chance.randint(1, 4)):
        start, stop = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        data[start:stop] = chance.choice([b"", chance.randbytes(3), data[start:stop] * 2])
    try:
        node = decode_node(bytes(data), ID)
    except AidbError:
        return
    assert encoded(node) == data


def encoded(node: Leaf | Inner) -> bytes:
    paths, rows = node.paths(0, len(node)), node.rows(0, len(node))
    if isinstance(node, Leaf):
        return encode_leaf(paths, node.rows(0, len(node)))
    assert rows
    return encode_inner(node.level, paths, node.rows(0, len(node)))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (b"../x", entry()),
        (b"/x", entry()),
        (b"a//b", entry()),
        (b"a\0b", entry()),
        (b".aidb/x", entry()),
        (b"x" * 4097, entry()),
        (b"x", entry()._replace(size=-1)),
        (b"x", entry()._replace(size=2**63)),
        (b"x", entry()._replace(blob=ObjectId(b"short"))),
        (b"x", entry()._replace(recipe=ObjectId(b"short"))),
    ],
)
def test_what_no_manifest_may_hold_is_not_written(path: bytes, found: Entry) -> None:
    with pytest.raises(InvalidInputError):
        encode_leaf([path], [found])


def test_more_bytes_than_can_be_counted() -> None:
    half = Subtree(ID, 1, MAX_BYTES // 2 + 1)
    with pytest.raises(InvalidInputError, match="together"):
        encode_inner(1, [b"a", b"b"], [half, half])
