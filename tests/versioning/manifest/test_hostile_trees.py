"""Well-formed nodes that do not belong together: found out before anything is made of their entries."""

from __future__ import annotations

import re

import pytest

from aidb.errors import DamagedObjectError, IntegrityError, MissingObjectError
from aidb.types import ObjectId
from aidb.versioning.manifest import Manifest, NodeDamage, check, diff
from aidb.versioning.manifest.codec import MAX_LEVEL, encode_inner, encode_leaf
from aidb.versioning.manifest.node import Subtree
from tests.versioning.manifest.memory import SMALL, MemoryNodes, entry, numbered, store


def leaf(nodes: MemoryNodes, *paths: bytes) -> Subtree:
    node_id = nodes.put_chunk(encode_leaf(paths, [entry(7)] * len(paths)))
    return Subtree(node_id, len(paths), 7 * len(paths))


def inner(nodes: MemoryNodes, level: int, **children: Subtree) -> Subtree:
    names = [name.encode() for name in children]
    node_id = nodes.put_chunk(encode_inner(level, names, list(children.values())))
    files = sum(child.files for child in children.values())
    return Subtree(node_id, files, sum(child.bytes for child in children.values()))


def refused(nodes: MemoryNodes, root: Subtree, match: str) -> None:
    """Every way of reading it is refused."""
    manifest = Manifest(nodes, root.id)
    for read in (
        lambda: list(manifest.items()),
        lambda: list(manifest.children()),
        lambda: list(diff(manifest, store({}))),
        lambda: list(diff(store(numbered(50)), manifest)),
    ):
        with pytest.raises(DamagedObjectError, match=match):
            read()
    damage = list(check(manifest, shape=SMALL))
    assert damage
    assert any(re.search(match, found.error.message) for found in damage)


def test_a_tree_of_true_nodes_is_read() -> None:
    nodes = MemoryNodes()
    root = inner(nodes, 1, a=leaf(nodes, b"a", b"c"), m=leaf(nodes, b"m"))
    assert [path for path, _ in Manifest(nodes, root.id).items()] == [b"a", b"c", b"m"]


@pytest.mark.parametrize(
    ("said", "match"),
    [((3, 14), "files and bytes"), ((2, 15), "files and bytes"), ((1, 14), "files and bytes")],
)
def test_lying_counts(said: tuple[int, int], match: str) -> None:
    nodes = MemoryNodes()
    child = Subtree(leaf(nodes, b"m", b"n").id, *said)
    refused(nodes, inner(nodes, 1, a=leaf(nodes, b"a"), m=child), match)


def test_another_first_path() -> None:
    nodes = MemoryNodes()
    refused(nodes, inner(nodes, 1, a=leaf(nodes, b"a"), m=leaf(nodes, b"n")), "begin")
    refused(nodes, inner(nodes, 1, a=leaf(nodes, b"a"), m=leaf(nodes, b"b")), "begin")


def test_overlapping_children() -> None:
    nodes = MemoryNodes()
    refused(nodes, inner(nodes, 1, a=leaf(nodes, b"a", b"z"), m=leaf(nodes, b"m")), "reaches into")
    refused(nodes, inner(nodes, 1, a=leaf(nodes, b"a", b"m"), m=leaf(nodes, b"m")), "reaches into")
    deep = inner(nodes, 1, b=leaf(nodes, b"b"), c=leaf(nodes, b"c", b"zz"))
    refused(nodes, inner(nodes, 2, b=deep, m=inner(nodes, 1, m=leaf(nodes, b"m"))), "reaches into")


def test_wrong_levels() -> None:
    nodes = MemoryNodes()
    a, m = leaf(nodes, b"a"), leaf(nodes, b"m")
    refused(nodes, inner(nodes, 2, a=a, m=m), "level 0, not 1")
    refused(nodes, inner(nodes, 1, a=a, m=inner(nodes, 1, m=m)), "level 1, not 0")


def test_an_empty_leaf_below() -> None:
    nodes = MemoryNodes()
    empty = Subtree(nodes.put_chunk(encode_leaf([], [])), 1, 0)
    root = inner(nodes, 1, a=leaf(nodes, b"a"), m=empty)
    with pytest.raises(DamagedObjectError, match="begin"):
        list(Manifest(nodes, root.id).items())
    assert len(list(check(Manifest(nodes, root.id)))) == 1


def test_a_depth_bomb() -> None:
    nodes = MemoryNodes()
    bomb = leaf(nodes, b"a")
    for level in range(1, MAX_LEVEL + 1):
        bomb = inner(nodes, level, a=bomb)
    refused(nodes, bomb, "one child only")
    too_deep = inner(nodes, MAX_LEVEL + 1, a=bomb, m=bomb)
    with pytest.raises(DamagedObjectError, match="level"):
        len(Manifest(nodes, too_deep.id))


def test_a_wide_bomb_is_refused_where_it_repeats() -> None:
    """One small node used again and again would be a tree without end: its first path fits only one place."""
    nodes = MemoryNodes()
    bomb = leaf(nodes, b"a")
    for level in range(1, 20):
        bomb = inner(nodes, level, a=bomb, m=bomb)
    assert len(Manifest(nodes, bomb.id)) == 2**19  # claimed, and no work to claim
    refused(nodes, bomb, "reaches into|begin")


def test_what_is_no_node() -> None:
    nodes = MemoryNodes()
    photo = Subtree(nodes.put_chunk(b"\x89PNG" + bytes(100)), 1, 100)
    refused(nodes, photo, "is not a valid manifest node")
    refused(nodes, inner(nodes, 1, a=leaf(nodes, b"a"), m=photo), "is not a valid manifest node")


def test_a_missing_node() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(200), nodes)
    victim = manifest.cursor(b"img/000100.png").id
    del nodes[victim]
    manifest = Manifest(nodes, manifest.root)
    assert manifest.get(next(iter(numbered(1)))) is not None
    with pytest.raises(MissingObjectError):
        list(manifest.items())


def damaged(manifest: Manifest) -> list[NodeDamage]:
    return list(check(manifest, shape=SMALL))


def test_check_reports_every_damaged_node_and_its_paths() -> None:
    nodes = MemoryNodes()
    content = numbered(200)
    manifest = store(content, nodes)
    victims = {manifest.cursor(path).id for path in (b"img/000020.png", b"img/000150.png")}
    for victim in victims:
        nodes[victim] = b"garbage"
    found = damaged(Manifest(nodes, manifest.root))
    assert {damage.id for damage in found} == victims
    assert all(isinstance(damage.error, IntegrityError) for damage in found)
    for damage in found:
        lost = [path for path in content if damage.first <= path < damage.upper]
        assert len(lost) == damage.files


def test_check_finds_a_path_that_is_file_and_folder() -> None:
    nodes = MemoryNodes()
    root = inner(nodes, 1, a=leaf(nodes, b"a", b"a-b"), **{"a/x": leaf(nodes, b"a/x", b"b")})
    (damage,) = damaged(Manifest(nodes, root.id))
    assert "both a file and a folder" in damage.error.message


def test_check_finds_a_tree_that_is_cut_elsewhere() -> None:
    nodes = MemoryNodes()
    names = [b"%03d" % at for at in range(20)]
    parts = [leaf(nodes, *names[:1]), leaf(nodes, *names[1:])]
    root = ObjectId(nodes.put_chunk(encode_inner(1, [names[0], names[1]], parts)))
    (damage,) = damaged(Manifest(nodes, root))
    assert "not cut" in damage.error.message
