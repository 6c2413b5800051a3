"""The manifest of a very large version: how long its building, changing, comparing and merging take.

    python -m benchmarks.manifest --entries 1000000

Everything goes through a real store on disk, in the default temporary folder: a change counts as made when its nodes
are compressed, written, fsynced and visible. Each step runs in a process of its own, so that its peak memory is its
own, with the interpreter and all libraries in it; nodes are read anew in every repetition, from the page cache.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

from blake3 import blake3

from aidb.files import Session
from aidb.store import ObjectStore
from aidb.types import Entry, Kind, ObjectId, RepoPath
from aidb.versioning.manifest import Manifest, build, diff, edit, merge

CHANGES = 100
VERSIONS = 100
REPEATS = 7
_PER_FOLDER = 1000
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB

Edits = list[tuple[RepoPath, Entry | None]]


def rows(entries: int = 1_000_000) -> list[dict[str, Any]]:
    """One dict for each step: its `name`, the median `seconds` of it, and `peak_mib` of the process it ran in."""
    with tempfile.TemporaryDirectory(prefix="aidb-manifest-") as folder:
        return [_measured(step, entries, Path(folder)) for step in STEPS]


def _measured(step: str, entries: int, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.manifest", "--entries", str(entries)]
    command += ["--step", step, "--folder", str(folder)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    row: dict[str, Any] = json.loads(run.stdout)
    return row


class Bench:
    """A store in a folder, and the roots that earlier steps left there."""

    def __init__(self, store: ObjectStore, folder: Path, entries: int, step: str) -> None:
        self._store = store
        self._notes = folder / "roots.json"
        self._entries = entries
        self._step = step
        self._random = random.Random(step)

    def build(self) -> list[float]:
        """Time the building of the whole manifest, its entries coming from a generator."""
        began = time.perf_counter()
        with self._store.writer() as writer:
            root = build(writer, _items(self._entries))
        took = time.perf_counter() - began
        self._note(base=root)
        return [took]

    def commit(self) -> list[float]:
        """Time one changed file, from a manifest not read yet to nodes on the disk."""
        return _timed(lambda: self._edited(self._base(), 1))

    def diff(self) -> list[float]:
        """Time the finding of some scattered changes."""
        changed = self._edited(self._base(), CHANGES)
        took = _timed(lambda: _expect(len(list(diff(self._base(), self._manifest(changed)))), CHANGES))
        self._note(changed=changed)
        return took

    def ls(self) -> list[float]:
        """Time the listing of one folder, from a manifest not read yet."""
        folder = _path(self._entries // 2).rpartition(b"/")[0]
        return _timed(
            lambda: _expect(len(list(self._base().children(folder))), min(_PER_FOLDER, self._entries))
        )

    def merge(self) -> list[float]:
        """Time a merge of two sides with some scattered changes each."""
        ours = self._noted("changed")
        theirs = self._edited(self._base(), CHANGES)
        return _timed(lambda: self._merged(ours, theirs))

    def path_log(self) -> list[float]:
        """Time the question which of many versions changed one path."""
        roots = [self._noted("base")]
        for _ in range(VERSIONS):
            roots.append(self._edited(self._manifest(roots[-1]), 1))
        return _timed(lambda: self._changing(_path(self._entries // 2), roots))

    def _merged(self, ours: ObjectId, theirs: ObjectId) -> None:
        outcome = merge(self._base(), self._manifest(ours), self._manifest(theirs))
        _expect(len(outcome.changes) + len(outcome.conflicts), CHANGES)

    def _changing(self, path: RepoPath, roots: list[ObjectId]) -> None:
        found = [self._manifest(root).get(path) for root in roots]
        _expect(len(found), VERSIONS + 1)

    def _edited(self, manifest: Manifest, changes: int) -> ObjectId:
        with self._store.writer() as writer:
            return edit(manifest, writer, self._changes(changes))

    def _changes(self, count: int) -> Edits:
        chosen = self._random.sample(range(self._entries), count)
        return [(_path(at), _entry(b"%s %d" % (self._step.encode(), at))) for at in chosen]

    def _base(self) -> Manifest:
        return self._manifest(self._noted("base"))

    def _manifest(self, root: ObjectId) -> Manifest:
        return Manifest(self._store, root)

    def _noted(self, name: str) -> ObjectId:
        return ObjectId(bytes.fromhex(json.loads(self._notes.read_text())[name]))

    def _note(self, **roots: ObjectId) -> None:
        known = json.loads(self._notes.read_text()) if self._notes.exists() else {}
        self._notes.write_text(json.dumps(known | {name: root.hex() for name, root in roots.items()}))


STEPS: dict[str, tuple[str, Callable[[Bench], list[float]]]] = {
    "build": ("build", Bench.build),
    "commit": ("commit one change", Bench.commit),
    "diff": (f"diff of {CHANGES} changes", Bench.diff),
    "ls": (f"ls of a folder of {_PER_FOLDER:,}", Bench.ls),
    "merge": (f"merge of {CHANGES} and {CHANGES} changes", Bench.merge),
    "path-log": (f"look up a path in {VERSIONS} versions", Bench.path_log),
}


def _timed(work: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return times


def _expect(found: int, wanted: int) -> None:
    if found != wanted:
        raise AssertionError(f"{found} instead of {wanted}: a wrong answer has no time")


def _items(count: int) -> Iterator[tuple[RepoPath, Entry]]:
    """Sorted items. Entries repeat after 65,536 files: making each anew would take longer than what is measured."""
    entries = cycle([_entry(b"%d" % at) for at in range(min(count, 1 << 16))])
    return zip(map(_path, range(count)), entries, strict=False)


def _path(at: int) -> RepoPath:
    return RepoPath(b"train/%05d/img_%08d.png" % (at // _PER_FOLDER, at))


def _entry(seed: bytes) -> Entry:
    blob = ObjectId(blake3(seed).digest())
    return Entry(Kind.FILE, 2000 + blob[0] * 37, blob, None)


def _run_step(step: str, entries: int, folder: Path) -> dict[str, Any]:
    name, work = STEPS[step]
    with closing(Session(folder / "tmp")) as session, ObjectStore.open(folder / "store", session) as store:
        seconds = statistics.median(work(Bench(store, folder, entries, step)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
    return {
        "name": f"manifest of {entries:,}: {name}",
        "seconds": seconds,
        "peak_mib": round(peak / 2**20, 1),
    }


def main() -> None:
    """Print all rows, or one step as JSON for the process that asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        sys.stdout.write(json.dumps(_run_step(options.step, options.entries, options.folder)))
        return
    for row in rows(options.entries):
        sys.stdout.write(f"{row['name']:<55} {row['seconds'] * 1000:>10.1f} ms {row['peak_mib']:>8.1f} MiB\n")


if __name__ == "__main__":
    main()
