"""What is to be done to do a run again, from its record alone."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from aidb.errors import NotFoundError, RefusedError
from aidb.files import storage_errors
from aidb.metadata.run import RunRecord
from aidb.tracking.journal.folder import FILES


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to do a run again.

    `repository`, `commit` and `folder` tell where the code was: a Git repository, and where in it. `diff` and `sources`
    are files of the run with what was in no commit. `pinned` is the data commit for each thing that the run asked for.
    """

    run: str
    command: list[str]
    repository: str | None
    commit: str | None
    folder: str
    diff: Path | None
    sources: dict[str, Path]
    pinned: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make the run read the same data."""
        return {"AIDB_PINNED": msgspec.json.encode(self.pinned).decode()} if self.pinned else {}


def recipe(runs: Path, record: RunRecord) -> Recipe:
    """What a run's record says of doing it again. Raises NotFoundError if it does not know its command."""
    about = record.captured.get("command", {})
    command = [str(word) for word in about.get("command") or ()]
    if not command:
        raise NotFoundError(f"run {record.id} did not record its command, so it cannot be done again")
    code = record.captured.get("code", {})
    files = runs / record.id / FILES
    stored = _stored(record)
    return Recipe(
        run=record.id,
        command=command,
        repository=code.get("root"),
        commit=code.get("commit"),
        folder=str(code.get("folder") or "."),
        diff=next((files / name for name, about in stored.items() if about.get("role") == "diff"), None),
        sources={
            str(about["path"]): files / name
            for name, about in stored.items()
            if about.get("role") == "untracked"
        },
        pinned={read.asked: read.commit for read in record.read},
    )


def prepare(made: Recipe, place: Path, repository: Path | None = None) -> Path:
    """Check the code out into the new folder `place`; return the folder to run in. Raises RefusedError.

    `repository` is where the code is now, if that is not where it was.
    """
    source = repository or (Path(made.repository) if made.repository else None)
    if source is None or made.commit is None:
        raise RefusedError(
            f"run {made.run} was not made from a Git commit, so its code cannot be checked out",
            hints=("Commit your code before a run: then it can be done again.",),
        )
    if place.exists():
        raise RefusedError(
            f"{place} is there already", hints=("Name a folder that does not exist: -o FOLDER.",)
        )
    _git(source, "worktree", "add", "--detach", "--quiet", str(place.absolute()), made.commit)
    if made.diff is not None:
        _git(place, "apply", "--binary", "--whitespace=nowarn", str(made.diff.absolute()))
    with storage_errors("writing the sources of the run"):
        for path, file in made.sources.items():
            target = place / path
            if not target.resolve().is_relative_to(place.resolve()):
                raise RefusedError(f"a source of the run would be written outside of {place}: {path}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    return place / made.folder


def run_again(made: Recipe, folder: Path, repository: Path) -> int:
    """Run the command in `folder`, logging to the aidb repository `repository`; return its exit code."""
    environment = {**os.environ, **made.environment, "AIDB_REPOSITORY": str(repository)}
    root = made.repository
    command = [
        word.replace(root, str(folder), 1) if root and word.startswith(root + os.sep) else word
        for word in made.command
    ]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


def _git(folder: Path, *arguments: str) -> None:
    command = ["git", "-C", os.fspath(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise RefusedError(f"git {arguments[0]} failed: {lines[-1] if lines else done.returncode}")


def _stored(record: RunRecord) -> dict[str, dict[str, str]]:
    """The files that were kept of the code, by name, with what is known of each."""
    return {str(one["name"]): dict(one.get("about", {})) for one in record.code_files}
