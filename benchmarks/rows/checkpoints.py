"""Ten checkpoints of one training run, each added and committed as it appears."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.bench import Bench, Scale
from benchmarks.measure import Figure, size_of
from benchmarks.peers.base import CHECKPOINTS, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.rows.large import copy_hot
from benchmarks.targets import distinct, faster
from benchmarks.workloads.amounts import CHANGED, TENSOR

ROW = Row(
    "checkpoints",
    "10 checkpoints x 400 MiB, 20% of the 4 MiB tensors change each time",
    faster("borg", 1),
    distinct(1.15),
    distinct(1.05, must=False),
)


def measure(bench: Bench) -> None:
    """Take one tool after the other through the ten commits."""
    folder, sums = _data(bench)
    for tool in bench.enter(CHECKPOINTS):
        bench.say(f"checkpoints, {tool.name}:")
        with bench.guard(ROW.id, tool):
            _take(bench, tool, folder, sums)
        shutil.rmtree(tool.place)


def _take(bench: Bench, tool: Tool, folder: Path, sums: Path) -> None:
    tool.data.mkdir()
    before = size_of(tool.stores())
    figures = []
    for source in sorted(folder.iterdir()):
        copy_hot(source, tool.data / source.name)
        figures.append(bench.run(tool, tool.save(source.stem)))
    total = Figure(
        seconds=sum(figure.seconds for figure in figures),
        peak=max(figure.peak for figure in figures),
        distinct=_distinct_bytes(bench.scale),
    )
    bench.record_growth(ROW.id, tool, total, before)
    last = sorted(folder.iterdir())[-1].stem
    shutil.rmtree(tool.data)
    bench.run(tool, tool.restore(last))
    bench.verify(tool, sums)


def _data(bench: Bench) -> tuple[Path, Path]:
    scale = bench.scale
    home = bench.work / "data" / f"checkpoints-{scale.checkpoints}-{scale.tensors}"
    if not (home / "sums").exists():
        bench.say(f"making {scale.checkpoints} checkpoints of {scale.tensors * 4} MiB ...")
        bench.module(
            "benchmarks.workloads.checkpoints",
            *(str(home / "data"), str(home / "sums")),
            *(f"--count={scale.checkpoints}", f"--tensors={scale.tensors}"),
        )
    return home / "data", home / "sums"


def _distinct_bytes(scale: Scale) -> int:
    return TENSOR * (scale.tensors + (scale.checkpoints - 1) * int(scale.tensors * CHANGED))


WORKLOAD = Workload(CHECKPOINTS, (ROW,), measure)
