from __future__ import annotations

import json
import math
from typing import Any

import pytest

import aidb
from aidb.repository import Repository
from aidb.tracking.journal.events import Captured, Finish, Made, Params, Start, Used
from aidb.tracking.journal.writer import JournalWriter
from aidb_cli.runs.values import spread
from tests.cli.conftest import Shell


def log_run(
    repo: Repository, run: str, lr: float, *, events: tuple[Any, ...] = (), start: float = 1000.0
) -> None:
    folder = repo.folder / "runs" / run
    folder.mkdir(parents=True)
    writer = JournalWriter(folder, run, warn=pytest.fail)
    writer.event(Start(time=start, experiment="digits", name=f"name-{run}"))
    writer.event(Params(time=start, values={"lr": lr, "net": "mlp"}))
    command = {"command": ["python", "train.py", str(lr)]}
    writer.event(Captured(time=start, about="command", values=command))
    for event in events:
        writer.event(event)
    for step in range(20):
        writer.points({"loss": lr * (20 - step)}, step, start + step)
    writer.event(Finish(time=start + 20, status="finished"))
    writer.close()
    (folder / f"{writer.name}.log").write_text(f"hello from {run}\n")


@pytest.fixture
def logged(shell: Shell) -> Shell:
    shell.ok("init")
    shell.write("train/a.csv", "1\n")
    shell.ok("add", "train")
    shell.ok("commit", "-m", "First")
    with aidb.open(shell.folder) as repo:
        commit = repo.resolve("HEAD")
        used = Used(time=1000.5, asked="main:train", commit=commit, path="train")
        made = Made(time=1001.0, kind="file", path="model.bin", branch="runs/r1", commit=commit, size=1)
        log_run(repo, "r1", 0.1, events=(used, made), start=1000)
        log_run(repo, "r2", 0.2, events=(used,), start=2000)
    return shell


def test_a_listing_begins_with_what_tells_runs_apart(logged: Shell) -> None:
    lines = logged.ok("runs").splitlines()
    assert lines[0].split() == [
        "id",
        "name",
        "status",
        "started",
        "duration",
        "lr",
        "loss",
        "experiment",
        "net",
    ]
    assert [line.split()[0] for line in lines[1:]] == ["r2", "r1"]
    rows = json.loads(
        logged.ok("runs", "--json", "-f", "params.lr < 0.15", "-c", "id", "-c", "metrics.loss.min")
    )
    assert rows == [{"id": "r1", "metrics.loss.min": pytest.approx(0.1)}]
    assert logged.ok("runs", "-1", "-s", "-params.lr", "-c", "id") == "id\nr2\n"


def test_no_runs(shell: Shell) -> None:
    shell.ok("init")
    assert shell.ok("runs") == "No runs.\n"


def test_a_mistake_in_a_filter_is_pointed_at(logged: Shell) -> None:
    ran = logged("runs", "-f", "params.lr > > 1")
    assert ran.code == 2
    assert "  params.lr > > 1\n              ^\n" in ran.err
    error = json.loads(logged("runs", "--json", "-f", "metrics.los > 1").err)["error"]
    assert (error["code"], error["at"], error["hints"]) == (
        "invalid-filter",
        0,
        ["Did you mean metrics.loss?"],
    )


def test_looking_at_runs(logged: Shell) -> None:
    shown = logged.ok("runs", "show", "name-r1")
    for text in ("run r1", "python train.py 0.1", "Params", "Metrics", "main:train", "model.bin"):
        assert text in shown
    assert json.loads(logged.ok("runs", "show", "r1", "--json"))["params"] == {"lr": 0.1, "net": "mlp"}
    compared = logged.ok("runs", "compare", "r1", "r2")
    assert "Params that differ" in compared
    assert "1 param the same: net" in compared
    assert json.loads(logged.ok("runs", "compare", "r1", "r2", "--json"))["params"] == {"lr": [0.1, 0.2]}
    assert logged.ok("runs", "logs", "r1") == "hello from r1\n"
    assert json.loads(logged.ok("runs", "cat", "r1").splitlines()[0])["type"] == "writer"
    assert "no changes" in logged.ok("runs", "diff", "r1", "r2")


def test_drawing(logged: Shell) -> None:
    drawn = logged.ok("runs", "plot", "-k", "loss", "r1", "r2", "--smooth", "0.5")
    assert "name-r2" in drawn
    assert any(0x2800 < ord(char) <= 0x28FF for char in drawn)
    curves = json.loads(logged.ok("runs", "plot", "-k", "loss", "--json"))
    assert [(curve["run"], len(curve["x"])) for curve in curves] == [("r2", 20), ("r1", 20)]
    assert logged("runs", "plot").code == logged("runs", "plot", "-k", "loss", "--smooth", "2").code == 2


def test_tags_notes_and_the_trash(logged: Shell) -> None:
    assert logged.ok("runs", "tag", "r1", "best", "old") == "name-r1: best, old\n"
    assert logged.ok("runs", "tag", "r1", "-d", "old") == "name-r1: best\n"
    logged.ok("runs", "note", "r1", "-m", "the good one")
    assert logged.ok("runs", "-f", 'tags has "best" and notes ~ "good"', "-c", "id") == "id\nr1\n"
    logged.ok("runs", "rm", "r1")
    assert logged.ok("runs", "-c", "id") == "id\nr2\n"
    assert logged.ok("runs", "rm", "--list") == "r1\n"
    logged.ok("runs", "restore", "r1")
    assert logged.ok("runs", "-c", "id") == "id\nr2\nr1\n"
    logged.ok("runs", "rm", "r1")
    assert logged.ok("runs", "rm", "--empty") == "Deleted 1 run for good.\n"
    assert logged("runs", "restore", "r1").code == 3


def test_exports(logged: Shell) -> None:
    assert logged.ok("runs", "export", "-c", "id", "-c", "params.lr") == "id,params.lr\nr2,0.2\nr1,0.1\n"
    assert logged.ok("runs", "export", "-k", "loss", "r1").splitlines()[:2] == [
        "run,key,step,time,value",
        "r1,loss,0,1000.0,2.0",
    ]
    logged.ok("runs", "export", "-o", str(logged.folder / "x.parquet"))
    import pyarrow.parquet as pq

    assert pq.read_table(logged.folder / "x.parquet").column("id").to_pylist() == ["r2", "r1"]
    assert json.loads(logged.ok("runs", "export", "r1", "--json"))[0]["params.lr"] == 0.1
    assert logged("runs", "export", "-o", "x.txt").code == 2


def test_what_to_do_to_do_it_again(logged: Shell) -> None:
    told = json.loads(logged.ok("runs", "reproduce", "r1", "--json"))
    assert told["command"] == ["python", "train.py", "0.1"]
    assert json.loads(told["environment"]["AIDB_PINNED"]).keys() == {"main:train"}
    assert logged("runs", "reproduce", "r1", "--exec").code == 4  # it was not made from a Git commit


def test_lineage_goes_both_ways(logged: Shell) -> None:
    told = json.loads(logged.ok("lineage", "r1", "--json"))
    assert told["up"][0]["next"][0]["path"] == "train"
    assert told["down"][0]["next"][0]["path"] == "model.bin"
    down = logged.ok("lineage", "HEAD:train", "--down")
    assert down.index("name-r1") < down.index("model.bin") < down.index("name-r2")
    logged.write("other.txt", "x")
    logged.ok("add", "other.txt")
    logged.ok("commit", "-m", "Second")
    assert logged("lineage", "other.txt").code == 3
    assert "name-r1" in logged.ok("lineage", "train/a.csv", "--down")  # the same file in an older commit


def test_sql(logged: Shell) -> None:
    assert logged.ok("sql", "SELECT id FROM runs ORDER BY id") == "id\nr1\nr2\n"
    assert json.loads(logged.ok("sql", "SELECT path FROM files('main')", "--json")) == [
        {"path": "train/a.csv"}
    ]
    assert logged("sql", "DROP TABLE runs").code == 2


def test_words_that_are_too_many_or_too_few(logged: Shell) -> None:
    for words in (
        ["list", "x"],
        ["show"],
        ["compare", "r1"],
        ["tag", "r1"],
        ["note", "r1"],
        ["rm"],
        ["show", "nope"],
    ):
        assert logged("runs", *words).code in (2, 3)


def test_an_unreadable_journal_is_reported(logged: Shell) -> None:
    journal = next((logged.folder / ".aidb" / "runs" / "r1").glob("*.journal"))
    journal.write_bytes(b"nonsense, not a journal")
    ran = logged("runs", "-c", "id")
    assert ran.out == "id\nr2\nr1\n" or "r2" in ran.out
    assert "warning: run r1" in ran.err


def test_groups_are_drawn_as_mean_and_spread(logged: Shell) -> None:
    asked = ("runs", "-g", "params.net", "-c", "metrics.loss.last", "-c", "duration")
    assert logged.ok(*asked) == "net  runs  loss.last      duration\nmlp  2     0.150 ± 0.071  20 ± 0\n"
    [row] = json.loads(logged.ok(*asked, "--json"))
    assert row["metrics.loss.last.std"] == pytest.approx(0.0707, abs=1e-4)


@pytest.mark.parametrize(
    ("mean", "std", "shown"),
    [
        (0.93333, 0.0027, "0.9333 ± 0.0027"),
        (120.4, 31.0, "120 ± 31"),
        (2500.0, 310.0, "2500 ± 3.1e+02"),
        (1.5e-9, 2e-10, "1.5e-09 ± 2e-10"),
        (0.5, None, "0.5"),
        (0.5, 0.0, "0.5 ± 0"),
        (None, None, ""),
        (math.inf, None, "inf"),
    ],
)
def test_a_spread_has_the_digits_that_mean_something(mean: float, std: float, shown: str) -> None:
    assert spread(mean, std) == shown


def test_sql_shows_times_that_have_no_zone(logged: Shell) -> None:
    assert "1970-01-01 00:16:40.000" in logged.ok("sql", "SELECT * FROM runs")


def test_a_column_comes_with_the_run_it_is_of(logged: Shell) -> None:
    assert logged.ok("runs", "-c", "params.lr").splitlines() == ["id  lr", "r2  0.2", "r1  0.1"]


def test_a_metric_that_no_run_has(logged: Shell) -> None:
    for command in (["plot", "-k", "los"], ["export", "-k", "los"], ["plot", "-k", "loss", "-x", "los"]):
        ran = logged("runs", *command)
        assert ran.code == 3
        assert "no run has a metric 'los'\nhint: Did you mean loss?" in ran.err


def test_nothing_to_show_is_said(logged: Shell) -> None:
    with aidb.open(logged.folder) as repo:
        (repo.folder / "runs/r3").mkdir()
        writer = JournalWriter(repo.folder / "runs/r3", "r3", warn=pytest.fail)
        writer.event(Start(time=3000.0, experiment="digits", name="r3"))
        writer.close()
    assert "The trash is empty." in logged("runs", "rm", "--list").err
    assert "Nothing that r3 printed was recorded." in logged("runs", "logs", "r3").err
    assert "Neither run recorded that it read data." in logged("runs", "diff", "r3", "r3").err


def test_a_run_that_was_killed_before_its_surroundings_were_known_differs_in_none(logged: Shell) -> None:
    with aidb.open(logged.folder) as repo:
        for at, (run, python) in enumerate({"old": "3.11", "new": "3.12", "same": "3.12"}.items()):
            host = Captured(time=9.0, about="host", values={"python": python, "machine": "x86_64"})
            log_run(repo, run, 0.3, events=(host,), start=3000.0 + at)
    assert "Environment" not in logged.ok("runs", "compare", "new", "same", "r1")
    found = json.loads(logged.ok("runs", "compare", "old", "r1", "new", "--json"))
    assert found["environment"] == {"python": ["3.11", None, "3.12"]}


def test_what_was_logged_beside_numbers_is_shown(logged: Shell) -> None:
    with aidb.start_run("media", "shown", repo=logged.folder, capture=False, console=False) as run:
        for step in range(2):
            run.log_text("answer", "42", step=step)
        run.alert("Loss is NaN", "at step 7")
    shown = logged.ok("runs", "show", "shown")
    assert "Logged\n  text  answer  2 times\n" in shown
    assert "Alerts\n  Loss is NaN  at step 7\n" in shown


def test_an_empty_tag(logged: Shell) -> None:
    assert "a tag must not be empty" in logged("runs", "tag", "r1", " ").err


def test_an_action_that_is_none(logged: Shell) -> None:
    assert "'bogus' is not one of 'list', 'watch'" in logged("runs", "bogus").err
    assert "Value error" not in logged("runs", "bogus").err
