"""Refs: compare-and-swap, reflogs, locks, and plain git as a neighbour."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.queues import Queue
from pathlib import Path

import pytest

from aidb.errors import (
    InvalidInputError,
    InvalidNameError,
    LockedError,
    MissingObjectError,
    RefChangedError,
    RefusedError,
)
from aidb.types import CommitId, RefName, branch_ref, tag_ref
from aidb.versioning import git_refs
from aidb.versioning.engine import HEAD, Engine
from aidb.versioning.git_engine import GitEngine
from aidb.versioning.head import Head
from tests.versioning.history import ADA, BOB, MAIN, NO_ROOT, History

SIDE = branch_ref("team/side")
FORK = multiprocessing.get_context("fork")


def test_create_move_delete(history: History) -> None:
    one, two = history.commit({}), history.commit({"a": "b"})
    engine = history.engine
    engine.update_ref(SIDE, None, one, "branch: Created")
    assert engine.read_ref(SIDE) == one
    engine.update_ref(SIDE, one, two, "commit: two", BOB)
    assert [(e.old, e.new, e.person, e.reason) for e in engine.reflog(SIDE)] == [
        (one, two, BOB, "commit: two"),
        (None, one, ADA, "branch: Created"),
    ]
    engine.update_ref(SIDE, two, None, "deleted")
    assert engine.read_ref(SIDE) is None
    assert engine.reflog(SIDE) == []
    assert engine.list_refs() == {}


def test_wrong_expectations_tell_the_actual_value(history: History) -> None:
    one, two = history.commit({}), history.commit({"a": "b"})
    engine = history.engine
    engine.update_ref(SIDE, None, one, "x")
    for expected, new in ((None, two), (two, one), (two, None)):
        with pytest.raises(RefChangedError) as caught:
            engine.update_ref(SIDE, expected, new, "x")
        assert caught.value.actual == one
    with pytest.raises(RefChangedError) as caught:
        engine.update_ref(MAIN, one, two, "x")
    assert caught.value.actual is None
    assert engine.list_refs() == {SIDE: one}
    assert len(engine.reflog(SIDE)) == 1
    assert list(history.git_folder.rglob("*.lock")) == []


def test_a_ref_points_to_what_is_there(history: History) -> None:
    with pytest.raises(MissingObjectError):
        history.engine.update_ref(MAIN, None, CommitId("1" * 40), "x")
    with pytest.raises(MissingObjectError):
        history.engine.set_head(None, CommitId("1" * 40))
    with pytest.raises(InvalidInputError):
        history.engine.set_head(None)
    assert history.engine.head() == Head("main", None)


@pytest.mark.parametrize("name", ["refs/../../x", "../HEAD", "config", "refs/heads/a\0b", "/etc/passwd"])
def test_hostile_ref_names(history: History, name: str) -> None:
    commit = history.commit({})
    with pytest.raises(InvalidNameError):
        history.engine.read_ref(RefName(name))
    with pytest.raises(InvalidNameError):
        history.engine.update_ref(RefName(name), None, commit, "x")


def test_a_symbolic_ref_out_of_the_repository_is_not_followed(history: History) -> None:
    (history.git_folder / "HEAD").write_text("ref: refs/../../../etc/passwd\n")
    with pytest.raises(InvalidNameError):
        history.engine.head()


def test_a_symbolic_ref_to_itself(history: History) -> None:
    (history.git_folder / "refs/heads/loop").write_text("ref: refs/heads/loop\n")
    with pytest.raises(RefusedError):
        history.engine.read_ref(branch_ref("loop"))


def test_listing(history: History) -> None:
    one = history.commit({})
    names = ["refs/heads/a", "refs/heads/b/c", "refs/heads/b/d", "refs/tags/a"]
    for name in reversed(names):
        history.engine.update_ref(RefName(name), None, one, "x")
    history.git("pack-refs", "--all", "--prune")
    history.engine.update_ref(RefName("refs/heads/z"), None, one, "x")
    engine = history.reopened()
    assert list(engine.list_refs()) == [*names[:3], "refs/heads/z", "refs/tags/a"]
    assert list(engine.list_refs("refs/heads/b")) == names[1:3]
    assert list(engine.list_refs("refs/heads/b/")) == names[1:3]
    assert list(engine.list_refs("refs/nothing/")) == []


def test_annotated_tags_of_plain_git_stand_for_their_commit(history: History) -> None:
    (one,) = history.grow("one")
    history.git("-c", "user.name=x", "-c", "user.email=x", "tag", "-a", "v1", "-m", "first", one)
    history.git("-c", "user.name=x", "-c", "user.email=x", "tag", "-a", "v2", "-m", "again", "v1")
    assert history.engine.read_ref(tag_ref("v2")) == one
    assert history.engine.list_refs("refs/tags/") == {tag_ref("v1"): one, tag_ref("v2"): one}
    history.git("pack-refs", "--all", "--prune")
    assert history.reopened().read_ref(tag_ref("v1")) == one


def test_packed_refs_can_be_moved_and_deleted(history: History) -> None:
    one, two = history.commit({}), history.commit({"a": "b"})
    for name in ("a", "b", "c"):
        history.engine.update_ref(branch_ref(name), None, one, "x")
    history.git("pack-refs", "--all", "--prune")
    engine = history.reopened()
    engine.update_ref(branch_ref("a"), one, two, "x")
    engine.update_ref(branch_ref("b"), one, None, "x")
    assert engine.list_refs() == {branch_ref("a"): two, branch_ref("c"): one}
    assert history.git("for-each-ref", "--format=%(refname)").split() == ["refs/heads/a", "refs/heads/c"]
    engine.update_ref(branch_ref("a"), two, None, "x")
    assert list(history.reopened().list_refs()) == ["refs/heads/c"]


@pytest.mark.parametrize(("first", "second"), [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a"), ("a", "a/b/c")])
@pytest.mark.parametrize("packed", [False, True])
def test_a_name_cannot_be_file_and_folder(history: History, first: str, second: str, packed: bool) -> None:
    one = history.commit({})
    engine = history.engine
    engine.update_ref(branch_ref(first), None, one, "x")
    if packed:
        history.git("pack-refs", "--all", "--prune")
    with pytest.raises(RefusedError, match="cannot exist beside"):
        engine.update_ref(branch_ref(second), None, one, "x")
    engine.update_ref(branch_ref(first), one, None, "x")
    engine.update_ref(branch_ref(second), None, one, "x")
    assert list(engine.list_refs()) == [branch_ref(second)]
    assert len(engine.reflog(branch_ref(second))) == 1


# HEAD


def test_head_and_its_reflog(history: History) -> None:
    engine = history.engine
    one, two = history.grow("one", "two")
    engine.update_ref(SIDE, None, one, "branch: Created from main~1")
    engine.set_head("team/side")
    engine.set_head(None, two)
    engine.set_head("main")
    assert [entry.reason for entry in engine.reflog(HEAD)] == [
        f"checkout: moving from {two} to main",
        f"checkout: moving from team/side to {two}",
        "checkout: moving from main to team/side",
        "commit: two",
        "commit: one",
    ]
    assert engine.reflog(HEAD)[1][:2] == (one, two)
    assert history.git("rev-parse", "HEAD@{3}", "@{-1}").split() == [two, two]
    assert history.git("rev-parse", "--symbolic-full-name", "@{-2}").strip() == "refs/heads/team/side"


def test_updating_head_moves_what_it_stands_for(history: History) -> None:
    engine = history.engine
    one, two = history.grow("one", "two")
    engine.update_ref(HEAD, two, one, "reset: moving to HEAD~1")
    assert engine.read_ref(MAIN) == one
    engine.set_head(None, one)
    engine.update_ref(HEAD, one, two, "commit: detached")
    assert engine.head() == Head(None, two)
    assert engine.read_ref(MAIN) == one
    assert engine.reflog(HEAD)[0].reason == "commit: detached"
    assert engine.reflog(MAIN)[0].reason == "reset: moving to HEAD~1"
    with pytest.raises(RefChangedError):
        engine.update_ref(HEAD, one, two, "x")
    with pytest.raises(InvalidInputError):
        engine.update_ref(HEAD, two, None, "x")


def test_rename_takes_reflog_and_head_along(history: History) -> None:
    engine = history.engine
    _, two = history.grow("one", "two")
    engine.rename_ref(MAIN, SIDE, "Branch: renamed refs/heads/main to refs/heads/team/side")
    assert engine.head() == Head("team/side", two)
    assert engine.list_refs() == {SIDE: two}
    assert [e.reason for e in engine.reflog(SIDE)][1:] == ["commit: two", "commit: one"]
    assert history.git("rev-parse", "team/side@{1}").strip() == two
    history.git("fsck", "--strict")


def test_an_unborn_branch_is_renamed(history: History) -> None:
    history.engine.rename_ref(MAIN, SIDE, "x")
    assert history.engine.head() == Head("team/side", None)


@pytest.mark.parametrize("tail", [b"", b"0123456789abcdef", b"\0" * 100])
def test_a_reflog_that_a_power_cut_tore_goes_on(history: History, tail: bytes) -> None:
    """The line of a commit is not fsynced: it may be missing, cut short, or nothing but zeros."""
    one, two, three = history.grow("one", "two", "three")
    for log in (MAIN, HEAD):
        path = history.git_folder / "logs" / log
        first = path.read_bytes().splitlines(keepends=True)[0]
        path.write_bytes(first + tail)
    history.engine.update_ref(MAIN, three, two, "reset: back")
    for log in (MAIN, HEAD):
        assert [entry[:2] for entry in history.engine.reflog(log)] == [(three, two), (None, one)]
        assert history.git("rev-parse", f"{log}@{{0}}").strip() == two


# Locks


def test_a_lock_left_by_a_killed_aidb_is_removed_at_once(history: History) -> None:
    one, two = history.grow("one", "two")
    for name in ("refs/heads/main", "HEAD", "packed-refs"):
        (history.git_folder / f"{name}.lock").touch()
        (history.folder / "locks" / "refs.intent").write_text(f"{name}\n\nrest of an older, longer note\n")
        began = time.monotonic()
        history.engine.update_ref(MAIN, two, one, "x")
        history.engine.update_ref(MAIN, one, two, "x")
        assert time.monotonic() - began < 1
        assert list(history.git_folder.rglob("*.lock")) == []


def test_a_lock_of_plain_git_is_waited_for(history: History) -> None:
    one, two = history.grow("one", "two")
    lock = history.git_folder / "refs/heads/main.lock"
    lock.touch()
    threading.Timer(0.3, lock.unlink).start()
    began = time.monotonic()
    history.engine.update_ref(MAIN, two, one, "x")
    assert 0.2 < time.monotonic() - began < 5


def test_an_old_lock_is_removed(history: History) -> None:
    one, two = history.grow("one", "two")
    lock = history.git_folder / "refs/heads/main.lock"
    lock.touch()
    old = time.time() - git_refs.STALE_AFTER - 1
    os.utime(lock, (old, old))
    history.engine.update_ref(MAIN, two, one, "x")
    assert history.engine.read_ref(MAIN) == one


def test_a_lock_that_stays_is_reported(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = history.grow("one", "two")
    monkeypatch.setattr(git_refs, "STALE_AFTER", 0.1)
    lock = history.git_folder / "refs/heads/main.lock"
    future = time.time() + 1000
    lock.touch()
    os.utime(lock, (future, future))
    with pytest.raises(LockedError, match="main") as caught:
        history.engine.update_ref(MAIN, two, one, "x")
    assert str(lock) in caught.value.hints[0]
    assert lock.exists()


# Many processes


def _count_up(folder: Path, ref: RefName, rounds: int, results: Queue[tuple[int, int]]) -> None:
    """Append commits to a branch; every loss is tried again on what the error says the tip is."""
    engine = GitEngine(folder / "git", identity=lambda: ADA)
    lost = 0
    tip = engine.read_ref(ref)
    for number in range(rounds):
        while True:
            parents = [tip] if tip else []
            made = engine.create_commit(NO_ROOT, 0, 0, parents, f"{os.getpid()} {number}", ADA)
            try:
                engine.update_ref(ref, tip, made, "commit")
            except RefChangedError as error:
                lost += 1
                tip = CommitId(error.actual) if error.actual else None
            else:
                tip = made
                break
    results.put((rounds, lost))


@pytest.mark.parametrize(("processes", "rounds"), [(2, 40), (8, 12)])
def test_no_update_is_lost(history: History, processes: int, rounds: int) -> None:
    results: Queue[tuple[int, int]] = FORK.Queue()
    workers = [
        FORK.Process(target=_count_up, args=(history.folder, MAIN, rounds, results)) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    outcomes = [results.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    tip = history.engine.read_ref(MAIN)
    assert tip is not None
    line = list(history.engine.walk([tip], first_parent=True))
    assert len(line) == processes * rounds == sum(done for done, _ in outcomes)
    assert len({commit.message for commit in line}) == len(line)
    moves = history.engine.reflog(MAIN)
    assert [entry.new for entry in moves] == [commit.id for commit in line]
    assert [entry.old for entry in moves[:-1]] == [commit.id for commit in line[1:]]
    history.git("fsck", "--full", "--strict")


def _try_once(folder: Path, expected: CommitId | None, new: CommitId, results: Queue[str]) -> None:
    engine = GitEngine(folder / "git", identity=lambda: ADA)
    try:
        engine.update_ref(MAIN, expected, new, "race")
    except RefChangedError as error:
        results.put(f"lost to {error.actual}")
    else:
        results.put(f"won {new}")


@pytest.mark.parametrize("processes", [2, 8])
def test_of_many_exactly_one_wins(history: History, processes: int) -> None:
    tip: CommitId | None = None
    for number in range(8):
        offers = [history.commit({"n": str(number)}, message=str(offer)) for offer in range(processes)]
        results: Queue[str] = FORK.Queue()
        workers = [
            FORK.Process(target=_try_once, args=(history.folder, tip, offer, results)) for offer in offers
        ]
        for worker in workers:
            worker.start()
        outcomes = sorted(results.get(timeout=60) for _ in workers)
        for worker in workers:
            worker.join()
        tip = history.engine.read_ref(MAIN)
        assert tip in offers
        assert outcomes == [f"lost to {tip}"] * (processes - 1) + [f"won {tip}"]


def _commit_for_ever(folder: Path) -> None:
    engine = GitEngine(folder / "git", identity=lambda: ADA)
    while True:
        tip = engine.read_ref(MAIN)
        made = engine.create_commit(NO_ROOT, 0, 0, [tip] if tip else [], "again", ADA)
        engine.update_ref(MAIN, tip, made, "commit")
        engine.set_head(None, made)
        engine.set_head("main")


def _state(engine: Engine) -> tuple[CommitId | None, int]:
    tip = engine.read_ref(MAIN)
    return tip, len(list(engine.walk([tip]))) if tip else 0


def test_killed_at_any_moment(history: History) -> None:
    before = 0
    for turn in range(30):
        worker = FORK.Process(target=_commit_for_ever, args=(history.folder,))
        worker.start()
        time.sleep(0.01 + turn * 0.003)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        engine = history.reopened()
        tip, count = _state(engine)
        assert count >= before
        began = time.monotonic()
        made = engine.create_commit(NO_ROOT, 0, 0, [tip] if tip else [], "mine", ADA)
        engine.update_ref(MAIN, tip, made, "commit")
        engine.set_head("main")
        assert time.monotonic() - began < 2
        before = count + 1
    assert before > 30
    assert list(history.git_folder.rglob("*.lock")) == []
    history.git("fsck", "--full", "--strict")


def test_plain_git_at_the_same_time(history: History) -> None:
    (one,) = history.grow("one")
    stop = threading.Event()
    made = []

    def with_git() -> None:
        number = 0
        while not stop.is_set():
            history.git("update-ref", f"refs/heads/git-{number}", one)
            made.append(branch_ref(f"git-{number}"))
            if number % 5 == 4:
                history.git("pack-refs", "--all", "--prune")
            number += 1

    thread = threading.Thread(target=with_git)
    thread.start()
    tip = one
    for number in range(60):
        new = history.engine.create_commit(NO_ROOT, 0, 0, [tip], str(number), ADA)
        history.engine.update_ref(MAIN, tip, new, "commit")
        assert history.engine.read_ref(MAIN) == new
        tip = new
    stop.set()
    thread.join()
    assert made
    assert history.engine.list_refs() == dict.fromkeys(sorted(made), one) | {MAIN: tip}
    assert [c.message for c in history.engine.walk([tip])] == [*map(str, reversed(range(60))), "one"]
