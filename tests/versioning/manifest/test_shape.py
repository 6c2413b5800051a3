"""Boundaries: the same everywhere, and as evenly spread over names that people use as over random ones."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from aidb.types import RepoPath
from aidb.versioning.manifest import PRODUCTION, LevelShape, Shape, check, edit
from aidb.versioning.manifest.shape import boundaries, is_boundary
from tests.versioning.manifest.memory import Content, MemoryNodes, entry, height, numbered, store

COUNT = 100_000
NAMES = {
    "random": [b"%032x" % random.Random(at).getrandbits(128) for at in range(COUNT)],
    "images": [b"img_%06d.png" % at for at in range(COUNT)],
    "frames": [b"video/frame_%010d.npy" % (at * 40) for at in range(COUNT)],
    "folders": [b"train/%03d/img_%06d.png" % (at // 1000, at) for at in range(COUNT)],
    "bare numbers": sorted(b"%d" % at for at in range(COUNT)),
    "hexadecimal": [b"%02x/%06x" % (at >> 10, at) for at in range(COUNT)],
    "shards": [b"part-%05d-of-10000/%d.bin" % (at // 10, at % 10) for at in range(COUNT)],
    "pairs": sorted(b"s%05d.%s" % (at // 2, (b"jpg", b"json")[at % 2]) for at in range(COUNT)),
    "long tails": [b"x%06d" % at + b"-padding" * 8 for at in range(COUNT)],
    "two letters": [bytes(65 + (at >> bit & 1) for bit in range(16, -1, -1)) for at in range(COUNT)],
}


def deviation(gaps: list[int], modulus: int) -> float:
    """Chi-square per degree of freedom of gaps against those of a coin with one head in `modulus`; 1 is chance."""
    edges = [0, *(modulus * part // 6 for part in range(1, 13))]
    tail = [(1 - 1 / modulus) ** edge for edge in edges] + [0.0]
    wanted = [len(gaps) * (more - less) for more, less in pairwise(tail)]
    got = [0] * len(wanted)
    for gap in gaps:
        got[max(at for at, edge in enumerate(edges) if gap > edge)] += 1
    return sum((a - b) ** 2 / b for a, b in zip(got, wanted, strict=True)) / (len(wanted) - 1)


@pytest.mark.parametrize("level", [0, 1])
@pytest.mark.parametrize("names", NAMES)
def test_gaps_are_those_of_chance(names: str, level: int) -> None:
    modulus = PRODUCTION.level(level).modulus
    found = boundaries(NAMES[names], level, modulus)
    assert COUNT / modulus * 0.85 < len(found) < COUNT / modulus * 1.15
    gaps = [after - before for before, after in pairwise(found)]
    assert deviation(gaps, modulus) < 2.5
    assert max(gaps) < 16 * modulus


@pytest.mark.parametrize("names", NAMES)
def test_levels_are_independent(names: str) -> None:
    """Paths that begin leaves end inner nodes no more and no less often than others."""
    leaves = [NAMES[names][at] for at in boundaries(NAMES[names], 0, 11)]
    found = boundaries(leaves, 1, 11)
    assert len(leaves) / 11 * 0.8 < len(found) < len(leaves) / 11 * 1.2


def test_boundaries_are_part_of_the_format() -> None:
    names = NAMES["images"][:1000]
    golden = [103, 123, 147, 183, 324, 325, 487, 550, 599, 662, 755]
    assert boundaries(names, 0, PRODUCTION.leaf.modulus) == golden
    assert [at for at, name in enumerate(names) if is_boundary(name, 0, PRODUCTION.leaf.modulus)] == golden


def test_roots_are_part_of_the_format() -> None:
    assert (
        store({}, shape=PRODUCTION).root.hex()
        == "d448cc0c7a5f8be7f45784ce9440fe5b00ba492473f2ac1bc1be3798855203eb"
    )
    content = numbered(20_000, b"train/%06d.png")
    content[RepoPath(b"model")] = entry(5, chunked=True)
    assert (
        store(content, shape=PRODUCTION).root.hex()
        == "9e52f83b6aed44a698be9d48a742419df4cf9ea5576ddc435a42842576ac5a31"
    )


def chosen(wanted: bool, count: int) -> Content:
    """Paths that somebody chose so that all of them, or none, are boundaries on the lower levels."""
    shape = LevelShape(3, 16, 32)
    found: Content = {}
    at = 0
    while len(found) < count:
        path = RepoPath(b"%d" % at)
        if all(is_boundary(path, level, shape.modulus) is wanted for level in (0, 1)):
            found[path] = entry(at)
        at += 1
    return found


@pytest.mark.parametrize("wanted", [True, False])
def test_chosen_paths_make_no_monstrous_nodes(wanted: bool) -> None:
    shape = Shape(LevelShape(3, 16, 32), LevelShape(3, 4, 8), 8192)
    content = chosen(wanted, 2000)
    nodes = MemoryNodes()
    manifest = store(content, nodes, shape)
    sizes = [len(manifest.nodes.node(node_id)) for node_id in manifest.node_ids()]
    assert max(sizes) <= 32
    assert height(manifest) <= 4
    victim = sorted(content)[3]
    root = edit(manifest, nodes, [(victim, None)], shape=shape)
    del content[victim]
    assert root == store(content, shape=shape).root


def test_long_paths_end_nodes_early() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(300, b"x" * 3900 + b"/%03d"), nodes, PRODUCTION)
    assert max(map(len, nodes.values())) < 300_000
    assert len(list(manifest.items())) == 300
    many = store(numbered(60, b"%02d/" + b"y" * 2000))
    assert list(check(many, shape=Shape(LevelShape(3, 2, 8), LevelShape(3, 2, 5), 8192))) == []
    assert height(many) > 2


@pytest.mark.parametrize(
    ("leaf", "inner", "path_bytes"),
    [
        ((1, 1, 2), (3, 2, 5), 8192),
        ((3, 0, 2), (3, 2, 5), 8192),
        ((3, 5, 4), (3, 2, 5), 8192),
        ((3, 1, 2), (3, 1, 5), 8192),
        ((3, 1, 2), (3, 2, 5), 4096),
    ],
)
def test_shapes_that_make_no_tree(
    leaf: tuple[int, int, int], inner: tuple[int, int, int], path_bytes: int
) -> None:
    with pytest.raises(ValueError, match="tree"):
        Shape(LevelShape(*leaf), LevelShape(*inner), path_bytes)
