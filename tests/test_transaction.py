"""Changing a branch without a workspace: every way in, every way out."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aidb
from aidb.errors import (
    InvalidInputError,
    InvalidPathError,
    MergeConflictError,
    PathNotFoundError,
    RefChangedError,
    RefusedError,
    RevisionNotFoundError,
)
from aidb.transaction import Transaction
from aidb.types import Kind
from aidb.versioning.commits import Person
from tests.faults.tree import noise


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[aidb.Repository]:
    """A repository with one commit, made without a workspace."""
    with aidb.init(tmp_path / "repo") as repo:
        with repo.transaction(message="start") as tx:
            tx.put("a.txt", b"a")
            tx.put("train/1.txt", b"one")
            tx.put("train/deep/2.txt", b"two")
            tx.put("run.sh", b"#!", executable=True)
        yield repo


def files(repo: aidb.Repository, revision: str = "main") -> dict[str, bytes]:
    snapshot = repo.at(revision)
    return {path: snapshot.read(path) for path in snapshot}


def scratch(repo: aidb.Repository) -> list[Path]:
    return [path for path in (repo.folder / "tmp").rglob("*") if path.is_file()]


def test_the_first_commit_of_an_empty_repository(tmp_path: Path) -> None:
    repo = aidb.init(tmp_path / "repo")
    with repo.transaction(message="first") as tx:
        tx.put("a", b"1")
    assert repo.commit_at("main").id == tx.commit_id
    assert repo.commit_at("main").parents == ()
    assert files(repo) == {"a": b"1"}


def test_sources(repo: aidb.Repository, tmp_path: Path) -> None:
    large = noise(3_000_000, 1)
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/tool").write_bytes(b"tool")
    (folder / "sub/tool").chmod(0o755)
    (folder / "large").write_bytes(large)
    (folder / "link").symlink_to("sub/tool")
    (folder / ".aidbignore").write_text("*.tmp\n")
    (folder / "x.tmp").write_text("left out")
    (tmp_path / "pointer").symlink_to(folder / "large")
    with repo.transaction(message="all kinds") as tx:
        tx.put("bytes", b"bytes")
        tx.put("view", memoryview(bytearray(b"view")))
        tx.put("stream", io.BytesIO(large))
        tx.put("pieces", (large[at : at + 99_999] for at in range(0, len(large), 99_999)))
        tx.put("file", folder / "large")
        tx.put("followed", str(tmp_path / "pointer"))
        tx.put("folder", folder)
        tx.put("empty", b"")
    found = files(repo)
    for path in ("stream", "pieces", "file", "followed", "folder/large"):
        assert found[path] == large
    assert (found["bytes"], found["view"]) == (b"bytes", b"view")
    assert found["folder/link"] == b"sub/tool"
    assert "folder/x.tmp" not in found
    snapshot = repo.at("main")
    assert snapshot.stat("folder/sub/tool").kind is Kind.EXECUTABLE
    assert snapshot.stat("folder/link").kind is Kind.SYMLINK
    assert snapshot.stat("run.sh").kind is Kind.EXECUTABLE


def test_a_folder_as_the_whole_version(repo: aidb.Repository, tmp_path: Path) -> None:
    (tmp_path / "in/x").mkdir(parents=True)
    (tmp_path / "in/x/y").write_text("y")
    with repo.transaction(message="root") as tx:
        tx.put("", tmp_path / "in")
    assert files(repo)["x/y"] == b"y"


@pytest.mark.parametrize("size", [0, 10, 1 << 20, (1 << 20) + 1, 9_000_000])
@pytest.mark.parametrize("step", [1 << 16, 5 << 20])
def test_writing_through_a_file(repo: aidb.Repository, size: int, step: int) -> None:
    content = noise(size, 5)
    with repo.transaction(message="file") as tx:
        with tx.open("out.bin", "wb") as file:
            for at in range(0, size, step):
                assert file.write(content[at : at + step]) == len(content[at : at + step])
            assert file.tell() == size
            assert not tx.exists("out.bin")
        assert tx.read("out.bin") == content
    assert repo.at("main").read("out.bin") == content
    assert repo.fsck().ok


def test_a_file_that_fails_is_not_there(repo: aidb.Repository) -> None:
    with repo.transaction(message="half") as tx:
        with pytest.raises(ZeroDivisionError), tx.open("half", "wb") as file:
            file.write(noise(20_000_000, 3))
            raise ZeroDivisionError
        tx.put("whole", b"whole")
    assert "half" not in files(repo)
    assert files(repo)["whole"] == b"whole"


def test_a_file_left_open_stops_the_commit(repo: aidb.Repository) -> None:
    before = repo.resolve("main")
    with (
        pytest.raises(RefusedError, match="left: still being written"),
        repo.transaction(message="open") as tx,
    ):
        tx.put("a.txt", b"new")
        tx.open("left", "wb").write(b"1")
    assert repo.resolve("main") == before
    assert scratch(repo) == []


def test_modes(repo: aidb.Repository) -> None:
    with repo.transaction(message="modes") as tx:
        with pytest.raises(RefusedError, match="exists already"):
            tx.open("a.txt", "xb")
        with tx.open("new", "xb") as file:
            file.write(b"new")
            with pytest.raises(RefusedError, match="being written already"):
                tx.open("new", "wb")
        with tx.open("new") as file:
            assert file.read() == b"new"
        with pytest.raises(InvalidInputError, match="mode 'ab'"):
            tx.open("a.txt", "ab")  # type: ignore[arg-type]
    assert files(repo)["new"] == b"new"


def test_delete_copy_move(repo: aidb.Repository) -> None:
    with repo.transaction(message="shuffle") as tx:
        tx.move("train", "data/train")
        tx.copy("data/train/1.txt", "first")
        tx.delete("data/train/deep")
        tx.move("a.txt", "train")  # a file where a folder was
        assert [item.path for item in tx.ls()] == ["data", "first", "run.sh", "train"]
        assert not tx.exists("train/1.txt")
    assert files(repo) == {"data/train/1.txt": b"one", "first": b"one", "run.sh": b"#!", "train": b"a"}
    with repo.transaction(message="back") as tx:
        tx.copy("train", "old", revision="main~1")
        tx.copy("", "all", revision="main~1")
    assert files(repo)["old/deep/2.txt"] == files(repo)["all/train/deep/2.txt"] == b"two"


def test_copying_stores_no_bytes(repo: aidb.Repository) -> None:
    with repo.transaction(message="large") as tx:
        tx.put("large", noise(4_000_000, 8))
    with repo.transaction(message="copy") as tx:
        tx.copy("large", "again")
        tx.move("large", "else")
    assert repo.at().stat("again") == repo.at().stat("else")
    assert sum(p.stat().st_size for p in (repo.folder / "store/packs").iterdir()) < 4_100_000


def test_reading_what_is_pending(repo: aidb.Repository) -> None:
    with repo.transaction(message="look") as tx:
        tx.put("train/3.txt", b"three")
        tx.delete("train/1.txt")
        assert tx.stat("train/3.txt").size == 5
        assert tx.read("train/3.txt") == b"three"
        with pytest.raises(PathNotFoundError, match=r"train/1\.txt is not in main"):
            tx.stat("train/1.txt")
        assert tx.exists("train")
        assert tx.exists("train/deep")
        assert tx.exists("")
        assert not tx.exists("train/1.txt")
        assert not tx.exists("nowhere")
        assert [(item.name, item.is_folder) for item in tx.ls("train")] == [("3.txt", False), ("deep", True)]
        assert [path for path, _ in tx.walk("train")] == ["train/3.txt", "train/deep/2.txt"]
        with pytest.raises(PathNotFoundError):
            tx.ls("nowhere")
        assert "train/3.txt" not in repo.at("main")


def test_nothing_changed_makes_no_commit(repo: aidb.Repository) -> None:
    before = repo.resolve("main")
    with repo.transaction(message="nothing") as tx:
        tx.put("a.txt", b"a")
        tx.put("b", b"b")
        tx.delete("b")
    assert tx.commit_id is None
    assert repo.resolve("main") == before


def test_an_exception_leaves_nothing(repo: aidb.Repository) -> None:
    before = repo.resolve("main"), sorted(os.listdir(repo.folder / "store/packs"))
    with pytest.raises(ZeroDivisionError), repo.transaction(message="fails") as tx:
        tx.put("x", noise(2_000_000, 4))
        raise ZeroDivisionError
    assert (repo.resolve("main"), sorted(os.listdir(repo.folder / "store/packs"))) == before
    assert scratch(repo) == []
    with pytest.raises(RefusedError, match="the transaction is over"):
        tx.put("y", b"y")


def test_abort(repo: aidb.Repository) -> None:
    before = repo.resolve("main")
    with repo.transaction(message="given up") as tx:
        tx.put("x", b"x")
        tx.abort()
        tx.abort()
    assert tx.commit_id is None
    assert repo.resolve("main") == before


@pytest.mark.parametrize(
    ("path", "problem"),
    [("a.txt/below", "both a file and a folder"), ("train", "both a file and a folder"), ("../x", "`..`"),
     ("/etc/passwd", "absolute"), (".aidb/format", "not versioned"), ("", "names no file")],
)  # fmt: skip
def test_paths_that_cannot_be(repo: aidb.Repository, path: str, problem: str) -> None:
    with repo.transaction(message="bad") as tx:
        with pytest.raises(InvalidPathError, match=problem):
            tx.put(path, b"x")
        with pytest.raises(InvalidPathError, match=problem), tx.open(path, "wb") as file:
            file.write(b"x")
    assert tx.commit_id is None


def test_clashes_among_its_own_changes(repo: aidb.Repository) -> None:
    with repo.transaction(message="clash") as tx:
        tx.put("n/m", b"1")
        with pytest.raises(InvalidPathError, match="both a file and a folder"):
            tx.put("n", b"2")
        tx.delete("n")
        tx.put("n", b"2")
        with pytest.raises(InvalidPathError, match="both a file and a folder"):
            tx.put("n/m/o", b"3")
        with pytest.raises(InvalidPathError, match="moved into itself"):
            tx.move("train", "train/inside")
    assert files(repo)["n"] == b"2"


@pytest.mark.parametrize("source", [io.StringIO("text"), ["text"], 7, object()])
def test_content_that_is_none(repo: aidb.Repository, source: object) -> None:
    with repo.transaction(message="bad") as tx:
        with pytest.raises(InvalidInputError):
            tx.put("x", source)  # type: ignore[arg-type]
        with pytest.raises(PathNotFoundError, match="no file or folder"):
            tx.put("x", Path("does/not/exist"))
    assert tx.commit_id is None


def test_a_pipe_is_refused(repo: aidb.Repository, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in/pipe")
    with repo.transaction(message="pipe") as tx:
        with pytest.raises(InvalidInputError, match="named pipe"):
            tx.put("x", tmp_path / "in")
        with pytest.raises(InvalidInputError, match="not a regular file"):
            tx.put("x", tmp_path / "in/pipe")


# Branches


def test_a_missing_branch(repo: aidb.Repository) -> None:
    with pytest.raises(RevisionNotFoundError, match="no branch 'mian'") as caught:
        repo.transaction("mian", "x")
    assert "main" in caught.value.hints[0]
    with repo.transaction("made", "from HEAD", create=True) as tx:
        tx.put("x", b"x")
    assert repo.commit_at("made").parents == (repo.resolve("main"),)
    assert files(repo, "made").keys() == files(repo).keys() | {"x"}


def test_a_branch_made_twice(repo: aidb.Repository) -> None:
    one, two = (repo.transaction("made", f"{n}", create=True) for n in (1, 2))
    one.put("1", b"1")
    two.put("2", b"2")
    first, second = one.commit(), two.commit()
    assert second is not None
    assert repo.commit_at(second).parents == (first,)
    assert {"1", "2"} <= files(repo, "made").keys()


def test_a_branch_that_is_deleted_meanwhile(repo: aidb.Repository) -> None:
    repo.branches.create("gone")
    tx = repo.transaction("gone", "x")
    tx.put("x", b"x")
    repo.branches.delete("gone", force=True)
    with pytest.raises(RefChangedError, match="was deleted meanwhile"):
        tx.commit()
    assert "gone" not in repo.branches


def test_who_and_when(repo: aidb.Repository) -> None:
    with repo.transaction(message="by hand", author=Person("Ada", "ada@example.org")) as tx:
        tx.put("x", b"x")
    made = repo.commit_at("main")
    assert made.id == tx.commit_id
    assert str(made.author) == "Ada <ada@example.org>"
    assert repo.engine.reflog(made_ref := aidb.types.branch_ref("main"))[0].reason == "commit: by hand", (
        made_ref
    )
    with pytest.raises(InvalidInputError, match="message is empty"):
        repo.transaction("main", " ")


# Others meanwhile


def crossed(repo: aidb.Repository) -> Transaction:
    """A transaction, and after it began a commit by somebody else on a.txt and train/new."""
    tx = repo.transaction(message="mine")
    with repo.transaction(message="theirs") as other:
        other.put("a.txt", b"theirs")
        other.put("train/new", b"theirs")
        if other.exists("run.sh"):
            other.delete("run.sh")
    return tx


def test_changes_elsewhere_are_brought_onto_the_new_tip(repo: aidb.Repository) -> None:
    tx = crossed(repo)
    tx.put("mine", b"mine")
    tx.put("train/mine", b"mine")
    assert tx.stat("train/1.txt").size == 3
    assert tx.exists("train")
    tx.delete("train/deep/2.txt")
    tx.commit()
    found = files(repo)
    assert found["a.txt"] == found["train/new"] == b"theirs"
    assert found["mine"] == found["train/mine"] == b"mine"
    assert "run.sh" not in found
    assert "train/deep/2.txt" not in found
    assert [commit.message for commit in repo.log("main")] == ["mine", "theirs", "start"]


@pytest.mark.parametrize(
    ("touch", "paths"),
    [
        (lambda tx: tx.put("a.txt", b"mine"), ("a.txt",)),
        (lambda tx: tx.put("run.sh", b"mine"), ("run.sh",)),
        (lambda tx: tx.put("a.txt.d/x", tx.read("a.txt")), ("a.txt",)),
        (lambda tx: tx.stat("run.sh"), ("run.sh",)),
        (lambda tx: tx.exists("run.sh"), ("run.sh",)),
        (lambda tx: tx.exists("train/new"), ("train/new",)),
        (lambda tx: tx.ls("train"), ("train/new",)),
        (lambda tx: tx.ls(), ("a.txt", "run.sh", "train/new")),
        (lambda tx: list(tx.walk("train")), ("train/new",)),
        (lambda tx: tx.delete("train"), ("train/new",)),
        (lambda tx: tx.copy("train", "copy"), ("train/new",)),
        (lambda tx: tx.move("a.txt", "b.txt"), ("a.txt",)),
        (lambda tx: tx.put("train/new/below", b""), ("train/new", "train/new/below")),
    ],
)
def test_touching(
    repo: aidb.Repository, touch: Callable[[Transaction], object], paths: tuple[str, ...]
) -> None:
    tx = crossed(repo)
    touch(tx)
    tx.put("something", b"else")
    before = repo.resolve("main")
    with pytest.raises(MergeConflictError) as caught:
        tx.commit()
    assert caught.value.paths == paths
    assert repo.resolve("main") == before
    assert tx.commit_id is None
    assert scratch(repo) == []


def test_the_same_change_is_no_conflict(repo: aidb.Repository) -> None:
    tx = crossed(repo)
    tx.put("a.txt", b"theirs")
    assert tx.commit() is None
    with repo.transaction(message="mine") as tx:
        tx.put("b.txt", b"b")
        with repo.transaction(message="theirs") as other:
            other.put("b.txt", b"b")
            other.put("c.txt", b"c")
        tx.put("d.txt", b"d")
    assert tx.commit_id == repo.resolve("main")


# The workspace


def test_the_workspace_is_left_alone_and_can_catch_up(tmp_path: Path) -> None:
    repo = aidb.init(tmp_path / "repo")
    with repo.transaction(message="first") as tx:
        tx.put("a.txt", b"a")
        tx.put("b.txt", b"b")
    status = repo.status()
    assert (status.staged, status.unstaged, status.untracked) == ([], [], [])
    assert "aidb switch main" in status.notes[0]
    assert repo.switch("main").written == 2
    (repo.root / "mine.txt").write_text("mine")
    repo.add(["mine.txt"])
    with repo.transaction(message="second") as tx:
        tx.put("a.txt", b"new")
    with pytest.raises(RefChangedError, match="everything is still staged"):
        repo.commit("on top of what I have not seen")
    repo.switch("main")
    assert [change.path for change in repo.status().staged] == ["mine.txt"]
    repo.commit("third")
    assert files(repo) == {"a.txt": b"new", "b.txt": b"b", "mine.txt": b"mine"}
    assert repo.status().clean


def test_a_branch_that_begins_empty(repo: aidb.Repository) -> None:
    for name in ("first", "second"):
        with repo.transaction("alone", name, create="empty") as tx:
            tx.put(f"{name}.txt", b"1")
    assert list(repo.at("alone")) == ["first.txt", "second.txt"]
    assert [commit.message.strip() for commit in repo.log("alone")] == ["second", "first"]
