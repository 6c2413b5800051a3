"""`bisect`: find the commit that broke something, by halving what lies between a good and a bad one.

What is known is kept in `.aidb/bisect`, replaced atomically before the workspace moves on. So a step that was killed
can be run again, if it names its commit.

What is not promised: that marks follow when a step is undone; good commits that are no ancestors of the bad one are
taken at their word.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from aidb.errors import DamagedObjectError, InvalidInputError, NothingToDoError, RefusedError
from aidb.files import fsync_directory, storage_errors, write_atomic
from aidb.progress import SILENT, Progress
from aidb.types import CommitId
from aidb.versioning.operations import CommitHex
from aidb.versioning.workspace.verbs.switch import switch
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.bisection import Halving
    from aidb.versioning.commits import Commit

Mark = Literal["good", "bad", "skip"]

SKIP_CODE = 125
"""Exit code of a command that cannot tell, as for Git."""
_MOST_BAD = 127


class Marks(msgspec.Struct):
    """What is known: where the search began (a branch or a commit) and what was said of commits."""

    origin: str
    bad: CommitHex | None = None
    good: list[CommitHex] = []
    skipped: list[CommitHex] = []


def decode_marks(data: bytes) -> Marks:
    """What is known, from the bytes of its file. Raises DamagedObjectError."""
    try:
        return msgspec.json.decode(data, type=Marks)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedObjectError(
            f"the state of bisect cannot be read: {error}",
            hints=("`aidb bisect reset` ends the search.",),
        ) from error


@dataclass(frozen=True, slots=True)
class Step:
    """Where the search is: more marks are needed, a commit is to be tested, the first bad one was found, or none can
    be told because the rest was skipped.

    `commit` is the one to test or the one found, `left` how many candidates there are, `steps` about how many more
    tests that means.
    """

    kind: Literal["waiting", "test", "found", "undecided"]
    commit: Commit | None = None
    left: int = 0
    steps: int = 0
    candidates: tuple[CommitId, ...] = ()


class Bisect:
    """A search in one workspace: `repo.bisect.start("HEAD", ["v1"])`, `.mark("good")`, `.reset()`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._file: Path = workspace.folder / "bisect"

    @property
    def marks(self) -> Marks | None:
        """What is known so far, None if no search is under way."""
        with storage_errors("reading the state of bisect"):
            try:
                return decode_marks(self._file.read_bytes())
            except FileNotFoundError:
                return None

    def start(self, bad: str | None = None, good: Iterable[str] = (), *, progress: Progress = SILENT) -> Step:
        """Begin a search, over if one is under way; with a bad and a good commit, go to the first one to test."""
        known = self.marks
        head = self._workspace.engine.head()
        if head.commit is None:
            raise NothingToDoError("there are no commits yet to search in")
        marks = Marks(known.origin if known else head.branch or head.commit)
        marks.bad = self._resolve(bad) if bad else None
        marks.good = [self._resolve(revision) for revision in good]
        self._check(marks)
        self._save(marks)
        return self._go_on(marks, progress)

    def mark(self, mark: Mark, revisions: Iterable[str] = (), *, progress: Progress = SILENT) -> Step:
        """Say of commits, or of the one checked out, that they are good, bad or cannot be tested; go to the next one.

        Raises RefusedError if that cannot be: a good commit that holds the bad one.
        """
        marks = self._required()
        named = [self._resolve(revision) for revision in revisions] or [self._resolve("HEAD")]
        if mark == "bad":
            if len(named) > 1:
                raise InvalidInputError("only one commit is bad: the first that is known")
            marks.bad = named[0]
        elif mark == "good":
            marks.good = list(dict.fromkeys([*marks.good, *named]))
        else:
            marks.skipped = list(dict.fromkeys([*marks.skipped, *named]))
        self._check(marks)
        self._save(marks)
        return self._go_on(marks, progress)

    def step(self) -> Step:
        """Where the search is, without going anywhere."""
        marks = self._required()
        if marks.bad is None or not marks.good:
            return Step("waiting")
        halving = self._halve(marks, marks.bad)
        if halving.next is None or len(halving.candidates) == 1:
            kind: Literal["found", "undecided"] = "found" if len(halving.candidates) == 1 else "undecided"
            found = self._workspace.engine.read_commit(CommitId(marks.bad))
            return Step(kind, found, len(halving.candidates), 0, tuple(halving.candidates))
        commit = self._workspace.engine.read_commit(halving.next)
        return Step("test", commit, len(halving.candidates), halving.steps)

    def run(
        self,
        command: Sequence[str],
        *,
        report: Callable[[Step], None] = lambda step: None,
        progress: Progress = SILENT,
    ) -> Step:
        """Let a command decide, in the workspace: exit code 0 is good, 125 skip, 1 to 127 bad; any other stops.

        `report` is told of each step. Raises RefusedError if the command cannot be run or stops the search.
        """
        step = self._go_on(self._required(), progress)
        if step.kind == "waiting":
            raise NothingToDoError(
                "a good and a bad commit have to be known first",
                hints=("`aidb bisect start BAD GOOD` names both.",),
            )
        while step.kind == "test":
            report(step)
            step = self.mark(self._judge(command), progress=progress)
        return step

    def reset(self, *, progress: Progress = SILENT) -> str:
        """End the search and go back to where it began; return the branch or commit.

        Where nothing can be read of where that was, everything stays where it is.
        """
        try:
            origin = self._required().origin
        except DamagedObjectError:
            head = self._workspace.engine.head()
            origin = head.branch or str(head.commit)
        else:
            self._go_back(origin, progress)
        with storage_errors("ending the search"), contextlib.suppress(FileNotFoundError):
            self._file.unlink()
            fsync_directory(self._file.parent)
        return origin

    def _go_back(self, origin: str, progress: Progress) -> None:
        is_branch = f"refs/heads/{origin}" in self._workspace.engine.list_refs("refs/heads/")
        self._switch(origin, "reset", detach=not is_branch, progress=progress)

    def _required(self) -> Marks:
        marks = self.marks
        if marks is None:
            raise NothingToDoError(
                "no search is under way", hints=("`aidb bisect start BAD GOOD` begins one.",)
            )
        return marks

    def _save(self, marks: Marks) -> None:
        write_atomic(self._file, msgspec.json.encode(marks) + b"\n", scratch=self._workspace.scratch())

    def _go_on(self, marks: Marks, progress: Progress) -> Step:
        """Work out the next step and check out what is to be tested."""
        step = self.step()
        commit = step.commit
        if step.kind == "test" and commit is not None and commit.id != self._workspace.engine.head().commit:
            self._switch(commit.id, f"go to {commit.id[:10]}", detach=True, progress=progress)
        return step

    def _switch(self, target: str, about: str, *, detach: bool, progress: Progress) -> None:
        with self._workspace.operation_log.recording("bisect", about):
            switch(self._workspace, target, detach=detach, progress=progress)

    def _resolve(self, revision: str) -> CommitId:
        from aidb.versioning.revisions import resolve

        return resolve(self._workspace.engine, revision)

    def _halve(self, marks: Marks, bad: str) -> Halving:
        from aidb.versioning.bisection import halve

        return halve(
            self._workspace.engine,
            CommitId(bad),
            [CommitId(commit) for commit in marks.good],
            [CommitId(commit) for commit in marks.skipped],
        )

    def _check(self, marks: Marks) -> None:
        if marks.bad is not None and marks.good and not self._halve(marks, marks.bad).candidates:
            raise RefusedError(
                f"{marks.bad[:10]} cannot be bad: a commit that holds it is good",
                hints=("Perhaps good and bad are the wrong way round: `aidb bisect start BAD GOOD`.",),
            )

    def _judge(self, command: Sequence[str]) -> Mark:
        try:
            code = subprocess.run(command, cwd=self._workspace.root, check=False).returncode
        except OSError as error:
            raise RefusedError(
                f"{command[0]!r} could not be run: {(error.strerror or str(error)).lower()}",
                hints=("Write a program of the workspace as `./check.sh`.",),
            ) from error
        if code == 0:
            return "good"
        if code == SKIP_CODE:
            return "skip"
        if 0 < code <= _MOST_BAD:
            return "bad"
        raise RefusedError(
            f"{command[0]!r} ended with {code}, which says neither good nor bad",
            hints=("0 is good, 125 cannot tell, 1 to 127 is bad. `aidb bisect reset` ends the search.",),
        )
