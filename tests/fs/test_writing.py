"""Writing through fsspec: which commits come of it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import aidb
from aidb.errors import MergeConflictError
from aidb.repository import Repository
from tests.fs.conftest import TABLE

pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'aidb[fs]'")

if TYPE_CHECKING:
    from aidb.fs import AidbFileSystem


def subjects(repository: Repository, revision: str = "main") -> list[str]:
    """The messages since `No cats`, oldest first."""
    found = [commit.subject for commit in repository.log(revision)]
    return found[: found.index("No cats")][::-1]


def test_a_file_is_a_commit_once_it_is_closed(fs: AidbFileSystem, repository: Repository) -> None:
    with fs.open("main/new.txt", "w") as file:
        file.write("half")
        file.flush()
        assert not fs.exists("main/new.txt")
        file.write(" and half")
    assert fs.cat("main/new.txt") == b"half and half"
    assert subjects(repository) == ["Write main/new.txt"]
    assert not fs.exists("v1/new.txt")


def test_a_file_that_fails_leaves_nothing(fs: AidbFileSystem, repository: Repository) -> None:
    with pytest.raises(ZeroDivisionError), fs.open("main/new.txt", "wb") as file:
        file.write(b"half")
        raise ZeroDivisionError
    file = fs.open("main/table.csv", "wb")
    file.write(b"half")
    del file
    assert subjects(repository) == []
    assert fs.find("main/new.txt") == []


def test_append_and_exclusive(fs: AidbFileSystem) -> None:
    with fs.open("v1/table.csv", "rb") as old, fs.open("main/table.csv", "wb") as file:
        file.write(old.read())
    with fs.open("main/table.csv", "ab") as file:
        file.write(b"cow,3\n")
        assert file.tell() == len(TABLE) + 6
    assert fs.cat("main/table.csv") == TABLE.encode() + b"cow,3\n"
    with pytest.raises(FileExistsError):
        fs.open("main/table.csv", "xb")
    with pytest.raises(FileExistsError):
        fs.pipe_file("main/table.csv", b"", mode="create")
    with pytest.raises(IsADirectoryError):
        fs.open("main/deep", "wb")
    with pytest.raises(NotImplementedError, match="written anew"):
        fs.open("main/table.csv", "r+b")


def test_one_call_is_one_commit(fs: AidbFileSystem, repository: Repository, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    fs.put(str(tmp_path / "in"), "main/put", recursive=True)
    fs.pipe({"main/x": b"x", "main/y": b"y"})
    fs.copy("v1/deep", "main/old", recursive=True)
    fs.mv("main/put", "main/moved", recursive=True)
    fs.rm("main/moved", recursive=True)
    assert subjects(repository) == [
        "Put main/put",
        "Write 2 files",
        "Copy v1/deep to main/old",
        "Move main/put to main/moved",
        "Remove main/moved",
    ]
    assert fs.find("main/old") == ["main/old/b:c@d.txt", "main/old/down/a.bin"]
    assert not fs.exists("main/moved")
    assert not fs.exists("main/put")


def test_a_block_is_one_commit_and_sees_its_own_changes(fs: AidbFileSystem, repository: Repository) -> None:
    with fs.transaction as together:
        together.message = "Clean"
        fs.pipe("main/a/b.txt", b"new")
        with fs.open("main/a/c.txt", "wb") as file:
            file.write(b"more")
        fs.rm("main/deep", recursive=True)
        assert fs.cat("main/a/b.txt") == b"new"
        assert fs.find("main") == ["main/a/b.txt", "main/a/c.txt", "main/table.csv"]
        assert fs.ls("main/a", detail=False) == ["main/a/b.txt", "main/a/c.txt"]
        assert fs.info("main/a/b.txt")["size"] == 3
        fs.copy("main/a/b.txt", "feature%2Fx/b.txt")
        assert repository.at("main").read("table.csv") == b"name,count\ndog,2\n"
        assert subjects(repository) == []
    assert subjects(repository) == ["Clean"]
    assert repository.at("feature/x").read("b.txt") == b"new"
    fs.pipe("main/after.txt", b"alone")
    assert subjects(repository) == ["Clean", "Write main/after.txt"]


def test_a_block_that_fails_leaves_nothing(fs: AidbFileSystem, repository: Repository) -> None:
    with pytest.raises(ZeroDivisionError), fs.transaction:
        fs.pipe("main/a.txt", b"new")
        raise ZeroDivisionError
    assert subjects(repository) == []
    with pytest.raises(aidb.AidbError, match="still being written"), fs.transaction:
        fs.open("main/a.txt", "wb")
    assert subjects(repository) == []
    fs.pipe("main/a.txt", b"new")
    assert subjects(repository) == ["Write main/a.txt"]


def test_a_block_that_read_what_others_changed_is_refused(fs: AidbFileSystem, repository: Repository) -> None:
    def others() -> None:
        with repository.transaction("main", "Others") as tx:
            tx.put("table.csv", b"theirs")

    with pytest.raises(MergeConflictError), fs.transaction:
        fs.pipe("main/a.txt", b"new")
        assert fs.cat("main/table.csv")
        others()
    assert subjects(repository) == ["Others"]


def test_only_branches_can_be_written_to(fs: AidbFileSystem, repository: Repository) -> None:
    for path, why in (
        ("v1/a", "v1 is a tag and never changes"),
        (f"{repository.resolve('main')}/a", "names a commit"),
        ("main~1/a", "names a commit"),
    ):
        for write in (
            lambda path=path: fs.open(path, "wb"),
            lambda path=path: fs.pipe(path, b""),
            lambda path=path: fs.mkdir(path),
            lambda path=path: fs.copy("main/table.csv", path),
        ):
            with pytest.raises(PermissionError, match=why):
                write()
    with pytest.raises(PermissionError):
        fs.rm("v1/table.csv")
    with pytest.raises(FileNotFoundError, match="no branch"):
        fs.pipe("nowhere/a", b"")
    with pytest.raises(FileNotFoundError):
        fs.rm("main/nothing")
    with pytest.raises(IsADirectoryError):
        fs.rm("main/deep")


def test_the_message_can_be_an_option(repository: Repository) -> None:
    from aidb.fs import AidbFileSystem

    AidbFileSystem(repo=repository.root, message="As told").pipe("main/a", b"a")
    assert subjects(repository) == ["As told"]


def test_the_first_commit_of_a_repository(tmp_path: Path) -> None:
    from aidb.fs import AidbFileSystem

    fs = AidbFileSystem(repo=aidb.init(tmp_path).root)
    assert not fs.exists("main")
    fs.pipe("main/a", b"a")
    assert fs.cat("main/a") == b"a"


def test_made_folders_are_remembered_by_the_instance(fs: AidbFileSystem, repository: Repository) -> None:
    fs.makedirs("main/x/y")
    assert fs.isdir("main/x/y")
    assert fs.ls("main/x", detail=False) == ["main/x/y"]
    assert fs.find("main/x", withdirs=True) == ["main/x", "main/x/y"]
    assert subjects(repository) == []
    with pytest.raises(FileExistsError):
        fs.mkdir("main/x")
    with pytest.raises(FileExistsError):
        fs.makedirs("main/table.csv", exist_ok=True)
    with pytest.raises(FileNotFoundError):
        fs.mkdir("main/p/q", create_parents=False)
    with pytest.raises(OSError, match="not empty"):
        fs.rmdir("main/x")
    with pytest.raises(NotADirectoryError):
        fs.rmdir("main/table.csv")
    fs.rmdir("main/x/y")
    fs.rm("main/x", recursive=True)
    assert not fs.exists("main/x")
