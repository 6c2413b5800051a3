"""The file that operations are noted in."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import aidb
from aidb.errors import NotFoundError
from aidb.types import CommitId, RefName
from aidb.versioning.operations import Move, OperationLog, log
from aidb.versioning.operations.record import Files, Line, StateChange, View

MAIN = RefName("refs/heads/main")
ONE, TWO = "1" * 40, "2" * 40


@pytest.fixture
def operations(tmp_path: Path) -> OperationLog:
    (tmp_path / "locks").mkdir()
    (tmp_path / "tmp").mkdir()
    return OperationLog(tmp_path / "operations", tmp_path / "locks", lambda: tmp_path / "tmp")


def note(operations: OperationLog, verb: str) -> str:
    with operations.recording(verb) as recording:
        recording.move(Move(MAIN, ONE, TWO))
    return recording.id


def test_what_changes_nothing_is_not_recorded(operations: OperationLog, tmp_path: Path) -> None:
    with operations.recording("add"):
        pass
    assert operations.read() == []
    assert not (tmp_path / "operations").exists()


def test_a_recording_inside_another_is_part_of_it(operations: OperationLog) -> None:
    with operations.recording("outer"), operations.recording("inner") as inner:
        inner.move(Move(MAIN, None, ONE))
        operations.moving(MAIN, ONE, TWO, "commit: more")
    (one,) = operations.read()
    assert (one.verb, one.net_moves(), one.done) == ("outer", [Move(MAIN, None, TWO)], True)


def test_a_move_outside_any_is_one_by_itself_that_undo_passes_over(operations: OperationLog) -> None:
    operations.moving(MAIN, ONE, TWO, "commit: nightly import")
    (one,) = operations.read()
    assert (one.title, one.local, one.done) == ("commit nightly import", False, True)


def test_one_that_fails_is_not_done(operations: OperationLog) -> None:
    with pytest.raises(ZeroDivisionError), operations.recording("add") as recording:
        recording.move(Move(MAIN, ONE, TWO))
        raise ZeroDivisionError
    assert [one.done for one in operations.read()] == [False]
    assert operations.current is None


@pytest.mark.parametrize("moves", [True, False])
def test_a_state_that_follows_is_in_the_line_of_what_comes_first(
    operations: OperationLog, tmp_path: Path, *, moves: bool
) -> None:
    change = StateChange(View(base=ONE), View(base=TWO))
    with operations.recording("commit") as recording:
        recording.change_state(change, after_next=True)
        assert operations.read() == []
        if moves:
            recording.move(Move(MAIN, ONE, TWO))
    (one,) = operations.read()
    assert (one.states, one.net_moves(), one.done) == ([change], [Move(MAIN, ONE, TWO)] * moves, True)
    assert (tmp_path / "operations").read_bytes().count(b"\n") == 1 + moves


def test_a_torn_line_is_ended_and_passed_over(operations: OperationLog, tmp_path: Path) -> None:
    note(operations, "first")
    with (tmp_path / "operations").open("ab") as file:
        file.write(b'0123456789abcdef {"id":"torn')
    assert [one.verb for one in operations.read()] == ["first"]
    note(operations, "second")
    assert [one.verb for one in operations.read()] == ["first", "second"]


def test_found_by_the_beginning_of_its_id(operations: OperationLog) -> None:
    name = note(operations, "commit")
    assert operations.find(name[:6]).id == name
    for nonsense in ("", "xyz"):
        with pytest.raises(NotFoundError, match="there is no operation"):
            operations.find(nonsense)


def test_a_long_log_loses_its_older_half(
    operations: OperationLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MOST_BYTES", 10_000)
    for number in range(100):
        note(operations, str(number))
    verbs = [one.verb for one in operations.read()]
    assert verbs == [str(number) for number in range(100 - len(verbs), 100)]
    assert 10 < len(verbs) < 60
    assert list((tmp_path / "tmp").iterdir()) == []


def test_roots_and_forgetting(operations: OperationLog) -> None:
    old, new = "a" * 64, "b" * 64
    with operations.recording("reset") as recording:
        recording.change_files(Files(old, new), durable=True)
        recording.move(Move(RefName("HEAD"), "ref: refs/heads/main", ONE))
    roots = operations.roots()
    assert roots.commits == [CommitId(ONE)]
    assert [root.hex() for root in roots.manifests] == [old, new]
    assert operations.forget(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert operations.forget(datetime.now(UTC) + timedelta(hours=1)) == 1
    assert operations.roots() == ([], [])


def test_threads_record_their_own(operations: OperationLog) -> None:
    both = threading.Barrier(2)

    def work(verb: str) -> None:
        with operations.recording(verb) as recording:
            both.wait()
            recording.move(Move(RefName(f"refs/heads/{verb}"), None, ONE))
            both.wait()

    threads = [threading.Thread(target=work, args=(verb,)) for verb in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((one.verb, one.moves[0].ref) for one in operations.read()) == [
        ("a", "refs/heads/a"),
        ("b", "refs/heads/b"),
    ]


_CROWD = """
import sys, aidb
repo = aidb.open(sys.argv[1])
for number in range(25):
    repo.tags.create(f"{sys.argv[2]}-{number}")
"""


def test_processes_append_to_one_log(tmp_path: Path) -> None:
    with aidb.init(tmp_path / "work") as repo:
        (repo.root / "a").write_text("a")
        repo.add()
        repo.commit("first")
        known = len(repo.operations)
        workers = [
            subprocess.Popen([sys.executable, "-c", _CROWD, str(repo.root), name]) for name in ("x", "y", "z")
        ]
        assert [worker.wait() for worker in workers] == [0, 0, 0]
        made = list(repo.operations)[: len(repo.operations) - known]
        assert sorted(one.about for one in made) == sorted(f"{w}-{n}" for w in "xyz" for n in range(25))
        assert all(one.done for one in made)


_QUARREL = """
import sys, aidb
repo = aidb.open(sys.argv[1])
for number in range(12):
    (repo.root / sys.argv[2]).write_text(f"{sys.argv[2]} {number}")
    for step in (repo.add, lambda: repo.commit("mine"), repo.operations.undo, repo.operations.redo):
        try:
            step()
        except (aidb.AidbError,) as error:
            assert error.code in ("refused", "nothing-to-do", "ref-changed", "would-overwrite"), error
"""


def test_processes_that_take_back_what_the_others_do(tmp_path: Path) -> None:
    """Whatever comes of it, nothing breaks: each takes back the last operation, whosever it was."""
    with aidb.init(tmp_path / "work") as repo:
        (repo.root / "a").write_text("a")
        repo.add()
        repo.commit("first")
        workers = [
            subprocess.Popen([sys.executable, "-c", _QUARREL, str(repo.root), name]) for name in ("x", "y")
        ]
        assert [worker.wait() for worker in workers] == [0, 0]
        assert repo.fsck().ok
        assert repo.head.commit == repo.workspace.read_index().state.base
        assert len(repo.operations) > 20
        assert all(one.done for one in repo.operations if one.verb in ("undo", "redo"))


def test_a_line_is_small() -> None:
    from aidb.versioning.operations.record import encode_line

    assert len(encode_line(Line("0" * 12, move=Move(MAIN, ONE, TWO)))) < 200
