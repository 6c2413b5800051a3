"""`switch`: files follow, local work stays, nothing is overwritten, a killed switch can be run again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aidb import Repository
from aidb.errors import (
    DamagedObjectError,
    RefusedError,
    RevisionNotFoundError,
    StorageError,
    WouldOverwriteError,
)
from tests.versioning.workspace.conftest import Files, short


@pytest.fixture
def two(repo: Repository, files: Files) -> Repository:
    """`main` has a=1, b, d/x; `other` has a=2, d/y, new; on main."""
    files.put("a", "1")
    files.put("b", "b")
    files.put("d/x", "x")
    repo.add()
    repo.commit("one")
    repo.switch("other", create=True)
    files.put("a", "2")
    files.remove("d/x")
    files.put("d/y", "y")
    files.put("new", "new")
    repo.add()
    repo.commit("two")
    repo.switch("main")
    return repo


MAIN = {"a": b"1", "b": b"b", "d/x": b"x"}
OTHER = {"a": b"2", "b": b"b", "d/y": b"y", "new": b"new"}


def test_there_and_back(two: Repository, files: Files) -> None:
    assert files.all() == MAIN
    done = two.switch("other")
    assert (done.branch, done.written, done.removed) == ("other", 3, 1)
    assert files.all() == OTHER
    assert two.status().clean
    two.switch("-")
    assert files.all() == MAIN
    assert two.head.branch == "main"
    assert two.status().clean


def test_detach(two: Repository, files: Files) -> None:
    with pytest.raises(RevisionNotFoundError, match="not a branch") as caught:
        two.switch("other~0")
    assert "--detach" in caught.value.hints[0]
    two.switch("other~0", detach=True)
    assert two.head.branch is None
    assert files.all() == OTHER
    with pytest.raises(RevisionNotFoundError):
        two.switch("nowhere")


def test_create(two: Repository, files: Files) -> None:
    two.switch("third", create=True, start="other")
    assert files.all() == OTHER
    assert two.head.branch == "third"
    with pytest.raises(RefusedError, match="there is a branch third"):
        two.switch("third", create=True)


def test_create_before_the_first_commit(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    repo.switch("start", create=True)
    assert short(repo.status().staged) == ["A a"]
    repo.commit("one")
    assert list(repo.branches) == ["start"]


def test_unrelated_local_changes_are_carried(two: Repository, files: Files) -> None:
    files.put("b", "mine")
    files.put("untracked", "mine")
    files.put("staged", "mine")
    two.add(["staged"])
    two.switch("other")
    assert files.all() == {**OTHER, "b": b"mine", "untracked": b"mine", "staged": b"mine"}
    status = two.status()
    assert short(status.staged) == ["A staged"]
    assert short(status.unstaged) == ["M b"]
    assert status.untracked == ["untracked"]
    two.switch("main")
    assert files.all() == {**MAIN, "b": b"mine", "untracked": b"mine", "staged": b"mine"}


@pytest.mark.parametrize(
    ("name", "content"),
    [("a", "mine"), ("d/x", "mine"), ("new", "mine"), ("d/y", "mine"), ("new/inside", "mine")],
)
def test_local_work_in_the_way_is_refused(two: Repository, files: Files, name: str, content: str) -> None:
    files.put(name, content)
    before = files.all()
    with pytest.raises(WouldOverwriteError) as caught:
        two.switch("other")
    assert caught.value.paths == (name,)
    assert "--force" in caught.value.hints[1]
    assert files.all() == before
    assert two.head.branch == "main"
    two.switch("other", force=True)
    assert files.all() == OTHER
    assert two.status().clean


def test_staged_work_in_the_way_is_refused(two: Repository, files: Files) -> None:
    files.put("a", "mine")
    two.add()
    with pytest.raises(WouldOverwriteError, match="staged changes would be lost: a"):
        two.switch("other")
    files.put("a", "2")
    two.add()
    two.switch("other")  # the same content is no conflict
    assert two.status().clean


def test_staged_deletion_and_file_for_folder(two: Repository, files: Files) -> None:
    files.remove("a")
    two.add()
    with pytest.raises(WouldOverwriteError):
        two.switch("other")
    two.restore(["a"], staged=True)
    files.remove("d/x")
    (two.root / "d").rmdir()
    files.put("d", "a file now")
    two.add()
    with pytest.raises(WouldOverwriteError):
        two.switch("other")
    assert files.read("d") == "a file now"


def test_deleted_file_does_not_stand_in_the_way(two: Repository, files: Files) -> None:
    files.remove("a", "d/x")
    two.switch("other")
    assert files.all() == OTHER


def test_identical_untracked_files_are_fine(two: Repository, files: Files) -> None:
    files.put("new", "new")
    files.put("d/y", "y")
    done = two.switch("other")
    assert files.all() == OTHER
    assert done.written == 1
    assert two.status().clean


def test_ignored_files_are_not_overwritten(two: Repository, files: Files) -> None:
    files.put(".aidbignore", "new\n")
    files.put("new", "precious")
    with pytest.raises(WouldOverwriteError):
        two.switch("other")


def test_again_after_it_was_killed_half_way(two: Repository, files: Files) -> None:
    files.put("a", "2")
    files.remove("d/x")
    files.put("new", "new")
    two.switch("other")
    assert files.all() == OTHER
    assert two.status().clean


def test_killed_between_index_and_head(two: Repository, files: Files) -> None:
    head = (two.folder / "git/HEAD").read_bytes()
    two.switch("other")
    (two.folder / "git/HEAD").write_bytes(head)
    again = Repository(two.root)
    assert again.status().notes
    again.switch("other")
    assert again.status().clean
    assert files.all() == OTHER


def test_emptied_folders_are_pruned_unless_used(two: Repository, files: Files) -> None:
    files.put("deep/er/file", "1")
    files.put("kept/tracked", "1")
    two.add()
    two.commit("folders")
    files.put("kept/untracked", "1")
    two.switch("other")
    assert not (two.root / "deep").exists()
    assert sorted(os.listdir(two.root / "kept")) == ["untracked"]


def test_kinds_change_both_ways(repo: Repository, files: Files) -> None:
    files.put("file-folder", "1")
    files.put("folder-file/x/y", "1")
    files.put("file-link", "1")
    files.put("folder-link/x", "1")
    files.put("tool", "1")
    repo.add()
    repo.commit("one")
    one = files.all()
    repo.switch("other", create=True)
    repo.remove(["."], recursive=True)
    files.put("file-folder/inside/deep", "2")
    files.put("folder-file", "2")
    (repo.root / "file-link").symlink_to("nowhere")
    (repo.root / "folder-link").symlink_to("/etc")
    files.put("tool", "1").chmod(0o755)
    repo.add()
    repo.commit("two")
    two = files.all()
    for _ in range(2):
        repo.switch("main")
        assert files.all() == one
        assert not os.access(repo.root / "tool", os.X_OK) or not os.stat(repo.root / "tool").st_mode & 0o100
        assert repo.status().clean
        repo.switch("other")
        assert files.all() == two
        assert os.stat(repo.root / "tool").st_mode & 0o100
        assert repo.status().clean


@pytest.mark.parametrize("tracked", [True, False])
def test_symlink_traps_are_not_followed(two: Repository, files: Files, tmp_path: Path, tracked: bool) -> None:
    """A folder replaced by a symlink that leads out: neither written through nor deleted through."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("x", "y"):
        (outside / name).write_text("precious")
    files.remove("d/x")
    (two.root / "d").rmdir()
    (two.root / "d").symlink_to(outside)
    if tracked:
        two.add()
    with pytest.raises(WouldOverwriteError):
        two.switch("other")
    assert sorted(path.read_text() for path in outside.iterdir()) == ["precious", "precious"]
    two.switch("other", force=True)
    assert sorted(path.read_text() for path in outside.iterdir()) == ["precious", "precious"]
    assert files.all() == OTHER
    assert not (two.root / "d").is_symlink()


def test_file_symlink_is_replaced_not_written_through(two: Repository, files: Files, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("1")  # even with the content that is expected
    files.remove("a")
    (two.root / "a").symlink_to(precious)
    with pytest.raises(WouldOverwriteError):
        two.switch("other")
    two.switch("other", force=True)
    assert precious.read_text() == "1"
    assert files.read("a") == "2"
    assert not (two.root / "a").is_symlink()


def test_hard_linked_twin_outside_is_not_changed(two: Repository, files: Files, tmp_path: Path) -> None:
    os.link(two.root / "a", tmp_path / "twin")
    two.switch("other", force=True)
    assert (tmp_path / "twin").read_text() == "1"


@pytest.mark.parametrize("big", [False, True])
def test_damaged_content_never_reaches_the_workspace(repo: Repository, files: Files, big: bool) -> None:
    content = os.urandom(3 << 20) if big else os.urandom(5000)
    files.put("a", "old")
    files.put("z", "old")
    repo.add()
    repo.commit("one")
    repo.switch("other", create=True)
    files.put("a", content)
    repo.add()
    repo.commit("two")
    files.put("fine", "fine")
    files.put("z", "new")
    repo.add()
    repo.commit("three")
    repo.switch("main")
    _flip(repo, content[1000:1032])
    again = Repository(repo.root)
    with pytest.raises(
        DamagedObjectError, match=r"1 file could not be written, all others were: a"
    ) as caught:
        again.switch("other")
    assert "aidb fsck" in caught.value.hints[0]
    assert files.all() == {"fine": b"fine", "z": b"new"}
    assert again.head.branch == "other"
    assert short(again.status().unstaged) == ["D a"]
    with pytest.raises(DamagedObjectError, match="a"):
        again.restore(["a"])
    assert not (repo.root / "a").exists()
    again.switch("main", force=True)
    assert files.all() == {"a": b"old", "z": b"old"}


def test_damage_where_the_old_file_was_racily_clean(repo: Repository, files: Files) -> None:
    """The old content must not pass for the new one, even if the index did not know the file any more."""
    content = os.urandom(5000)
    repo.switch("other", create=True)
    files.put("a", content)
    repo.add()
    repo.commit("damaged soon")
    repo.switch("main", create=True)
    files.put("a", "old")
    repo.commit("old", all=True)
    os.utime(repo.root / "a", (1, 1))
    _flip(repo, content[1000:1032])
    again = Repository(repo.root)
    with pytest.raises(DamagedObjectError, match="a"):
        again.switch("other")
    assert files.all() == {}


def test_missing_pack(repo: Repository, files: Files) -> None:
    files.put("a", "old")
    repo.add()
    repo.commit("one")
    before = set((repo.folder / "store/packs").iterdir())
    repo.switch("other", create=True)
    files.put("a", "new")
    files.put("b", "new b")
    repo.add()
    repo.commit("two")
    repo.switch("main")
    for pack in set((repo.folder / "store/packs").iterdir()) - before:
        if pack.suffix == ".data":
            pack.unlink()
    again = Repository(repo.root)
    with pytest.raises(DamagedObjectError, match="2 files could not be written"):
        again.switch("other")


def test_full_disk_like_failure_can_be_run_again(two: Repository, files: Files) -> None:
    """A folder that cannot be made stops the switch before index and HEAD; then it can be run again."""
    os.mkfifo(two.root / "pipe")
    (two.root / "pipe").rename(two.root / "new")
    with pytest.raises((WouldOverwriteError, StorageError)):
        two.switch("other")
    assert two.head.branch == "main"
    (two.root / "new").unlink()
    two.switch("other")
    assert files.all() == OTHER


def test_nothing_temporary_is_left(two: Repository, files: Files) -> None:
    two.switch("other")
    two.close()
    assert list((two.folder / "tmp").iterdir()) == []


def test_rows_written_by_a_switch_are_trusted(two: Repository, files: Files) -> None:
    """The next status reads no file: what was just written is known."""
    from aidb.versioning.workspace.index.rows import UNKNOWN

    two.switch("other")
    index = two.workspace.read_index()
    assert all(index.row(path) != UNKNOWN for path in (b"a", b"d/y", b"new"))


def _flip(repo: Repository, needle: bytes) -> None:
    """Flip a byte of the stored content that begins with `needle`."""
    for pack in (repo.folder / "store/packs").glob("*.data"):
        data = bytearray(pack.read_bytes())
        at = data.find(needle)
        if at >= 0:
            data[at] ^= 1
            os.chmod(pack, 0o644)
            pack.write_bytes(data)
            return
    raise AssertionError("the content is not stored as it is")
