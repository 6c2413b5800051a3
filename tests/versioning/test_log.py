"""The log, with plain git as the judge of which commits explain a path."""

from __future__ import annotations

import random
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from aidb.errors import InvalidInputError, InvalidPathError, RevisionNotFoundError
from aidb.types import CommitId, tag_ref
from aidb.versioning.log import log
from tests.versioning.history import BOB, MAIN, START, History, entry


def subjects(history: History, *args: object, **options: object) -> list[str]:
    return [c.subject for c in log(history.engine, history.nodes, *args, **options)]  # type: ignore[arg-type]


def test_newest_first_with_a_limit(history: History) -> None:
    history.grow("one", "two", "three")
    assert subjects(history) == ["three", "two", "one"]
    assert subjects(history, limit=2) == ["three", "two"]
    assert subjects(history, limit=0) == []
    assert subjects(history, "HEAD~1") == ["two", "one"]
    assert subjects(history, "main~2..main") == ["three", "two"]
    with pytest.raises(InvalidInputError):
        log(history.engine, history.nodes, limit=-1)


def test_branches_meet(history: History) -> None:
    one, two = history.grow("one", "two")
    side = history.commit({"s": "s"}, one, message="side", branch="side")
    history.commit({"m": "m"}, two, side, message="merge", branch="main")
    off = history.commit({"o": "o"}, one, message="only tagged")
    history.engine.update_ref(tag_ref("t"), None, off, "x")
    assert subjects(history) == ["merge", "side", "two", "one"]
    assert subjects(history, first_parent=True) == ["merge", "two", "one"]
    assert subjects(history, all_refs=True) == ["only tagged", "merge", "side", "two", "one"]
    assert subjects(history, "t...side") == ["only tagged", "side"]
    assert subjects(history, order="topological") == ["merge", "side", "two", "one"]


def test_all_of_an_empty_repository_is_nothing(history: History) -> None:
    assert subjects(history, all_refs=True) == []
    with pytest.raises(RevisionNotFoundError):
        log(history.engine, history.nodes)


def test_filters(history: History) -> None:
    (one,) = history.grow("one")
    two = history.commit({}, one, message="two\n\nFixes the labels", author=BOB, branch="main")
    history.commit({"x": ""}, two, message="three", branch="main")
    assert subjects(history, author="Bob") == ["two"]
    assert subjects(history, author="^Ada .*@example") == ["three", "one"]
    assert subjects(history, grep="labels|one") == ["two", "one"]
    minute = timedelta(minutes=1)
    assert subjects(history, since=START + 2 * minute) == ["three", "two"]
    assert subjects(history, until=START + 2 * minute) == ["two", "one"]
    assert subjects(history, since="2026-01-01T12:02:00+00:00", until="2026-01-01T12:02:30+00:00") == ["two"]
    assert subjects(history, since="2020-01-01", limit=1) == ["three"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"author": "("}, InvalidInputError),
        ({"grep": "*"}, InvalidInputError),
        ({"since": "whenever"}, InvalidInputError),
        ({"paths": ["../x"]}, InvalidPathError),
        ({"revision": "nowhere"}, RevisionNotFoundError),
    ],
)
def test_mistakes_are_told_at_once(
    history: History, options: dict[str, object], error: type[Exception]
) -> None:
    history.grow("one")
    with pytest.raises(error):
        log(history.engine, history.nodes, **options)  # type: ignore[arg-type]


def test_by_path(history: History) -> None:
    one = history.commit({"train/a": "1", "b": "1"}, message="both", branch="main")
    two = history.commit({"train/a": "2", "b": "1"}, one, message="a", branch="main")
    three = history.commit({"train/a": "2", "b": "2"}, two, message="b", branch="main")
    history.commit({"b": "2"}, three, message="a goes", branch="main")
    assert subjects(history, paths=["train"]) == ["a goes", "a", "both"]
    assert subjects(history, paths=["train/"], limit=1) == ["a goes"]
    assert subjects(history, paths=["b"]) == ["b", "both"]
    assert subjects(history, paths=["*/a"]) == ["a goes", "a", "both"]
    assert subjects(history, paths=["b", "train/a"]) == ["a goes", "b", "a", "both"]
    assert subjects(history, paths=["nothing"]) == []
    assert subjects(history, "HEAD~2..", paths=["train"]) == ["a goes"]


class Twin:
    """The same history in a Git repository with real files, for git's opinion."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = ""
        self.count = 0
        subprocess.run(["git", "init", "-q", "--bare", str(folder)], check=True)

    def commit(self, files: dict[str, str], parents: list[int], name: str) -> int:
        self.count += 1
        lines = [
            f"commit refs/heads/c{self.count}",
            f"mark :{self.count}",
            f"committer A <a> {self.count * 60} +0000",
        ]
        lines += [f"data {len(name)}", name]
        lines += [f"{'merge' if at else 'from'} :{parent}" for at, parent in enumerate(parents)]
        lines.append("deleteall")
        for path, content in files.items():
            lines += [f"M 644 inline {path}", f"data {len(content)}", content]
        self.script += "\n".join([*lines, ""])
        return self.count

    def finish(self) -> None:
        command = ["git", "--git-dir", str(self.folder), "fast-import", "--quiet"]
        subprocess.run(command, input=self.script, text=True, check=True)

    def log(self, *words: str) -> list[str]:
        command = ["git", "--git-dir", str(self.folder), "log", "--format=%s", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_as_git_shows_them(history: History, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    twin = Twin(tmp_path / "twin")
    commits: list[tuple[CommitId, int, dict[str, str]]] = []
    for number in range(25):
        parents = chance.sample(commits[-5:], min(len(commits), chance.choice([1, 1, 1, 2, 2, 3])))
        files = dict(chance.choice(parents)[2]) if parents else {}
        for _ in range(chance.choice([0, 1, 1, 2])):
            name = chance.choice(["train/a", "train/b", "x", "val/c"])
            files[name] = chance.choice("123")
        if files and chance.random() < 0.2:
            files.pop(chance.choice(sorted(files)))
        made = history.commit(
            {path: entry(content) for path, content in files.items()},
            *(parent[0] for parent in parents),
            message=f"c{number + 1}",
        )
        commits.append((made, twin.commit(files, [parent[1] for parent in parents], f"c{number + 1}"), files))
    twin.finish()
    tip, low = commits[-1], commits[8]
    for paths in ([], ["train"], ["train/a"], ["x", "val/c"], ["*c"]):
        for first in (False, True):
            words = ["--first-parent"] if first else []
            expected = twin.log(*words, "c25", "--", *paths)
            assert subjects(history, tip[0], paths=paths, first_parent=first) == expected
            found = subjects(history, tip[0], paths=paths, first_parent=first, order="topological")
            assert sorted(found) == sorted(expected)
    expected = twin.log(f"c{low[1]}..c25")
    assert subjects(history, f"{low[0]}..{tip[0]}") == expected
    assert history.engine.read_ref(MAIN) is None
