from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aidb
from aidb.errors import FilterError, InvalidInputError, NotFoundError, QueryError
from aidb.metadata.catalog.bins import FROM
from aidb.repository import Repository
from aidb.tracking.journal.events import Finish, Params, Start, Tags
from aidb.tracking.journal.writer import JournalWriter


def log_run(
    repo: Repository, run: str, params: dict[str, Any], losses: list[float], *, start: float = 1000.0
) -> None:
    folder = repo.folder / "runs" / run
    folder.mkdir(parents=True)
    writer = JournalWriter(folder, run, warn=pytest.fail)
    writer.event(Start(time=start, experiment="digits", name=f"name-{run}"))
    writer.event(Params(time=start, values=params))
    if losses[0] > 3:
        writer.event(Tags(time=start, add=("worst",)))
    for step, loss in enumerate(losses):
        writer.points({"loss": loss, "epoch": step // 10}, step, start + step)
    writer.event(Finish(time=start + len(losses), status="finished"))
    writer.close()


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Repository]:
    with aidb.init(tmp_path) as repo:
        log_run(repo, "r1", {"lr": 0.1, "net": "big", "deep": True}, [3.0, 2.0, 1.0], start=1000)
        log_run(repo, "r2", {"lr": 0.2, "net": "big"}, [4.0, math.nan, 5.0], start=2000)
        log_run(repo, "r3", {"lr": 0.1, "net": "small"}, [2.0, 0.5, 0.75], start=3000)
        yield repo


def test_a_table_has_everything_unless_told_otherwise(repo: Repository) -> None:
    table = repo.runs.table()
    assert table.columns == [
        "id", "name", "experiment", "status", "started", "duration", "tags",
        "params.deep", "params.lr", "params.net", "metrics.epoch", "metrics.loss",
    ]  # fmt: skip
    assert table.column("id") == ["r3", "r2", "r1"]
    assert table[1]["params.lr"] == 0.2
    assert table[1]["tags"] == ["worst"]
    assert (table[2]["params.deep"], table[0]["params.deep"]) == (True, None)
    assert table[0]["started"].timestamp() == 3000
    assert aidb.runs("params.lr > 0.15", repo=repo.root, columns=["id"]).rows() == [("r2",)]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("metrics.loss.min < 1.5 and params.lr = 0.1", ["r1", "r3"]),
        ("params.net = 'big' and not tags has 'worst'", ["r1"]),
        ("params.deep is null", ["r2", "r3"]),
        ("params.deep = true", ["r1"]),
        ("params.lr in (0.2, 7)", ["r2"]),
        ("not params.deep = true", ["r2", "r3"]),
        ("name like '%r2' or name ~ 'r3$'", ["r2", "r3"]),
        ("duration >= 3 and started < '1970-01-01T00:40:00+00:00'", ["r1", "r2"]),
        ("metrics.loss.nans > 0", ["r2"]),
        ("metrics.loss.best_step = 1", ["r3"]),
        ("params.net = 3", []),
    ],
)
def test_filters(repo: Repository, text: str, ids: list[str]) -> None:
    assert sorted(repo.runs.ids(text)) == ids


def test_what_is_missing_or_no_number_is_sorted_last(repo: Repository) -> None:
    assert repo.runs.ids(sort="metrics.loss.min") == ["r3", "r1", "r2"]
    assert repo.runs.ids(sort="-metrics.loss.last") == ["r2", "r1", "r3"]
    assert repo.runs.ids(sort=["params.lr", "-name"]) == ["r3", "r1", "r2"]
    assert repo.runs.ids(sort="-params.net", limit=1) == ["r3"]


def test_groups_have_means_and_spreads(repo: Repository) -> None:
    table = repo.runs.table(group_by="params.lr", columns=["metrics.loss.min"], sort="params.lr")
    assert table.columns == ["params.lr", "runs"] + [
        f"metrics.loss.min.{one}" for one in ("mean", "std", "min", "max")
    ]
    assert table.rows() == [
        (0.1, 2, 0.75, pytest.approx(0.35355339), 0.5, 1.0),
        (0.2, 1, 4.0, None, 4.0, 4.0),
    ]


def test_a_name_that_no_run_has_is_a_slip_of_the_pen(repo: Repository) -> None:
    with pytest.raises(FilterError, match="no run has a metric 'los'") as caught:
        repo.runs.ids("params.lr > 0 and metrics.los < 1")
    assert (caught.value.at, caught.value.hints) == (18, ("Did you mean metrics.loss?",))
    with pytest.raises(FilterError, match="cannot be read"):
        repo.runs.ids("started > 'never'")
    with pytest.raises(FilterError, match="not a regular expression"):
        repo.runs.ids("name ~ '('")


def test_one_run_is_known_by_id_name_or_beginning(repo: Repository) -> None:
    record = repo.runs["name-r1"]
    assert (record.id, record.params["lr"], record.metrics["loss"]["min"]) == ("r1", 0.1, 1.0)
    assert repo.runs["r2"].tags == ["worst"]
    with pytest.raises(NotFoundError):
        repo.runs["r9"]
    with pytest.raises(InvalidInputError, match="any of 3"):
        repo.runs["r"]


def test_tables_in_the_forms_of_others(repo: Repository) -> None:
    table = repo.runs.table(columns=["id", "metrics.loss.min"])
    assert table.pandas()["metrics.loss.min"].tolist() == [0.5, 4.0, 1.0]
    assert table.polars()["id"].to_list() == table.arrow().column("id").to_pylist() == ["r3", "r2", "r1"]
    assert "r3" in table._repr_html_()


def test_curves(repo: Repository) -> None:
    curves = repo.runs.series("loss", "epoch", runs=["r2", "name-r1"], smoothing=0.5)
    assert [(curve.key, curve.run) for curve in curves] == [
        ("loss", "r2"),
        ("loss", "r1"),
        ("epoch", "r2"),
        ("epoch", "r1"),
    ]
    np.testing.assert_equal(curves[0].y, [4.0, math.nan, 5.0])
    assert curves[1].x.tolist() == [0, 1, 2]
    assert curves[1].smoothed is not None
    (curve,) = repo.runs.series("loss", runs=["r1"], x="time", between=(1, None))
    assert (curve.x.tolist(), curve.y.tolist()) == ([1, 2], [2.0, 1.0])
    assert repo.runs.series("loss", runs=["r1"], x="epoch")[0].x.tolist() == [0, 0, 0]
    assert repo.runs.series("nothing") == []


@pytest.mark.parametrize("folded", [False, True])
def test_long_curves_keep_their_extremes(tmp_path: Path, folded: bool) -> None:
    with aidb.init(tmp_path) as repo:
        losses = np.random.default_rng(0).normal(size=2 * FROM).tolist()
        log_run(repo, "long", {}, losses)
        log_run(repo, "short", {}, losses[:100])
        if folded:
            repo.runs.catalog.fold()
        for points in (32, 400):
            long, short = repo.runs.series("loss", runs=["long", "short"], points=points)
            assert len(long.points) <= points
            assert (long.y.min(), long.y.max()) == (min(losses), max(losses))
            assert (long.count, short.count) == (2 * FROM, 100)


def test_sql_reads_runs_commits_and_versions(repo: Repository) -> None:
    assert repo.sql("SELECT id FROM runs ORDER BY started").rows() == [("r1",), ("r2",), ("r3",)]
    assert repo.sql("SELECT count(*) FROM points WHERE \"key\" = 'loss'").rows() == [(9,)]
    assert repo.sql("FROM commits").rows() == []
    with repo.transaction("main", "First", create="empty") as tx:
        tx.put("a/b.txt", b"hello")
    assert repo.sql("SELECT path, size FROM files('main')").rows() == [("a/b.txt", 5)]
    assert repo.sql("SELECT message, files FROM commits").rows() == [("First", 1)]
    joined = "SELECT run, min FROM metrics m JOIN params p USING (run)"
    assert repo.sql(f"{joined} WHERE m.key = 'loss' AND p.key = 'lr' AND number > 0.1").rows() == [
        ("r2", 4.0)
    ]
    assert repo.sql("SELECT run FROM tags WHERE tag = 'worst'").rows() == [("r2",)]


def test_sql_in_the_forms_of_others(repo: Repository) -> None:
    answer = repo.sql("SELECT id, duration FROM runs ORDER BY id")
    assert next(iter(answer)) == {"id": "r1", "duration": 3.0}
    assert answer.pandas()["id"].tolist() == answer.polars()["id"].to_list() == ["r1", "r2", "r3"]
    assert answer.arrow().num_rows == 3
    assert len(set(repo.sql("SELECT 1 AS a, 2 AS a").table().columns)) == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELECT 1; SELECT 2",
        "DELETE FROM runs",
        "CREATE TABLE x (i INTEGER)",
        "DROP SCHEMA cat CASCADE",
        "ATTACH '/tmp/x.duckdb'",
        "COPY runs TO '/tmp/x.csv'",
        "SET memory_limit = '100GB'",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('https://example.org')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM repo",
        "SELECT wrong FROM runs",
        "EXPLAIN ANALYZE DELETE FROM cat.runs",
        "SELEC 1",
    ],
)
def test_sql_does_nothing_but_read(repo: Repository, query: str) -> None:
    with pytest.raises(QueryError):
        repo.sql(query).rows()
    assert len(repo.runs) == 3


def test_sql_that_takes_too_long_is_stopped(repo: Repository) -> None:
    with pytest.raises(QueryError, match="took too long"):
        repo.sql(
            "SELECT count(*) FROM range(10000000000) a, range(10000) b WHERE a.range % 7 = b.range",
            seconds=0.3,
        ).rows()
    assert repo.sql("DESCRIBE runs").rows()


def test_sql_that_needs_too_much_memory_is_stopped(repo: Repository) -> None:
    with pytest.raises(QueryError):
        repo.sql("SELECT len(list(repeat('x', 1000000))) FROM range(100000)", seconds=5).rows()
