"""Checkpoints of training runs, each added and committed as it appears."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Bench, Scale
from benchmarks.measure import Figure, size_of
from benchmarks.peers.base import CHECKPOINTS, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.rows.large import copy_hot
from benchmarks.targets import distinct, faster, rate
from benchmarks.workloads.amounts import CHANGED, LAYER, TENSOR


class _Run(NamedTuple):
    """One training run: its row, the module and options that make its checkpoints, and how many bytes are new."""

    row: Row
    module: str
    options: Callable[[Scale], list[str]]
    distinct: Callable[[Scale], int]


def _layers(scale: Scale) -> int:
    return max(2, scale.tensors // 5)


RUNS = (
    _Run(
        Row(
            "checkpoints",
            "10 checkpoints x 400 MiB, 20% of the 4 MiB tensors change each time",
            faster("borg", 1),
            distinct(1.15),
            distinct(1.05, must=False),
        ),
        "checkpoints",
        lambda scale: [f"--count={scale.checkpoints}", f"--tensors={scale.tensors}"],
        lambda scale: TENSOR * (scale.tensors + (scale.checkpoints - 1) * int(scale.tensors * CHANGED)),
    ),
    _Run(
        Row("bfloat16", "one checkpoint of 400 MiB in bfloat16, cold", distinct(0.7), rate(0.5e9)),
        "checkpoints",
        lambda scale: ["--bfloat16", "--count=1", f"--tensors={scale.tensors}"],
        lambda scale: TENSOR * scale.tensors,
    ),
    _Run(
        # Each by itself would take 0.67 of its bytes, and 60% of that is asked for.
        Row("fine-tuning", "10 checkpoints x 40 MiB in bfloat16, every weight moves a little", distinct(0.4)),
        "fine_tuning",
        lambda scale: [f"--count={scale.checkpoints}", f"--layers={_layers(scale)}"],
        lambda scale: LAYER * _layers(scale) * scale.checkpoints,
    ),
)


def measure(bench: Bench) -> None:
    """Take one tool after the other through the commits of each run."""
    for run in RUNS:
        folder, sums = _data(bench, run)
        for tool in bench.enter(CHECKPOINTS):
            bench.say(f"{run.row.id}, {tool.name}:")
            with bench.guard(run.row.id, tool):
                _take(bench, run, tool, folder, sums)
            shutil.rmtree(tool.place)


def _take(bench: Bench, run: _Run, tool: Tool, folder: Path, sums: Path) -> None:
    tool.data.mkdir()
    before = size_of(tool.stores())
    figures = []
    for source in sorted(folder.iterdir()):
        copy_hot(source, tool.data / source.name)
        figures.append(bench.run(tool, tool.save(source.stem)))
    total = Figure(
        seconds=sum(figure.seconds for figure in figures),
        peak=max(figure.peak for figure in figures),
        distinct=run.distinct(bench.scale),
    )
    bench.record_growth(run.row.id, tool, total, before)
    last = sorted(folder.iterdir())[-1].stem
    shutil.rmtree(tool.data)
    bench.run(tool, tool.restore(last))
    bench.verify(tool, sums)


def _data(bench: Bench, run: _Run) -> tuple[Path, Path]:
    options = run.options(bench.scale)
    home = bench.work / "data" / "-".join([run.row.id, *(option.strip("-") for option in options)])
    if not (home / "sums").exists():
        bench.say(f"making the data of {run.row.id} ...")
        bench.module(f"benchmarks.workloads.{run.module}", str(home / "data"), str(home / "sums"), *options)
    return home / "data", home / "sums"


WORKLOAD = Workload(CHECKPOINTS, tuple(run.row for run in RUNS), measure)
