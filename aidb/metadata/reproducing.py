"""What is to be done to do a run again, from its record alone."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from aidb.errors import NotFoundError, RefusedError
from aidb.files import storage_errors
from aidb.metadata.run import RunRecord
from aidb.tracking.journal.folder import FILES
from aidb.versioning.git_command import ask_git


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to do a run again.

    `root` is where its code was: the top of a Git repository. `repository` is where that is now, `folder` where in it
    the command ran. `diff` and `sources` are files of the run with what was in no commit; `lost` tells what of this
    was too much to be kept. `pinned` is the data commit for each thing that the run asked for.
    """

    run: str
    command: list[str]
    root: str | None
    repository: str | None
    commit: str | None
    folder: str
    diff: Path | None
    sources: dict[str, Path]
    lost: str | None
    pinned: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the run read the same data."""
        return {"AIDB_PINNED": msgspec.json.encode(self.pinned).decode()} if self.pinned else {}

    def command_in(self, place: Path) -> list[str]:
        """The command for code that lies in `place`: paths into the code of then are paths into this one.

        What Git does not have, such as the Python of a virtual environment, is taken from where the code is now.
        """
        return [self._moved(word, place) for word in self.command]

    def _moved(self, word: str, place: Path) -> str:
        if self.root is None or self.repository is None or not word.startswith(self.root + os.sep):
            return word
        inside = os.path.relpath(word, self.root)
        elsewhere = Path(self.repository, inside)
        return str(elsewhere if elsewhere.exists() and not self._has(inside) else place / inside)

    def _has(self, path: str) -> bool:
        """Whether this path is in the code of the run: its commit, its diff or its sources."""
        if path in self.sources or ask_git(
            Path(self.repository or ""), "cat-file", "-t", f"{self.commit}:{path}"
        ):
            return True
        return self.diff is not None and f" b/{path}\n".encode() in self.diff.read_bytes()


def recipe(runs: Path, record: RunRecord) -> Recipe:
    """What a run's record says of doing it again. Raises NotFoundError if it does not know its command."""
    about = record.captured.get("command", {})
    command = [str(word) for word in about.get("command") or ()]
    if not command:
        raise NotFoundError(f"run {record.id} did not record its command, so it cannot be done again")
    code = record.captured.get("code", {})
    root, commit = code.get("root"), code.get("commit")
    files = runs / record.id / FILES
    stored = _stored(record)
    return Recipe(
        run=record.id,
        command=command,
        root=root,
        repository=_repository_with(commit, [runs, Path(root)]) if root and commit else None,
        commit=commit,
        folder=_inside(str(about.get("folder") or root), str(root)) if root else ".",
        diff=next((files / name for name, about in stored.items() if about.get("role") == "diff"), None),
        sources={
            str(about["path"]): files / name
            for name, about in stored.items()
            if about.get("role") == "untracked"
        },
        lost=_lost(code),
        pinned={read.asked: read.commit for read in record.read},
    )


def prepare(made: Recipe, place: Path) -> Path:
    """Check the code out into the new folder `place`; return the folder to run in. Raises RefusedError."""
    if made.commit is None:
        raise RefusedError(
            f"run {made.run} was not made from a Git commit, so its code cannot be checked out",
            hints=("Commit your code before a run: then it can be done again.",),
        )
    if made.repository is None:
        raise RefusedError(
            f"the Git commit {made.commit[:10]} of run {made.run} is neither here nor in {made.root}",
            hints=("Fetch it into the Git repository of this folder.",),
        )
    if made.lost is not None:
        raise RefusedError(f"run {made.run} cannot be done again: {made.lost}")
    if place.exists():
        raise RefusedError(
            f"{place} is there already", hints=("Name a folder that does not exist: -o FOLDER.",)
        )
    _git(Path(made.repository), "worktree", "add", "--detach", "--quiet", str(place.absolute()), made.commit)
    if made.diff is not None:
        _git(place, "apply", "--binary", "--whitespace=nowarn", str(made.diff.absolute()))
    with storage_errors("writing the sources of the run"):
        for path, file in made.sources.items():
            target = place / path
            if not target.resolve().is_relative_to(place.resolve()):
                raise RefusedError(f"a source of the run would be written outside of {place}: {path}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    folder = place / made.folder
    if not folder.is_dir():  # one that held no code, or only what Git ignores
        with storage_errors("making the folder of the run"):
            folder.mkdir(parents=True)
    return folder


def run_again(made: Recipe, place: Path, repository: Path) -> int:
    """Run the command on the code in `place`, logging to the aidb repository `repository`; return its exit code.

    Raises RefusedError if the program is not on this machine.
    """
    environment = {**os.environ, **made.environment, "AIDB_REPOSITORY": str(repository)}
    command = made.command_in(place.absolute())
    try:
        done = subprocess.run(command, cwd=place / made.folder, env=environment, check=False)
    except OSError as error:
        raise RefusedError(f"{command[0]} cannot be run: {error.strerror}") from None
    return done.returncode


def _repository_with(commit: str, folders: list[Path]) -> str | None:
    """The first Git repository around one of the folders that has the commit: this copy's before that of the run."""
    for folder in folders:
        top = ask_git(folder, "rev-parse", "--show-toplevel") if folder.is_dir() else None
        if top and ask_git(folder, "cat-file", "-t", commit) == b"commit\n":
            return os.fsdecode(top.removesuffix(b"\n"))
    return None


def _inside(folder: str, root: str) -> str:
    """Where a folder is in the code; its top for one that is elsewhere."""
    relative = os.path.relpath(folder, root)
    return "." if relative.split(os.sep)[0] == os.pardir else relative


def _lost(code: dict[str, Any]) -> str | None:
    length = code.get("diff_too_long")
    return f"its uncommitted changes, {length:,} bytes, were too long to be kept" if length else None


def _git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", os.fspath(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise RefusedError(f"git {arguments[0]} failed: {lines[-1] if lines else done.returncode}")


def _stored(record: RunRecord) -> dict[str, dict[str, str]]:
    """The files that were kept of the code, by name, with what is known of each."""
    return {str(one["name"]): dict(one.get("about", {})) for one in record.code_files}
