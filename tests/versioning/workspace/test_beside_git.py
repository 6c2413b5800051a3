"""In the folder of a Git repository of code: what is Git's stays Git's, and each knows the other's commit."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from aidb import Repository
from aidb.errors import InvalidInputError, NotFoundError, RevisionNotFoundError, WouldOverwriteError
from aidb.versioning.workspace import gitignore_lines, ignore_in_git
from tests.versioning.workspace.conftest import Files, short


def git(repo: Repository, *arguments: str) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_AUTHOR_NAME": "g",
        "GIT_AUTHOR_EMAIL": "g@example.com",
        "GIT_COMMITTER_NAME": "g",
        "GIT_COMMITTER_EMAIL": "g@example.com",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }
    command = ["git", "-C", str(repo.root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@pytest.fixture
def beside(repo: Repository, files: Files) -> Repository:
    """A Git repository with code.py and src/x.py committed, and data/ not known to anybody."""
    git(repo, "init", "-q", "-b", "main")
    files.put("code.py", "print(1)")
    files.put("src/x.py", "x = 1")
    git(repo, "add", "code.py", "src")
    git(repo, "commit", "-q", "-m", "code")
    files.put("data/1", "one")
    files.put("data/2", "two")
    return repo


def test_aidb_hides_from_git(beside: Repository) -> None:
    assert "aidb" not in git(beside, "status", "--porcelain", "--untracked-files=all")


def test_what_git_tracks_is_not_ours(beside: Repository, files: Files) -> None:
    files.put("src/data.bin", "mixed folder")
    assert beside.status().untracked == ["data/", "src/data.bin"]
    result = beside.add()
    assert result.added == 3
    assert any("left to Git, which tracks 2 files" in note for note in result.notes)
    assert short(beside.status().staged) == ["A data/1", "A data/2", "A src/data.bin"]
    beside.add(["code.py"])  # asked for by name
    assert "A code.py" in short(beside.status().staged)


def test_aidb_in_a_subfolder_of_git(tmp_path: Path) -> None:
    import aidb

    outer = tmp_path / "project"
    repo = aidb.init(outer / "ml")
    files = Files(repo.root)
    files.put("train.py", "1")
    files.put("images/1", "1")
    (outer / "other.py").write_text("1")
    for command in (["init", "-q"], ["add", "ml/train.py", "other.py"]):
        subprocess.run(["git", "-C", str(outer), *command], check=True, capture_output=True)
    assert repo.status().untracked == ["images/"]
    repo.add()
    repo.commit("one")
    assert (outer / "ml/aidb.lock").exists()


def test_gitignore_lines(beside: Repository, files: Files) -> None:
    files.put("odd [name]*", "1")
    lines = gitignore_lines(beside.root, [b"data", b"odd [name]*", b"code.py", b"src"])
    assert lines == ["/data/", "/odd \\[name]\\*"]
    (beside.root / ".gitignore").write_text("*.pyc")
    assert ignore_in_git(beside.root, [b"data", b"odd [name]*"]) == lines
    assert (beside.root / ".gitignore").read_text() == "*.pyc\n/data/\n/odd \\[name]\\*\n"
    assert ignore_in_git(beside.root, [b"data", b"odd [name]*"]) == []
    assert git(beside, "status", "--porcelain") == "?? .gitignore"


def test_add_offers_the_line(beside: Repository) -> None:
    result = beside.add(["data"])
    assert any("/data/" in note and ".gitignore" in note for note in result.notes)
    ignore_in_git(beside.root, [b"data"])
    beside.remove(["data"], recursive=True, cached=True, force=True)
    assert not any(".gitignore" in note for note in beside.add(["data"]).notes)


def test_code_commit_is_recorded(beside: Repository, files: Files) -> None:
    beside.add(["data"])
    code = git(beside, "rev-parse", "HEAD")
    assert beside.commit("one").code == code
    files.put("code.py", "print(2)")
    files.put("data/1", "changed")
    assert beside.commit("two", all=True).code == code + "-dirty"
    git(beside, "add", "aidb.lock")
    git(beside, "commit", "-q", "-am", "more code")
    files.put("data/1", "again")
    # That aidb.lock follows the data does not make the code dirty.
    assert beside.commit("three", all=True).code == git(beside, "rev-parse", "HEAD")
    files.put("data/1", "and again")
    assert beside.commit("four", all=True).code == git(beside, "rev-parse", "HEAD")


def test_outside_of_git(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    result = repo.add()
    assert result.notes == []
    assert repo.commit("one").code is None
    assert not (repo.root / "aidb.lock").exists()
    assert gitignore_lines(repo.root, [b"a"]) == []
    with pytest.raises(NotFoundError, match=r"no aidb\.lock"):
        repo.sync()


def test_lock_follows_head(beside: Repository, files: Files) -> None:
    beside.add(["data"])
    first = beside.commit("one")
    lock = tomllib.loads((beside.root / "aidb.lock").read_text())
    assert lock == {
        "format": 1,
        "commit": first.id,
        "branch": "main",
        "manifest": first.root.hex(),
        "files": 2,
        "bytes": 6,
    }
    beside.switch("other", create=True)
    files.put("data/3", "three")
    beside.add(["data"])
    second = beside.commit("two")
    assert second.id in (beside.root / "aidb.lock").read_text()
    beside.switch("main")
    assert first.id in (beside.root / "aidb.lock").read_text()
    beside.merge("other")
    assert second.id in (beside.root / "aidb.lock").read_text()
    beside.reset(first.id, mode="hard")
    assert first.id in (beside.root / "aidb.lock").read_text()
    assert beside.status().untracked == []


def test_sync_after_git_checkout(beside: Repository, files: Files) -> None:
    beside.add(["data"])
    first = beside.commit("one")
    git(beside, "add", "aidb.lock")
    git(beside, "commit", "-q", "-m", "with data one")
    files.put("data/1", "changed")
    second = beside.commit("two", all=True)
    git(beside, "commit", "-q", "-am", "with data two")
    git(beside, "checkout", "-q", "HEAD~1")
    assert any("aidb.lock pins" in note and "aidb sync" in note for note in beside.status().notes)
    done = beside.sync()
    assert (done.branch, done.commit) == (None, first.id)
    assert files.read("data/1") == "one"
    assert git(beside, "status", "--porcelain", "--", "aidb.lock") == ""
    git(beside, "checkout", "-q", "main")
    done = beside.sync()
    assert (done.branch, done.commit) == ("main", second.id)
    assert files.read("data/1") == "changed"
    assert not beside.status().notes
    git(beside, "checkout", "-q", "HEAD~1")
    files.put("data/1", "mine")
    with pytest.raises(WouldOverwriteError):
        beside.sync()


def test_sync_to_what_is_not_there(beside: Repository, files: Files) -> None:
    beside.add(["data"])
    commit = beside.commit("one")
    lock = beside.root / "aidb.lock"
    lock.write_text(lock.read_text().replace(commit.id, "0" * 40))
    with pytest.raises(RevisionNotFoundError, match="0000000000"):
        beside.sync()
    for text in ("<<<<<<< ours\n", "format = 99\n", 'format = 1\ncommit = "x"\n', "\xff"):
        lock.write_bytes(text.encode("latin-1"))
        with pytest.raises(InvalidInputError, match=r"aidb\.lock cannot be read"):
            beside.sync()
        assert beside.status().notes


def test_lockfile_can_be_switched_off(beside: Repository) -> None:
    beside.config.set("workspace.lockfile", "false")
    beside.add(["data"])
    beside.commit("one")
    assert not (beside.root / "aidb.lock").exists()


def test_git_environment_of_a_hook_does_not_mislead(
    beside: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    assert beside.status().untracked == ["data/"]
    beside.add(["data"])
    assert beside.commit("one").code is not None


def test_without_git_installed(beside: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert beside.status().untracked == ["code.py", "data/", "src/"]
    beside.add(["data"])
    assert beside.commit("one").code is None
