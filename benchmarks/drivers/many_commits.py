"""Many commits of one small file each, by a Python API: `many_commits.py TOOL FOLDER FILES COMMITS`.

Prints how many seconds the commits took; the repository with its FILES files is made before the clock starts.
It runs in the Python that has the tool, so it imports nothing of the benchmark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Commit = Callable[[str, str], None]  # (path, message)


def aidb_repository(folder: Path) -> Commit:
    import aidb

    repository = aidb.init(folder)
    repository.add(["."])
    repository.commit("base")

    def commit(path: str, message: str) -> None:
        repository.add([path])
        repository.commit(message)

    return commit


def pygit2_repository(folder: Path) -> Commit:
    import pygit2

    pygit2.settings.enable_fsync_gitdir(True)  # as aidb does: a commit is on the disk when it returns
    repository = pygit2.init_repository(str(folder), initial_head="main")
    person = pygit2.Signature("Bench", "bench@example.invalid")
    repository.index.add_all()

    def commit(path: str, message: str) -> None:
        index = repository.index
        index.add(path)
        index.write()
        parents = [] if repository.head_is_unborn else [repository.head.target]
        repository.create_commit("HEAD", person, person, message, index.write_tree(), parents)

    commit("0000.txt", "base")
    return commit


def dvc_repository(folder: Path) -> Commit:
    """DVC has no commit of its own: `Repo.add` of a file, and no Git commit, which is in its favour."""
    from dvc.repo import Repo

    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    repository = Repo.init(str(folder))
    (folder / "data").mkdir()
    for file in folder.glob("*.txt"):
        file.rename(folder / "data" / file.name)
    os.chdir(folder)
    repository.add("data")

    def commit(path: str, _message: str) -> None:
        os.replace(path, Path("data", path))
        repository.add("data")

    return commit


def oxen_repository(folder: Path) -> Commit:
    import oxen
    from oxen.user import config_user

    config_user("Bench", "bench@example.invalid")
    repository = oxen.Repo(str(folder))
    repository.init()
    repository.add(str(folder))
    repository.commit("base")

    def commit(path: str, message: str) -> None:
        repository.add(str(folder / path))
        repository.commit(message)

    return commit


MAKERS = {"aidb": aidb_repository, "git": pygit2_repository, "DVC": dvc_repository, "Oxen": oxen_repository}


def main(tool: str, folder: Path, files: int, commits: int) -> None:
    folder.mkdir(parents=True)
    for number in range(files):
        (folder / f"{number:04}.txt").write_text(f"file {number}\n")
    os.chdir(folder)
    commit = MAKERS[tool](folder)
    time.sleep(0.1)
    began = time.perf_counter()
    for number in range(commits):
        path = f"{number % files:04}.txt"
        (folder / path).write_text(f"change {number} of a small file\n")
        commit(path, f"change {number}")
    print("seconds", time.perf_counter() - began)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve(), int(sys.argv[3]), int(sys.argv[4]))
