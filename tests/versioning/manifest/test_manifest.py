"""Reading: what is shown, what is loaded for it, and sharing what is decoded."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from aidb.types import RepoPath
from aidb.versioning.manifest import PRODUCTION, Child, Manifest, NodeCache, Totals
from tests.versioning.manifest.memory import Content, MemoryNodes, entry, height, numbered, store


def folders(count: int, files: int) -> Content:
    return {RepoPath(b"%03d/%03d" % (at, file)): entry(file) for at in range(count) for file in range(files)}


def test_prefixes_are_paths_not_letters() -> None:
    manifest = store(
        {RepoPath(path): entry(1) for path in (b"train/a", b"train/b", b"train2", b"train-", b"x/y")}
    )
    assert [path for path, _ in manifest.items(b"train")] == [b"train/a", b"train/b"]
    assert [path for path, _ in manifest.items(b"train/")] == [b"train/a", b"train/b"]
    assert [path for path, _ in manifest.items(b"train2")] == [b"train2"]
    assert list(manifest.items(b"train2/")) == []
    assert manifest.totals(b"train") == Totals(2, 2)
    assert manifest.totals(b"nothing") == Totals(0, 0)


def test_children() -> None:
    manifest = store({RepoPath(path): entry(5) for path in (b"a/x", b"a/y/z", b"a-b", b"b")})
    file, folder = Child(b"b", entry(5), Totals(1, 5)), Child(b"a", None, Totals(2, 10))
    assert list(manifest.children()) == [Child(b"a-b", entry(5), Totals(1, 5)), folder, file]
    assert [child.name for child in manifest.children(b"a")] == [b"x", b"y"]
    assert [child.name for child in manifest.children(b"a/")] == [b"x", b"y"]
    assert list(manifest.children(b"b")) == list(manifest.children(b"none")) == []


def test_listing_jumps_over_folders() -> None:
    nodes = MemoryNodes()
    content = folders(20, 2000)
    built = store(content, nodes, PRODUCTION)
    assert len(nodes) > 250
    nodes.reads = 0
    assert [child.totals.files for child in Manifest(nodes, built.root).children()] == [2000] * 20
    assert nodes.reads < 60, "at most a few nodes around each end of a folder"


def test_totals_and_lookups_read_one_way_down() -> None:
    nodes = MemoryNodes()
    built = store(folders(20, 2000), nodes, PRODUCTION)
    nodes.reads = 0
    assert Manifest(nodes, built.root).totals(b"007/").files == 2000
    assert nodes.reads <= 2 * (height(built) + 1)
    nodes.reads = 0
    assert Manifest(nodes, built.root).get(RepoPath(b"007/0070")) is None
    assert nodes.reads == height(built) + 1
    nodes.reads = 0
    assert Manifest(nodes, built.root).files == 40_000
    assert nodes.reads == 1


def test_the_first_items_cost_one_leaf() -> None:
    nodes = MemoryNodes()
    built = store(folders(20, 2000), nodes, PRODUCTION)
    nodes.reads = 0
    first = list(islice(Manifest(nodes, built.root).items(start=b"010/1000"), 5))
    assert [path for path, _ in first] == [b"010/%d" % at for at in range(1000, 1005)]
    assert nodes.reads == height(built) + 1


def test_a_shared_cache_is_read_once() -> None:
    nodes = MemoryNodes()
    built = store(numbered(1000), nodes)
    nodes.reads = 0
    cache = NodeCache(nodes)
    for _ in range(3):
        assert len(list(Manifest(cache, built.root).items())) == 1000
    assert nodes.reads == len(set(built.node_ids()))


def test_a_small_cache_is_still_right() -> None:
    nodes = MemoryNodes()
    built = store(numbered(1000), nodes)
    manifest = Manifest(NodeCache(nodes, capacity=2000), built.root)
    assert dict(manifest.items()) == numbered(1000)
    assert manifest.get(RepoPath(b"img/000500.png")) == entry(500)


def test_threads_may_share_a_manifest() -> None:
    nodes = MemoryNodes()
    built = store(numbered(2000), nodes)
    manifest = Manifest(NodeCache(nodes, capacity=20_000), built.root)
    with ThreadPoolExecutor(8) as threads:
        wanted = list(numbered(2000).items())
        assert list(threads.map(manifest.get, (path for path, _ in wanted))) == [found for _, found in wanted]


def test_node_ids_are_all_nodes_or_those_that_are_new() -> None:
    nodes = MemoryNodes()
    small, large = store(numbered(300), nodes), store(numbered(320), nodes)
    assert set(small.node_ids()) | set(large.node_ids()) == set(nodes)
    known = set(small.node_ids())
    assert set(large.node_ids(skip=known)) == set(large.node_ids()) - known


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, aidb.versioning.manifest;print(*(name for name in sys.argv[1:] if name in sys.modules))"
    )
    heavy = ["numpy", "pygit2", "msgspec", "zstandard", "blake3", "pyfastcdc"]
    out = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert out.stdout.split() == []
