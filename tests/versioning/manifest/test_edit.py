"""What an edit touches, what it refuses, and what is no change."""

from __future__ import annotations

import pytest

from aidb.errors import InvalidPathError
from aidb.types import Entry, RepoPath
from aidb.versioning.manifest import PRODUCTION, Manifest, build, diff, edit, empty_root, merge
from tests.versioning.manifest.memory import SMALL, MemoryNodes, entry, height, numbered, store

Edits = list[tuple[RepoPath, Entry | None]]


def counted(manifest: Manifest, nodes: MemoryNodes) -> Manifest:
    """The same manifest with nothing cached, and the reads counted from here."""
    nodes.reads = 0
    return Manifest(nodes, manifest.root)


def test_the_first_edit_of_an_empty_manifest() -> None:
    nodes = MemoryNodes()
    empty = Manifest(nodes, empty_root(nodes))
    content = numbered(100)
    changes: Edits = [*reversed(content.items()), (RepoPath(b"gone"), None)]
    assert edit(empty, nodes, changes, shape=SMALL) == store(content).root
    assert edit(empty, nodes, [(RepoPath(b"gone"), None)]) == empty.root


def test_removing_everything_leaves_the_empty_manifest() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(500), nodes)
    assert edit(manifest, nodes, [(path, None) for path in numbered(500)], shape=SMALL) == empty_root(nodes)


def test_removing_all_but_one_leaves_a_leaf() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(500), nodes)
    assert height(manifest) >= 4
    for kept in (0, 250, 499):
        left = dict([list(numbered(500).items())[kept]])
        root = edit(manifest, nodes, [(p, None) for p in numbered(500) if p not in left], shape=SMALL)
        assert root == store(left).root


def test_no_change_is_the_same_root() -> None:
    nodes = MemoryNodes()
    content = numbered(300)
    manifest = store(content, nodes)
    assert edit(manifest, nodes, []) == manifest.root
    assert edit(manifest, nodes, content.items(), shape=SMALL) == manifest.root
    assert edit(manifest, nodes, [(RepoPath(b"none"), None)], shape=SMALL) == manifest.root


def test_the_last_change_of_a_path_counts() -> None:
    nodes = MemoryNodes()
    path = RepoPath(b"x")
    empty = Manifest(nodes, empty_root(nodes))
    assert edit(empty, nodes, [(path, entry(1)), (path, entry(2))]) == store({path: entry(2)}).root
    assert edit(empty, nodes, [(path, entry(1)), (path, None)]) == empty.root


def test_one_change_reads_and_writes_a_node_per_level() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(50_000), nodes, PRODUCTION)
    before = set(nodes)
    for path, new in (
        (b"img/025000.png", entry(1)),
        (b"img/025001.png", None),
        (b"img/025000.png.x", entry(2)),
    ):
        root = edit(counted(manifest, nodes), nodes, [(RepoPath(path), new)])
        assert nodes.reads <= 2 * (height(manifest) + 1)
        assert len(set(nodes) - before) <= 2 * (height(manifest) + 1)
        before = set(nodes)
        assert [change.path for change in diff(manifest, Manifest(nodes, root))] == [path]


def test_what_was_written_need_not_be_read_back() -> None:
    nodes = MemoryNodes()
    old = store(numbered(1000), nodes)
    root = edit(old, nodes, [(RepoPath(b"img/000500.png"), entry(7))], shape=SMALL)
    nodes.reads = 0
    new = Manifest(old.nodes, root)
    assert new.get(RepoPath(b"img/000500.png")) == entry(7)
    assert nodes.reads == 0


def test_diff_and_merge_read_what_differs() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(50_000), nodes, PRODUCTION)
    ours = Manifest(nodes, edit(manifest, nodes, [(RepoPath(b"img/000010.png"), None)]))
    theirs = Manifest(nodes, edit(manifest, nodes, [(RepoPath(b"img/000009.png.txt"), entry(3))]))
    levels = height(manifest) + 1
    old, new = counted(manifest, nodes), Manifest(nodes, theirs.root)
    assert len(list(diff(old, new))) == 1
    assert nodes.reads <= 3 * levels
    assert len(list(diff(old, Manifest(nodes, old.root)))) == 0
    base = counted(manifest, nodes)
    outcome = merge(base, ours, theirs)
    assert [change.path for change in outcome.changes] == [b"img/000009.png.txt"]
    assert nodes.reads <= 9 * levels


def test_equal_subtrees_are_skipped_although_boundaries_differ() -> None:
    """Many leaves more at the front shift what inner nodes hold; leaves and inner nodes behind are the same."""
    nodes = MemoryNodes()
    manifest = store(numbered(100_000), nodes, PRODUCTION)
    front = numbered(3000, b"a/%06d")
    longer = Manifest(nodes, edit(manifest, nodes, front.items()))
    shorter, longer = counted(manifest, nodes), Manifest(nodes, longer.root)
    assert {change.path for change in diff(shorter, longer)} == front.keys()
    assert nodes.reads < 80, "the 3,000 new paths are some 30 leaves; 1,000 leaves are the same"


def test_trees_of_different_heights_share_their_leaves() -> None:
    nodes = MemoryNodes()
    low, high = store(numbered(100), nodes, PRODUCTION), store(numbered(60_000), nodes, PRODUCTION)
    assert height(low) < height(high)
    assert len(list(diff(low, high))) == 59_900
    assert {change.old for change in diff(low, high)} == {None}


@pytest.mark.parametrize(
    ("changes", "file", "inside"),
    [
        ([b"a/b/c"], b"a/b", b"a/b/c"),
        ([b"a/b/c/d/e"], b"a/b", b"a/b/c/d/e"),
        ([b"a"], b"a", b"a/b"),
        ([b"x", b"x/y"], b"x", b"x/y"),
        ([b"x/y/z", b"x"], b"x", b"x/y/z"),
    ],
)
def test_a_file_that_is_a_folder_is_refused_and_both_are_named(
    changes: list[bytes], file: bytes, inside: bytes
) -> None:
    nodes = MemoryNodes()
    content = {RepoPath(b"a/b"): entry(), RepoPath(b"a-"): entry(), RepoPath(b"a0"): entry()}
    manifest = store(content | numbered(100), nodes)
    with pytest.raises(InvalidPathError) as raised:
        edit(manifest, nodes, [(RepoPath(path), entry()) for path in changes], shape=SMALL)
    assert file.decode() in raised.value.message
    assert inside.decode() in raised.value.message


def test_a_file_may_take_the_place_of_a_folder() -> None:
    nodes = MemoryNodes()
    manifest = store(numbered(200), nodes)
    changes: Edits = [(path, None) for path in numbered(200)]
    root = edit(manifest, nodes, [*changes, (RepoPath(b"img"), entry())], shape=SMALL)
    back: Edits = [(RepoPath(b"img"), None), *numbered(200).items()]
    assert root == store({RepoPath(b"img"): entry()}).root
    assert edit(Manifest(nodes, root), nodes, back, shape=SMALL) == manifest.root


@pytest.mark.parametrize(
    ("paths", "match"),
    [
        ([b"b", b"a"], "a follows b"),
        ([b"a", b"a"], "a follows a"),
        ([b"a", b"a-b", b"a/b"], "a cannot be both a file and a folder: a/b"),
        ([b"a", b"a.b", b"a/b"], "a cannot be both a file and a folder: a/b"),
        ([b"../x"], r"\.\./x contains `\.\.`"),
        ([b""], "follows|canonical"),
    ],
)
def test_what_cannot_be_built(paths: list[bytes], match: str) -> None:
    with pytest.raises(InvalidPathError, match=match):
        build(MemoryNodes(), [(RepoPath(path), entry()) for path in paths])


def test_clashes_are_found_across_batches() -> None:
    """A file and what lies in it, with thousands of paths between them."""
    content = {RepoPath(b"a"): entry(), **numbered(9000, b"a-%05d"), RepoPath(b"a/b"): entry()}
    with pytest.raises(InvalidPathError, match="a cannot be both"):
        build(MemoryNodes(), sorted(content.items()))
    del content[RepoPath(b"a/b")]
    nodes = MemoryNodes()
    manifest = store(content, nodes, PRODUCTION)
    with pytest.raises(InvalidPathError, match="a cannot be both"):
        edit(manifest, nodes, [(RepoPath(b"a/b"), entry())])


def test_build_takes_a_stream() -> None:
    nodes = MemoryNodes()
    root = build(nodes, ((path, found) for path, found in numbered(10_000).items()))
    assert root == store(numbered(10_000), shape=PRODUCTION).root
