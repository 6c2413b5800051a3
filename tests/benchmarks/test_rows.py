"""The benchmark on data so small that it takes seconds: every row is measured, and what comes back is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench import Bench, Scale
from benchmarks.peers import TOOLS, Programs
from benchmarks.results import Results
from benchmarks.rows import WORKLOADS, Workload
from benchmarks.table import as_markdown, as_text

TINY = Scale(
    small_files=300,
    large_bytes=4 << 20,
    checkpoints=2,
    tensors=5,
    entries=2000,
    commits=3,
    base_files=5,
    starts=1,
    rows=3000,
    garbage_bytes=4 << 20,
    settles=False,
)
OURS = [tool for tool in TOOLS if tool.name in ("aidb", "git", "Python", "cp")]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_every_row_is_measured(workload: Workload, tmp_path: Path) -> None:
    if workload.name == "epoch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    bench = Bench(tmp_path, TINY, Programs(None), OURS)
    workload.measure(bench)
    results = bench.results
    assert not results.failures
    for row in workload.rows:
        assert results.get(row.id, "aidb") is not None
        assert row.title in as_text(results, workload.rows)

    kept = tmp_path / "kept.json"
    results.write(kept)
    assert as_markdown(Results.read(kept), workload.rows) == as_markdown(results, workload.rows)
