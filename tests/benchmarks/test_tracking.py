"""The trackers' benchmark with the plain limit alone: every row that it has is measured, and the table is made."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks.rows.base import Workload
from benchmarks.table import as_markdown, as_text
from benchmarks.targets import AIDB
from benchmarks.tracking.bench import QUICK, TrackingBench
from benchmarks.tracking.rows import WORKLOADS, catalog, checkpoint, crowd
from benchmarks.tracking.trackers import PLAIN, TRACKERS

TINY = dataclasses.replace(QUICK, calls=50, crowd_seconds=0.1, settles=False)
SHARED = [workload for workload in WORKLOADS if workload.name in ("logging", "killed", "crowd")]


@pytest.mark.parametrize("workload", SHARED, ids=lambda workload: workload.name)
def test_every_row_is_measured(workload: Workload[TrackingBench], tmp_path: Path) -> None:
    bench = TrackingBench(tmp_path, TINY, None, TRACKERS_HERE)
    workload.measure(bench)
    assert not bench.results.failures
    for row in workload.rows:
        assert (bench.results.get(row.id, PLAIN) is not None) == (row not in RANKS)
    text = as_text(bench.results, workload.rows, memory=False)
    assert workload.rows[0].title in text
    assert "peak" not in text
    assert "Peak memory" not in as_markdown(bench.results, workload.rows, memory=False)


TRACKERS_HERE = [tool for tool in TRACKERS if tool.name == PLAIN]
RANKS = (crowd.RANK_ERRORS, crowd.RANKS_LEFT, crowd.RANKS_SLOWDOWN)


@pytest.mark.parametrize("workload", [catalog.WORKLOAD, checkpoint.WORKLOAD], ids=lambda one: one.name)
def test_rows_of_aidb_alone(workload: Workload[TrackingBench], tmp_path: Path) -> None:
    tiny = dataclasses.replace(
        TINY, runs=3, ingest=2000, table_runs=5, series=2, points=3000, checkpoint=16 << 20
    )
    bench = TrackingBench(tmp_path, tiny, None, [tool for tool in TRACKERS if tool.name == AIDB])
    workload.measure(bench)
    assert not bench.results.failures
    assert all(bench.results.get(row.id, AIDB) for row in workload.rows)


def test_a_tracker_that_is_not_installed_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = TrackingBench(
        tmp_path, TINY, tmp_path / "nowhere", [tool for tool in TRACKERS if tool.name == "Aim"]
    )
    assert bench.tools == []
    assert "Aim is not installed and is left out" in capsys.readouterr().err
