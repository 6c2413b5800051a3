"""Ways to damage a file, and what every command must still do with a repository that was damaged."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import NamedTuple

from tests.faults.command import Outcome, Zygote
from tests.faults.tree import Tree, copy_folder, read_tree

CLEAN_ENDS = {0, 1, 2, 3, 4, 5, 6, 7, 8}
"""Every documented exit code; never a traceback, never a signal."""


class Damage(NamedTuple):
    """One file of a repository, and how it is changed. `at` is relative to its size."""

    path: str
    how: str
    at: float = 0.0

    def __str__(self) -> str:
        return f"{self.how} {self.path}" + (f" at {self.at:.4f}" if self.how in ("flip", "cut") else "")

    def inflict(self, root: Path) -> None:
        path = root / self.path
        data = bytearray(path.read_bytes())
        place = min(int(self.at * len(data)), max(len(data) - 1, 0))
        path.chmod(0o644)
        if self.how == "remove":
            path.unlink()
        elif self.how == "cut":
            path.write_bytes(data[:place])
        elif self.how == "zero":
            path.write_bytes(bytes(len(data)))
        elif self.how == "grow":
            path.write_bytes(data + b"\0garbage\n")
        elif data:
            data[place] ^= 1 << (place % 8)
            path.write_bytes(data)


def damages(root: Path, seed: int, flips: int) -> list[Damage]:
    """For every file below .aidb: flips at its ends and at random places, cuts, zeros, garbage behind it, removal."""
    chance = random.Random(seed)
    files = sorted(str(path.relative_to(root)) for path in (root / ".aidb").rglob("*") if path.is_file())
    found = []
    for path in files:
        places = [0.0, 0.9999, *(chance.random() for _ in range(flips))]
        found += [Damage(path, "flip", place) for place in places]
        found += [Damage(path, "cut", place) for place in (0.0, chance.random(), 0.9999)]
        found += [Damage(path, how) for how in ("zero", "grow", "remove")]
    return found


class Patient:
    """A repository that is damaged, questioned, and made whole again from a copy."""

    def __init__(self, original: Path, folder: Path, zygote: Zygote, versions: dict[str, Tree]) -> None:
        """`versions` is the truth: the files by branch. The first one is checked out in `original`."""
        self.root = folder / "patient"
        self.out = folder / "out"
        self.ends: set[int | None] = set()
        """The exit codes of the last questions."""
        self._original = original
        self._zygote = zygote
        self._versions = versions

    def question(self, damage: Damage | None) -> list[str]:
        """Damage a fresh copy, use it, and say what was wrong with its behaviour."""
        copy_folder(self._original, self.root)
        if damage is not None:
            damage.inflict(self.root)
        problems: list[str] = []
        detected = self._run(["fsck"], problems).code != 0
        for argv in (["status"], ["log", "--oneline"], ["branch"]):
            self._run(argv, problems)
        for branch in self._versions:
            self._export(branch, problems, detected)
        self._switch(problems)
        return problems

    def _run(self, argv: list[str], problems: list[str]) -> Outcome:
        outcome = self._zygote.run(argv, self.root)
        self.ends.add(outcome.code)
        if outcome.code not in CLEAN_ENDS or outcome.traceback:
            problems.append(f"aidb {' '.join(argv)} ended with {outcome.code}: {outcome.stderr[-600:]}")
        elif outcome.code and not outcome.stderr.strip() and argv[0] != "fsck":
            problems.append(f"aidb {' '.join(argv)} ended with {outcome.code} and said nothing")
        return outcome

    def _export(self, branch: str, problems: list[str], detected: bool) -> None:
        """What is handed out is right; and if not all of it is, fsck had said so."""
        shutil.rmtree(self.out, ignore_errors=True)
        outcome = self._run(["get", f"{branch}:", str(self.out)], problems)
        truth = self._versions[branch]
        for path, file in read_tree(self.out).items() if self.out.exists() else ():
            if truth.get(path) != file:
                problems.append(f"get {branch} wrote wrong bytes to {path}")
        if outcome.code == 0 and read_tree(self.out) != truth:
            problems.append(f"get {branch} says all is well and left files out")
        if outcome.code == 7 and not detected:
            problems.append(f"get {branch} found damage that fsck did not: {outcome.stderr}")

    def _switch(self, problems: list[str]) -> None:
        """Each file of the workspace is as in one of the versions; where damage is told, it may be absent."""
        here, there = list(self._versions)[:2]
        outcome = self._run(["switch", there], problems)
        files = read_tree(self.root)
        one, two = self._versions[here], self._versions[there]
        every = files.keys() | one.keys() | two.keys()
        absent = [None] if outcome.code == 7 else []
        wrong = [path for path in every if files.get(path) not in (one.get(path), two.get(path), *absent)]
        problems += [f"switch left wrong bytes in {path}" for path in wrong]
        if outcome.code == 0 and files != two:
            problems.append("switch says all is well and did not do it")
