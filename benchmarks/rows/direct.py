"""Without a workspace, by API: reading small files and pieces of a large one, and saving a checkpoint.

The other side is the file system alone, which keeps no versions and verifies nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Command
from benchmarks.peers.base import DRIVERS, Tool
from benchmarks.rows import large, small
from benchmarks.rows.base import Row, Workload
from benchmarks.targets import AIDB, faster, memory, within
from benchmarks.units import MIB

PLAIN = "Python"
_FILES = 10_000
_PIECES = 500

_READS = {
    "small": "10,000 random small files by API",
    "many": "10,000 random small files by API, asked for at once",
    "random": "500 random reads of 1 MiB in a 4 GiB file by API",
}
_TARGETS = {"small": within, "many": faster, "random": within}
_TIMES = {"small": 1.0, "many": 2.0, "random": 2.0}


def _rows() -> list[Row]:
    return [
        Row(f"read-{how}-{heat}", f"{title}, {heat}", _TARGETS[how](PLAIN, _TIMES[how]))
        for how, title in _READS.items()
        for heat in ("hot", "cold")
    ]


SAVE = Row(
    "save-checkpoint",
    "1 GiB safetensors checkpoint saved in a transaction (Python: save_file and fsync); memory besides the tensors",
    within(PLAIN, 1.5),
    memory(256 * MIB, "256 MiB"),
)


def measure(bench: Bench) -> None:
    """Take both sides through all reads, then through the saving."""
    tools = [kind for kind in bench.tools if kind.name in (AIDB, PLAIN)]
    for hows, (data, _) in ((("small", "many"), small.small_files(bench)), (("random",), large.data(bench))):
        subjects = [_subject(bench, kind, hows[0], data) for kind in tools]
        for how in hows:
            for heat in ("hot", "cold"):
                bench.say(f"read-{how}-{heat}:")
                for tool in subjects:
                    _read(bench, tool, how, heat)
        for tool in subjects:
            shutil.rmtree(tool.place)
    bench.say(f"{SAVE.id}:")
    for kind in tools:
        _save(bench, kind(bench.work / "run" / SAVE.id / kind.name, bench.programs))


def _subject(bench: Bench, kind: type[Tool], how: str, data: Path) -> Tool:
    """A tool that holds the data: aidb in a repository alone, the other in a folder."""
    tool = kind(bench.work / "run" / f"read-{how}" / kind.name, bench.programs)
    tool.prepare()
    if data.is_dir():
        subprocess.run(["cp", "-a", str(data), str(tool.data)], check=True)
    else:
        tool.data.mkdir()
        large.copy_hot(data, tool.data / data.name)
    if kind.name == AIDB:
        bench.run(tool, [*tool.create(), *tool.save("data")])
        shutil.rmtree(tool.data)
    return tool


def _read(bench: Bench, tool: Tool, how: str, heat: str) -> None:
    count = str(_PIECES if how == "random" else _FILES)
    argv = (sys.executable, str(DRIVERS / "read_back.py"), tool.name, how, str(tool.tree), count, heat)
    with bench.guard(f"read-{how}-{heat}", tool):
        bench.record(f"read-{how}-{heat}", tool.name, bench.run_reporting(tool, Command(argv, tool.place)))


def _save(bench: Bench, tool: Tool) -> None:
    if tool.name == PLAIN and find_spec("safetensors") is None:
        bench.say("  safetensors is not installed, so there is nothing to compare with")
        return
    tool.prepare()
    size = str(max(1, bench.scale.large_bytes // 4 // MIB))
    argv = (sys.executable, str(DRIVERS / "save_checkpoint.py"), tool.name, str(tool.tree), size)
    with bench.guard(SAVE.id, tool):
        bench.record(SAVE.id, tool.name, bench.run_reporting(tool, Command(argv, tool.place)))


WORKLOAD = Workload("direct", (*_rows(), SAVE), measure)
