"""One 4 GiB checkpoint: add, change 1% of it, insert 1,000 bytes, write it back.

Each tool goes through all rows before the next begins, because the repositories of all would not fit on the disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Command
from benchmarks.peers.base import LARGE, Tool
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import faster, growth, within
from benchmarks.units import MIB

FILE = "model.bin"

ROWS = (
    Row(
        "large-add",
        "4 GiB checkpoint: add + commit, cold",
        faster("borg", 2),
        faster("restic", 2),
        within("Oxen", 1.3),
        within("cp", 1.5, must=False),
    ),
    Row(
        "large-edit",
        "4 GiB checkpoint: again, 1% changed in 40 places",
        faster("borg", 2),
        growth(80_000_000, "80 MB"),
        growth(60_000_000, "60 MB", must=False),
    ),
    Row("large-insert", "4 GiB checkpoint: again, 1,000 bytes inserted at 1 MiB", growth(2 * MIB, "2 MiB")),
    Row(
        "large-restore",
        "4 GiB checkpoint: write it back to a file, verified",
        within("DVC", 1.5),
        faster("restic", 2.5),
        within("cp", 1.3, must=False),
    ),
)


def measure(bench: Bench) -> None:
    """Take one tool after the other through all rows."""
    file, sums = data(bench)
    for tool in bench.enter(LARGE):
        bench.say(f"large, {tool.name}:")
        _take(bench, tool, file, sums)
        shutil.rmtree(tool.place)


def _take(bench: Bench, tool: Tool, file: Path, sums: Path) -> None:
    tool.data.mkdir()
    target = tool.data / FILE
    copy_hot(file, target)

    def changed(how: str) -> Sequence[Command]:
        bench.module("benchmarks.workloads.large_file", how, str(target))
        return tool.save(how)

    def emptied() -> Sequence[Command]:
        os.unlink(target)
        tool.data.rmdir()
        return tool.restore("insert")

    steps: dict[str, Callable[[], Sequence[Command]]] = {
        "large-add": lambda: tool.save("original"),
        "large-edit": lambda: changed("edit"),
        "large-insert": lambda: changed("insert"),
        "large-restore": emptied,
    }
    for row_id, step in steps.items():
        with bench.guard(row_id, tool.name):
            bench.time(row_id, tool, step, store=row_id != "large-restore")
            if row_id == "large-restore":
                bench.verify(tool, sums.with_name(f"{sums.name}.inserted"))
        if bench.failed(row_id, tool.name):
            return


def copy_hot(source: Path, target: Path) -> None:
    """Copy a large file, and leave only the copy in the page cache: memory is what keeps the rest hot."""
    shutil.copyfile(source, target)
    with source.open("rb") as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def data(bench: Bench) -> tuple[Path, Path]:
    home = bench.work / "data" / f"large-{bench.scale.large_bytes}"
    file, sums = home / FILE, home / "sums"
    if not sums.with_name("sums.inserted").exists():
        bench.say(f"making a checkpoint of {bench.scale.large_bytes >> 20:,} MiB ...")
        bench.module(
            "benchmarks.workloads.large_file",
            "make",
            str(file),
            str(sums),
            f"--size={bench.scale.large_bytes}",
        )
    return file, sums


WORKLOAD = Workload(LARGE, ROWS, measure)
