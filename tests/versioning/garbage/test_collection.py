"""Garbage collection of whole repositories: what keeps data, what is spared, what stops it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import aidb
from aidb.errors import DamagedObjectError, IntegrityError, LockedError, MissingObjectError, RefusedError
from aidb.files import Session, file_lock
from aidb.types import CommitId, ObjectId, RefName
from aidb.versioning.garbage import Garbage, Pruned, sources
from tests.faults.tree import noise, read_tree

NOTHING = timedelta(0)


@pytest.fixture
def repo(tmp_path: Path) -> aidb.Repository:
    """Two files on main."""
    with aidb.init(tmp_path / "repo") as repo:
        (repo.root / "large.bin").write_bytes(noise(500_000, seed=1))
        (repo.root / "small.txt").write_bytes(b"small\n")
        repo.add()
        repo.commit("first")
    return aidb.open(repo.root)


def collect(repo: aidb.Repository, **how: object) -> Pruned:
    """Everything that nothing keeps, at once, reflogs forgotten; by another process."""
    repo.close()
    now = datetime.now().astimezone()
    with aidb.open(repo.root) as other:
        return other.garbage.prune(grace=NOTHING, thorough=True, moves_since=now, **how)  # type: ignore[arg-type]


def kept_by(garbage: Garbage) -> set[str]:
    return {one.source for one in garbage.kept if one.chunks}


def write(repo: aidb.Repository, path: str, seed: int) -> None:
    (repo.root / path).write_bytes(noise(20_000, seed=seed))


def orphan(repo: aidb.Repository, seed: int = 5) -> CommitId:
    """A commit that no ref has, of content that nothing else has."""
    repo.switch("orphan", create=True)
    write(repo, "orphan.bin", seed)
    repo.add()
    commit = repo.commit("orphan")
    repo.switch("main")
    repo.branches.delete("orphan", force=True)
    return commit.id


def readable(repo: aidb.Repository, commit: CommitId, path: str = "orphan.bin") -> bool:
    with aidb.open(repo.root) as other:
        try:
            return len(other.at(commit).read(path)) == 20_000
        except IntegrityError:
            return False


def test_nothing_is_garbage(repo: aidb.Repository) -> None:
    garbage = repo.garbage.look(grace=NOTHING)
    assert not garbage.plan.condemned
    assert garbage.commits == 1
    assert kept_by(garbage) == {"branches"}
    assert garbage.kept_chunks == repo.store.usage().chunks


def test_an_orphan_goes_and_everything_else_stays(repo: aidb.Repository) -> None:
    commit = orphan(repo)
    assert "reflogs" in kept_by(repo.garbage.look(grace=NOTHING))
    assert collect(repo).deleted
    assert not readable(repo, commit)
    with aidb.open(repo.root) as other:
        assert other.at().read("large.bin") == noise(500_000, seed=1)
        assert other.fsck().ok


def keep_by_tag(repo: aidb.Repository, commit: CommitId) -> None:
    repo.tags.create("keep", commit)


def keep_by_branch(repo: aidb.Repository, commit: CommitId) -> None:
    repo.branches.create("keep", commit)


def keep_by_other_ref(repo: aidb.Repository, commit: CommitId) -> None:
    repo.engine.update_ref(RefName("refs/stash"), None, commit, "stash")


def keep_by_head(repo: aidb.Repository, commit: CommitId) -> None:
    repo.switch(commit, detach=True)


def keep_by_what_is_staged(repo: aidb.Repository, commit: CommitId) -> None:
    repo.restore(["orphan.bin"], source=commit, staged=True)


@pytest.mark.parametrize(
    ("keep", "source"),
    [
        (keep_by_tag, "tags"),
        (keep_by_branch, "branches"),
        (keep_by_other_ref, "other refs"),
        (keep_by_head, "HEAD"),
        (keep_by_what_is_staged, "what is staged"),
    ],
)
def test_what_keeps(
    repo: aidb.Repository, keep: Callable[[aidb.Repository, CommitId], None], source: str
) -> None:
    commit = orphan(repo)
    keep(repo, commit)
    pruned = collect(repo)
    assert source in kept_by(pruned.garbage)
    if keep is keep_by_what_is_staged:
        with aidb.open(repo.root) as other:
            entry = other.workspace.manifest(other.workspace.staged_root()).get(b"orphan.bin")  # type: ignore[arg-type]
            assert entry is not None
            assert len(other.store.read_blob(entry.content)) == 20_000
    else:
        assert readable(repo, commit)


def test_a_history_keeps_what_its_tip_no_longer_has(repo: aidb.Repository) -> None:
    first = repo.head.commit
    assert first is not None
    (repo.root / "large.bin").write_bytes(noise(20_000, seed=9))
    repo.add()
    repo.commit("second")
    collect(repo)
    with aidb.open(repo.root) as other:
        assert other.at(first).read("large.bin") == noise(500_000, seed=1)


def test_reflogs_keep_unless_they_are_forgotten(repo: aidb.Repository) -> None:
    commit = orphan(repo)
    repo.close()
    repo.garbage.prune(grace=NOTHING, thorough=True)
    assert readable(repo, commit)
    repo.garbage.prune(grace=NOTHING, moves_since=datetime.now().astimezone() - timedelta(days=1))
    assert readable(repo, commit)
    pruned = collect(repo)
    assert pruned.forgotten > 0
    assert not readable(repo, commit)
    assert aidb.open(repo.root).engine.reflog(RefName("HEAD")) == []


def test_conflicts_keep_every_side(repo: aidb.Repository) -> None:
    """Of a merge under way, both sides can still be chosen, though the other branch is gone."""
    repo.switch("theirs", create=True)
    write(repo, "large.bin", 21)
    repo.add()
    repo.commit("theirs")
    repo.switch("main")
    write(repo, "large.bin", 22)
    repo.add()
    repo.commit("ours")
    assert repo.merge("theirs").kind == "conflicts"
    repo.branches.delete("theirs", force=True)
    assert "an unfinished merge" in kept_by(collect(repo).garbage)
    with aidb.open(repo.root) as other:
        other.restore(["large.bin"], side="theirs", force=True)
        assert (repo.root / "large.bin").read_bytes() == noise(20_000, seed=21)
        other.add(["large.bin"])
        other.commit("merged")
        assert other.fsck().ok


def test_young_garbage_is_spared(repo: aidb.Repository) -> None:
    commit = orphan(repo)
    repo.close()
    now = datetime.now().astimezone()
    pruned = repo.garbage.prune(moves_since=now)
    assert not pruned.collected.packs
    assert sum(one.garbage.chunks for one in pruned.garbage.plan.young) > 0
    assert readable(repo, commit)


def age(repo: aidb.Repository, days: float) -> None:
    then = time.time() - 86400 * days
    for path in (repo.root / ".aidb/store/packs").iterdir():
        os.utime(path, (then, then))


def test_old_garbage_is_set_aside_and_deleted_later(repo: aidb.Repository) -> None:
    commit = orphan(repo)
    repo.close()
    age(repo, 20)
    now = datetime.now().astimezone()
    first = repo.garbage.prune(moves_since=now)
    assert first.collected.packs
    assert not first.deleted
    repo.close()
    again = repo.garbage.prune(moves_since=now)
    assert not again.deleted
    assert len(again.garbage.quarantined) == len(first.collected.packs)
    repo.close()
    # Three weeks later.
    for path in (repo.root / ".aidb/store/quarantine").iterdir():
        os.utime(path, (1_600_000_000, 1_600_000_000))
        batch, _, pack = path.name.partition(".")
        path.rename(path.with_name(f"20200101T{batch[9:]}.{pack}"))
    assert len(repo.garbage.prune(moves_since=now).deleted) == len(first.collected.packs)
    assert not readable(repo, commit)


def test_what_is_wanted_again_comes_out_of_quarantine(repo: aidb.Repository) -> None:
    commit = orphan(repo)
    repo.close()
    age(repo, 20)
    now = datetime.now().astimezone()
    repo.garbage.prune(moves_since=now)
    repo.branches.create("wanted", commit)
    garbage = repo.garbage.look()
    assert garbage.brought_back
    assert readable(repo, commit)
    assert repo.fsck().ok


def test_fsck_is_content_with_what_lies_in_quarantine(repo: aidb.Repository) -> None:
    """A branch was put back while the garbage was being collected: what it needs is there, so nothing is damaged."""
    commit = orphan(repo)
    repo.close()
    age(repo, 20)
    repo.garbage.prune(moves_since=datetime.now().astimezone())
    repo.branches.create("wanted", commit)
    with aidb.open(repo.root) as other:
        assert other.fsck().ok
    assert readable(repo, commit)


def test_undo(repo: aidb.Repository) -> None:
    commit = orphan(repo)
    repo.close()
    age(repo, 20)
    pruned = repo.garbage.prune(moves_since=datetime.now().astimezone())
    assert len(repo.garbage.undo()) == len(pruned.collected.packs)
    assert repo.store.quarantined() == []
    assert repo.garbage.undo() == []
    assert readable(repo, commit)
    assert repo.fsck().ok


def test_a_live_session_forbids_collecting_without_grace(repo: aidb.Repository) -> None:
    with aidb.open(repo.root) as working:
        working.session.scratch()
        with pytest.raises(RefusedError, match="1 other session"):
            aidb.open(repo.root).garbage.prune(grace=NOTHING)
    aidb.open(repo.root).garbage.prune(grace=NOTHING)


def test_what_a_live_session_wrote_is_spared_however_old(repo: aidb.Repository) -> None:
    """A training run that writes for a month and commits at its end."""
    with aidb.open(repo.root) as working:
        scratch = working.session.scratch()
        with working.store.writer() as writer:
            blob = writer.put_blob(noise(20_000, seed=77))
        month_ago = int(time.time() - 30 * 86400)
        # As if it had begun a month ago, and written its packs three weeks ago.
        scratch.rename(scratch.with_name(f"{month_ago}-1-x"))
        age(repo, 21)
        with aidb.open(repo.root) as other:
            assert not other.garbage.prune().collected.packs
        (scratch.with_name(f"{month_ago}-1-x")).rename(scratch)
        assert working.store.read_blob(blob) == noise(20_000, seed=77)
    with aidb.open(repo.root) as other:
        assert other.garbage.prune().collected.packs


class WhenMarked:
    """A listener that does something once everything is marked, before anything is removed."""

    def __init__(self, then: Callable[[], object]) -> None:
        self._then = then
        self._label = ""

    def task(self, label: str, total: int | None = None, unit: str = "files") -> WhenMarked:
        self._label = label
        return self

    def advance(self, amount: int = 1) -> None:
        pass

    def close(self) -> None:
        if self._label == "Marking versions":
            self._then()


def test_somebody_begins_meanwhile(repo: aidb.Repository) -> None:
    """Without a grace period nothing is deleted unless the repository is as it was when it was judged."""
    commit = orphan(repo)
    late = aidb.open(repo.root)
    pruned = collect(repo, progress=WhenMarked(lambda: late.branches.create("late", commit)))
    assert pruned.held_up
    assert not pruned.deleted
    assert readable(repo, commit)


def test_a_missing_chunk_stops_it(repo: aidb.Repository) -> None:
    orphan(repo)
    repo.close()
    age(repo, 20)
    entry = repo.at().stat("large.bin")
    chunk = list(repo.store.chunk_ids(entry.content))[-1]
    pack = next(
        path
        for path in (repo.root / ".aidb/store/packs").glob("*.data")
        if repo.store.read_chunk(chunk)[:100] in path.read_bytes()
    )
    repo.close()
    pack.unlink()
    before = sorted((repo.root / ".aidb/store/packs").iterdir())
    with aidb.open(repo.root) as other:
        for attempt in (other.garbage.look, other.garbage.prune):
            with pytest.raises(MissingObjectError, match="nothing was removed") as caught:
                attempt(moves_since=datetime.now().astimezone())
            assert "aidb fsck" in caught.value.hints[0]
    assert sorted((repo.root / ".aidb/store/packs").iterdir()) == before


@pytest.mark.parametrize("which", ["index", "commit", "pack"])
def test_damage_stops_it(repo: aidb.Repository, which: str) -> None:
    orphan(repo)
    repo.close()
    folder = repo.root / ".aidb"
    head = repo.head.commit
    assert head is not None
    path = {
        "index": folder / "index",
        "commit": folder / "git/objects" / head[:2] / head[2:],
        "pack": next((folder / "store/packs").iterdir()),
    }[which]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-20])
    with aidb.open(repo.root) as other, pytest.raises(DamagedObjectError, match="nothing was removed"):
        other.garbage.prune(grace=NOTHING)


def test_one_collection_at_a_time(repo: aidb.Repository) -> None:
    with (
        file_lock(repo.root / ".aidb/locks/gc", what="garbage collection"),
        pytest.raises(LockedError, match="garbage collection"),
    ):
        repo.garbage.prune()


def test_every_node_and_recipe_is_read_once(repo: aidb.Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many versions share them."""
    for number in range(5):
        write(repo, f"{number}.bin", number)
        repo.add()
        repo.commit(f"{number}")
    seen: list[ObjectId] = []
    fresh = aidb.open(repo.root)
    read = fresh.store._chunks.read_many

    def reading(ids: list[ObjectId]) -> object:
        seen.extend(ids)
        return read(ids)

    monkeypatch.setattr(fresh.store._chunks, "read_many", reading)
    fresh.garbage.look()
    assert len(seen) == len(set(seen))


def test_sessions_know_each_other(tmp_path: Path) -> None:
    mine, other, idle = (Session(tmp_path) for _ in range(3))
    assert mine.others() == []
    before = time.time()
    other.scratch()
    assert idle.began is None
    (began,) = mine.others()
    assert before - 1 <= began <= time.time()
    mine.scratch()
    assert len(mine.others()) == 1
    other.close()
    (tmp_path / "left-by-a-dead-one").mkdir()
    assert mine.others() == []
    mine.close()


def test_sources_can_be_read(repo: aidb.Repository) -> None:
    names = [source.name for source in sources(repo.engine, repo.workspace)]
    assert names[0] == "branches"
    assert len(names) == len(set(names)) == 9


def prune(repo: aidb.Repository) -> None:
    """Everything that nothing keeps, at once; what can be undone is not forgotten."""
    repo.close()
    with aidb.open(repo.root) as other:
        other.garbage.prune(grace=NOTHING, thorough=True)


def test_what_was_thrown_away_can_be_undone_after_a_collection(repo: aidb.Repository) -> None:
    """Changed, staged and untracked content that no version ever held."""
    write(repo, "large.bin", 11)
    write(repo, "staged.bin", 12)
    repo.add(["staged.bin"])
    write(repo, "small.txt", 13)
    before = read_tree(repo.root)
    repo.reset(mode="hard", force=True)
    prune(repo)
    with aidb.open(repo.root) as again:
        assert again.fsck().ok
        again.operations.undo()
        assert read_tree(repo.root) == before
    collect(repo)
    with aidb.open(repo.root) as again:
        assert again.fsck().ok
        assert len(again.operations) == 0


def test_conflicts_can_be_brought_back_after_a_collection(repo: aidb.Repository) -> None:
    """Also where nothing else holds the other side any more."""
    repo.switch("side", create=True)
    write(repo, "small.txt", 21)
    repo.commit("theirs", all=True)
    repo.switch("main")
    write(repo, "small.txt", 22)
    repo.commit("ours", all=True)
    repo.merge("side")
    repo.abort_merge()
    repo.branches.delete("side", force=True)
    prune(repo)
    with aidb.open(repo.root) as again:
        again.operations.undo()
        again.operations.undo()
        again.restore(["small.txt"], side="theirs")
        assert (repo.root / "small.txt").read_bytes() == noise(20_000, seed=21)
