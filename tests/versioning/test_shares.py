"""What each branch alone needs and each commit added, against sets; and the numbers of `aidb stats`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aidb
from aidb.store import PackKind
from aidb.types import CommitId, Entry, Kind, ObjectId, RepoPath, branch_ref
from aidb.versioning.identity import fallback_person
from aidb.versioning.manifest import build
from tests.faults.tree import File, noise, write_tree

CONTENTS = [*(b"%d" % number * 50 for number in range(6)), noise(400_000, seed=1), noise(400_000, seed=2)]
TREE = st.dictionaries(st.sampled_from(["a", "b", "d/c"]), st.integers(0, len(CONTENTS) - 1), max_size=3)
HISTORY = st.lists(st.tuples(st.sampled_from(["main", "one", "two"]), st.integers(0, 20), TREE), max_size=8)


def commit(repo: aidb.Repository, tree: dict[str, int], parents: list[CommitId]) -> CommitId:
    with repo.store.writer() as writer:
        blobs = {path: writer.put_blob(CONTENTS[number]) for path, number in sorted(tree.items())}
        entries = [(RepoPath(p.encode()), Entry(Kind.FILE, b.size, b.id, b.recipe)) for p, b in blobs.items()]
        root = build(writer, entries)
    size = sum(len(CONTENTS[n]) for n in tree.values())
    return repo.engine.create_commit(root, len(tree), size, parents, "made", fallback_person())


def needs(repo: aidb.Repository, commits: set[CommitId]) -> set[ObjectId]:
    """Every chunk of some versions, by walking each in full."""
    found: set[ObjectId] = set()
    for root in {repo.engine.read_commit(one).root for one in commits}:
        manifest = repo.workspace.manifest(root)
        found |= set(manifest.node_ids())
        for item in manifest.items():
            found |= set(repo.store.chunk_ids(item[1].content))
    return found


def history(repo: aidb.Repository, tip: CommitId) -> set[CommitId]:
    return {one.id for one in repo.engine.walk([tip])}


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(moves=HISTORY, tagged=st.booleans())
def test_shares_agree_with_sets(moves: list[tuple[str, int, dict[str, int]]], tagged: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, aidb.init(Path(folder)) as repo:
        made: list[CommitId] = []
        for branch, parent, tree in moves:
            parents = [made[parent % len(made)]] if made and parent < 15 else []
            made.append(commit(repo, tree, parents))
            name = branch_ref(branch)
            repo.engine.update_ref(name, repo.engine.read_ref(name), made[-1], "made")
        if tagged and made:
            repo.tags.create("v", made[0])
        tips = {branch.name: branch.commit for branch in repo.branches.values()}
        needed = {name: needs(repo, history(repo, tip)) for name, tip in tips.items()}
        tags = needs(repo, history(repo, made[0])) if tagged and made else set()
        for share in repo.branch_shares():
            others = [chunks for name, chunks in needed.items() if name != share.name]
            assert share.chunks == len(needed[share.name].difference(tags, *others)), share.name
        for each, tip in tips.items():
            added = repo.commit_shares(each)
            assert [share.commit.id for share in added][:1] == [tip]
            assert sum(share.chunks for share in added) == len(needed[each])


@pytest.fixture
def repo(tmp_path: Path) -> aidb.Repository:
    repo = aidb.init(tmp_path / "repo")
    write_tree(repo.root, {"large.bin": File(CONTENTS[6]), "d/a": File(b"a" * 5000), "d/b": File(b"")})
    repo.add()
    repo.commit("first")
    write_tree(repo.root, {"e/f/c": File(CONTENTS[7])})
    repo.add()
    repo.commit("second")
    return repo


def test_what_is_staged_belongs_to_the_branch_checked_out(repo: aidb.Repository) -> None:
    repo.branches.create("old", "HEAD~")
    write_tree(repo.root, {"staged": File(noise(5000, seed=9))})
    repo.add()
    shares = {share.name: share for share in repo.branch_shares()}
    assert shares["old"].chunks == 0
    assert shares["main"].bytes > 405_000


def test_statistics(repo: aidb.Repository) -> None:
    found = repo.statistics()
    assert (found.commits, found.versions, found.branches, found.tags) == (2, 2, 1, 0)
    assert (found.files, found.file_bytes) == (4, 805_000)
    assert found.content_bytes == 805_000
    assert found.version_bytes == 405_000 + 805_000
    assert found.deduplication == pytest.approx(1_210_000 / 805_000)
    assert [one.path for one in found.largest_files[:2]] == ["e/f/c", "large.bin"]
    assert [(one.path, one.files, one.bytes) for one in found.largest_folders] == [
        ("e", 1, 400_000),
        ("d", 2, 5000),
    ]
    assert sum(month.commits for month in found.growth) == 2
    assert sum(month.bytes for month in found.growth) == found.needed.bytes
    assert found.garbage.chunks == 0
    assert sum(found.store.sizes.values()) == found.store.chunks - found.store.by_kind[PackKind.META].chunks
    assert found.store.sizes[0] == 1
    assert found.store.sizes[4096] == 1
    assert found.small_packs == found.store.packs


def test_statistics_of_nothing(tmp_path: Path) -> None:
    found = aidb.init(tmp_path).statistics()
    assert (found.commits, found.files, found.deduplication, found.growth) == (0, 0, 1.0, ())
