"""A run as training code sees it: what it logs, and how it begins, goes on and ends."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aidb
from aidb.errors import (
    InvalidInputError,
    InvalidNameError,
    NotFoundError,
    PathNotFoundError,
    RefusedError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from aidb.repository import Repository
from aidb.tracking.names import friendly_name, new_run_id
from tests.tracking.reading import lines, only_run, points, program


def start(repo: Repository, *args: Any, **more: Any) -> aidb.Run:
    return aidb.start_run(*args, repo=repo, console=False, capture=False, **more)


# Logging


def test_a_run_from_beginning_to_end(repo: Repository) -> None:
    with start(
        repo, "digits", "first", params={"lr": 0.1, "model": {"depth": 3}}, tags=["a"], notes="why"
    ) as run:
        for step in range(3):
            run.log({"loss": 1 / (step + 1), "n": step})
        run.tag("best")
        run.untag("a")
    found = lines(run.folder)
    assert [line["type"] for line in found if line["type"] != "points"] == [
        "writer", "start", "params", "tags", "notes", "tags", "tags", "finish",
    ]  # fmt: skip
    assert found[1]["experiment"] == "digits"
    assert found[1]["name"] == "first"
    assert found[2]["values"] == {"lr": 0.1, "model.depth": 3}
    assert points(run.folder, "loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert found[-1]["status"] == "finished"
    assert run.tags == {"best"}


def test_texts_lists_nested_dicts_and_epochs(repo: Repository) -> None:
    with start(repo) as run:
        run.log(
            {
                "train": {"loss": 1, "top": {"5": np.float32(0.5)}},
                "none": None,
                "say": "hi",
                "xs": [1, math.nan],
            },
            epoch=2,
        )
        run.log({"say": "ho"}, step=7)
        run.log({"a": True})
    assert points(run.folder, "train/top/5") == [(0, 0.5)]
    assert points(run.folder, "epoch") == [(0, 2)]
    assert points(run.folder, "a") == [(8, 1)]
    assert [(line["step"], line["values"]) for line in lines(run.folder, "values")] == [
        (0, {"say": "hi", "xs": [1, "NaN"]}),
        (7, {"say": "ho"}),
    ]


@pytest.mark.parametrize("value", [object(), 1j, b"x", np.zeros(3)])
def test_what_is_no_metric(repo: Repository, value: object) -> None:
    with start(repo) as run, pytest.raises(InvalidInputError, match="loss is"):
        run.log({"a": 1, "loss": value})


def test_the_module_logs_to_the_run_started_last(repo: Repository) -> None:
    with pytest.raises(NotFoundError, match="no run is open"):
        aidb.log({"a": 1})
    with start(repo) as outer:
        with start(repo) as inner:
            aidb.log({"a": 1})
            assert aidb.active_run() is inner
        aidb.log({"a": 2})
    assert points(inner.folder, "a") == [(0, 1)]
    assert points(outer.folder, "a") == [(0, 2)]
    assert lines(inner.folder, "start")[0]["parent"] == outer.id


def test_name_alert_and_end(repo: Repository) -> None:
    run = start(repo)
    run.name = "better"
    run.alert("loss is NaN", "at step 3", level="error")
    with pytest.raises(InvalidInputError, match="level"):
        run.alert("x", level="panic")
    run.finish("stopped")
    run.finish()
    with pytest.raises(RefusedError, match="finished"):
        run.log({"a": 1})
    assert lines(run.folder, "name")[0]["name"] == "better"
    assert lines(run.folder, "alert")[0]["level"] == "error"
    assert [line["status"] for line in lines(run.folder, "finish")] == ["stopped"]


def test_disabled_runs_do_nothing_but_read(repo: Repository) -> None:
    with repo.transaction("main", "data") as tx:
        tx.put("a.txt", b"1")
    with start(repo, mode="disabled", params={"lr": 1}) as run:
        run.log({"a": object()})
        run.log_image("x", object())
        run.save_checkpoint({"w": np.ones(3)})
        assert run.use("main:a.txt").read() == b"1"
        assert run.params["lr"] == 1
        assert not run.recording
    assert not (repo.folder / "runs").exists()
    with pytest.raises(InvalidInputError, match="mode"):
        start(repo, mode="off")


def test_a_disabled_run_needs_no_repository(tmp_path: Path) -> None:
    run = aidb.start_run(repo=tmp_path, mode="disabled", console=False)
    run.log({"a": 1})
    with pytest.raises(RepositoryNotFoundError, match="disabled"):
        run.use("main")
    run.finish()
    assert list(tmp_path.iterdir()) == []


# Parameters


@dataclasses.dataclass
class Optimizer:
    lr: float = 0.1
    betas: tuple[float, float] = (0.9, 0.99)


@dataclasses.dataclass
class Config:
    seed: int = 1
    optimizer: Optimizer = dataclasses.field(default_factory=Optimizer)


def test_params_of_all_kinds(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[data]\nbranch = "main"\n')
    (tmp_path / "c.json").write_text('{"a": {"b": null}}')
    (tmp_path / "c.yaml").write_text("x: [1, 2]\n")
    with start(repo, config=Config(), params=argparse.Namespace(epochs=3)) as run:
        run.params["path"] = Path("/x")
        run.params.update({"dtype": np.float32, "n": np.int64(3)}, big=1 << 70, empty={})
        assert run.params["optimizer.betas"] == [0.9, 0.99]
        assert dict(run.params) == {
            "seed": 1, "optimizer.lr": 0.1, "optimizer.betas": [0.9, 0.99], "epochs": 3, "path": "/x",
            "dtype": "<class 'numpy.float32'>", "n": 3, "big": str(1 << 70), "empty": {},
        }  # fmt: skip
    for name, expected in (
        ("toml", {"data.branch": "main"}),
        ("json", {"a.b": None}),
        ("yaml", {"x": [1, 2]}),
    ):
        with start(repo, config=tmp_path / f"c.{name}") as run:
            assert dict(run.params) == expected
    for bad in ("missing.json", "c.ini", "bad.json"):
        (tmp_path / "bad.json").write_text("{")
        (tmp_path / "c.ini").write_text("x")
        with pytest.raises((InvalidInputError, OSError)):
            start(repo, config=tmp_path / bad)


def test_params_of_omegaconf(repo: Repository) -> None:
    omegaconf = pytest.importorskip("omegaconf")
    with start(repo, config=omegaconf.OmegaConf.create({"a": {"b": 1, "c": "${a.b}"}})) as run:
        assert dict(run.params) == {"a.b": 1, "a.c": 1}


# Which run


def test_ids_sort_by_time_and_names_are_friendly() -> None:
    ids = [new_run_id(1_700_000_000 + second * 977) for second in range(100)]
    assert ids == sorted(ids)
    assert len({new_run_id() for _ in range(100)}) == 100
    assert friendly_name(ids[0]) == friendly_name(ids[0])
    assert friendly_name(ids[0]).count("-") == 1


def test_resume_goes_on_after_the_last_step(repo: Repository) -> None:
    with start(repo, "e", "n", params={"lr": 1}, tags=["t"]) as first:
        for step in range(5):
            first.log({"a": step})
    with start(repo, resume=first.id) as again:
        assert (again.id, again.name, again.experiment) == (first.id, "n", "e")
        assert (again.params["lr"], set(again.tags)) == (1, {"t"})
        again.log({"a": 5})
    assert points(first.folder, "a") == [(step, step) for step in range(6)]
    assert [line.get("resumed", False) for line in lines(first.folder, "start")] == [False, True]


def test_resume_from_an_earlier_step_rewinds(repo: Repository) -> None:
    with start(repo) as first:
        for step in range(5):
            first.log({"a": step})
    with start(repo, id=first.id, resume=True, step=2) as again:
        again.log({"a": 30})
    assert [line["step"] for line in lines(first.folder, "rewind")] == [2]
    with start(repo, resume=first.id) as third:
        third.log({"a": 40})
    assert points(first.folder, "a")[-2:] == [(3, 30), (4, 40)]


def test_what_cannot_be_resumed(repo: Repository) -> None:
    with start(repo, id="mine", resume=True) as run:  # there is none: a new one
        assert run.id == "mine"
    with pytest.raises(RefusedError, match="there is a run mine already"):
        start(repo, id="mine")
    with pytest.raises(NotFoundError, match="no run other"):
        start(repo, resume="other")
    with pytest.raises(InvalidNameError):
        start(repo, id="../x")
    with pytest.raises(InvalidInputError, match="step"):
        start(repo, step=3)


def test_a_fork_goes_on_from_a_step(repo: Repository) -> None:
    with start(repo, "e", params={"lr": 1, "seed": 2}) as first:
        for step in range(5):
            first.log({"a": step})
        with first.fork(2, params={"lr": 5}) as fork:
            fork.log({"a": 100})
    begin = lines(fork.folder, "start")[0]
    assert (begin["forked_from"], begin["forked_step"], begin["experiment"]) == (first.id, 2, "e")
    assert "parent" not in begin  # it is a run beside the other, not a part of it
    assert points(fork.folder, "a") == [(3, 100)]
    assert dict(fork.params) == {"lr": 5, "seed": 2}
    assert lines(fork.folder, "params")[0]["values"] == {"lr": 1, "seed": 2}


# Data


def test_used_data_is_recorded_exactly(repo: Repository) -> None:
    with repo.transaction("main", "data") as tx:
        tx.put("train/a.txt", b"1")
        tx.put("train/x/b.txt", b"22")
        tx.put("test/c.txt", b"333")
    commit = repo.resolve("main")
    with start(repo) as run:
        data = run.use("main:train/")
        with repo.transaction("main", "more") as tx:
            tx.put("train/a.txt", b"other")
        assert sorted(data) == ["a.txt", "x/b.txt"]
        assert data.read("a.txt") == b"1"
        assert data.open("x/b.txt").read() == b"22"
        assert [item.name for item in data.ls()] == ["a.txt", "x"]
        assert len(data) == 2
        assert len(run.use("main")) == 3
        with pytest.raises(PathNotFoundError, match="valid"):
            run.use("main:valid")
        with pytest.raises(RevisionNotFoundError):
            run.use("nope:")
    used = lines(run.folder, "used")
    assert [(line["asked"], line["commit"], line.get("path", "")) for line in used] == [
        ("main:train/", commit, "train"),
        ("main", repo.resolve("main"), ""),
    ]
    assert (run.folder / "commits").read_text().split() == [commit, repo.resolve("main")]


def test_garbage_collection_spares_what_runs_use(repo: Repository) -> None:
    from datetime import timedelta

    with repo.transaction("gone", "data", create=True) as tx:
        tx.put("a.bin", os.urandom(5000))
    with repo.transaction("main", "x") as tx:
        tx.put("b.txt", b"1")
    with start(repo) as run:
        commit = run.use("gone:").commit
    with (run.folder / "commits").open("a") as file:
        file.write("0" * 40 + "\n123")  # of another place; cut short
    repo.branches.delete("gone", force=True)
    repo.garbage.prune(grace=timedelta(0))
    assert len(repo.at(commit).read("a.bin")) == 5000


# Endings


def test_an_exception_in_the_block_is_kept(repo: Repository) -> None:
    with pytest.raises(ZeroDivisionError), start(repo) as run:
        run.log({"a": 1 / 0})
    (end,) = lines(run.folder, "finish")
    assert end["status"] == "failed"
    assert "ZeroDivisionError" in end["error"]
    assert "test_run.py" in end["error"]


SCRIPT = """
import aidb, os, signal, sys, time
run = aidb.start_run("e")
run.log({"a": 1})
"""


@pytest.mark.parametrize(
    ("ending", "code", "status"),
    [
        ("", 0, "finished"),
        ("raise ValueError('bad')", 1, "failed"),
        ("raise KeyboardInterrupt", 1, "killed"),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(10)", -signal.SIGTERM, "killed"),
        ("with run: sys.exit(3)", 3, "failed"),
        ("with run: sys.exit(0)", 0, "finished"),
        ("os.abort()", -signal.SIGABRT, None),
    ],
)
def test_every_way_a_program_ends(repo: Repository, ending: str, code: int, status: str | None) -> None:
    process = program(SCRIPT + ending, repo.root)
    _, err = process.communicate(timeout=60)
    expected = -signal.SIGINT if "Keyboard" in ending else code
    assert process.returncode == expected, err
    folder = only_run(repo.root)
    assert points(folder, "a") == [(0, 1)]
    assert [line["status"] for line in lines(folder, "finish")] == ([status] if status else [])
    if "bad" in ending:
        assert "ValueError: bad" in lines(folder, "finish")[0]["error"]
        assert "ValueError: bad" in next(folder.glob("*.log")).read_text()
        assert "ValueError: bad" in err


def test_what_returned_outlives_kill_9(repo: Repository) -> None:
    script = """
import aidb, itertools, os
run = aidb.start_run("e")
out = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for step in itertools.count():
    run.log({"a": step, "b": float(step)}, step=step)
    os.write(out, b"x")
"""
    process = program(script, repo.root)
    while not (repo.root / "said").exists() or (repo.root / "said").stat().st_size < 500:
        time.sleep(0.01)
        assert process.poll() is None
    process.kill()
    process.communicate()
    said = (repo.root / "said").stat().st_size
    found = points(only_run(repo.root), "b")
    assert found[: len(found)] == [(step, float(step)) for step in range(len(found))]
    assert said <= len(found) <= said + 1


def test_a_run_makes_a_repository_where_there_is_none(tmp_path: Path) -> None:
    process = program(SCRIPT, tmp_path)
    assert process.communicate(timeout=60)[1] == ""
    assert points(only_run(tmp_path), "a") == [(0, 1)]


def test_starting_loads_nothing_heavy(repo: Repository) -> None:
    script = """
import sys
import aidb
run = aidb.start_run("e", capture=False)
run.log({"a": 1.0})
heavy = {"numpy", "pygit2", "duckdb", "torch", "pandas", "blake3", "zstandard", "rich", "typer"}
print(sorted(heavy & set(sys.modules)))
"""
    out, err = program(script, repo.root).communicate(timeout=60)
    assert (out.strip(), err) == ("[]", "")


# Several processes


def test_ranks_log_to_one_run(repo: Repository) -> None:
    script = """
import aidb
with aidb.start_run("e", params={"lr": 1}) as run:
    for step in range(50):
        run.log({f"rank{run.rank}": step}, step=step)
"""
    ranks = [program(script, repo.root, AIDB_RUN_ID="shared", RANK=str(rank)) for rank in range(8)]
    for process in ranks:
        assert process.communicate(timeout=120)[1] == ""
    folder = only_run(repo.root)
    assert folder.name == "shared"
    for rank in range(8):
        assert points(folder, f"rank{rank}") == [(step, step) for step in range(50)]
    assert len(lines(folder, "start")) == 1
    assert sorted(line.get("rank", 0) for line in lines(folder, "writer")) == list(range(8))


def test_other_ranks_record_nothing_by_themselves(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")
    with start(repo) as run:
        run.log({"a": 1})
    assert not (repo.folder / "runs").exists()


def test_a_forked_child_logs_to_the_run(repo: Repository) -> None:
    with start(repo) as run:
        run.log({"a": 1}, step=0)
        child = os.fork()
        if not child:
            try:
                run.log({"a": 2}, step=1)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        run.log({"a": 3}, step=2)
    assert sorted(points(run.folder, "a")) == [(0, 1), (1, 2), (2, 3)]
    assert len(lines(run.folder, "finish")) == 1


def test_variables_say_what_arguments_leave_open(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AIDB_EXPERIMENT": "sweep",
        "AIDB_RUN_NAME": "third",
        "AIDB_RUN_TAGS": "a, b",
        "AIDB_PARENT_RUN": "theparent",
    }.items():
        monkeypatch.setenv(name, value)
    with start(repo) as run:
        pass
    begin = lines(run.folder, "start")[0]
    assert (begin["experiment"], begin["name"], begin["parent"]) == ("sweep", "third", "theparent")
    assert run.tags == {"a", "b"}
    monkeypatch.setenv("AIDB_MODE", "disabled")
    assert not start(repo).recording
