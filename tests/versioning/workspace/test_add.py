"""`add`: every kind of file, only what changed, and everything that can be in the way."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from aidb import Repository
from aidb.errors import FileChangedError, InvalidPathError, PathNotFoundError, RefusedError, StorageError
from aidb.types import Kind, RepoPath
from aidb.versioning.workspace import adding
from tests.versioning.workspace.conftest import Files, short


def test_whole_tree(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    files.put("empty", "")
    files.put(
        "d/e/f/deep.txt", "x" * 5000
    )  # what files of one suffix have shown is believed of the next ones
    files.put("big", os.urandom(3 << 20))
    result = repo.add()
    assert (result.added, result.modified, result.removed) == (4, 0, 0)
    assert result.bytes_read == 1 + 5000 + (3 << 20)
    assert 3 << 20 < result.bytes_stored < (3 << 20) + 5000  # "x" * 5000 shrinks
    assert short(repo.status().staged) == ["A a", "A big", "A d/e/f/deep.txt", "A empty"]
    commit = repo.commit("all")
    assert (commit.files, commit.bytes) == (4, result.bytes_read)
    assert repo.at("HEAD").read("big") == (repo.root / "big").read_bytes()
    assert repo.status().clean


def test_only_what_was_named(repo: Repository, files: Files) -> None:
    for name in ("a", "b", "d/x", "d/y", "dd/z"):
        files.put(name, name)
    repo.add(["a", "d"])
    assert short(repo.status().staged) == ["A a", "A d/x", "A d/y"]
    assert repo.status().untracked == ["b", "dd/"]


def test_second_add_reads_only_changes(repo: Repository, files: Files) -> None:
    for number in range(30):
        files.put(f"d{number % 3}/{number}", str(number))
    files.age()
    assert repo.add().bytes_read > 0
    assert repo.add().bytes_read == 0
    files.put("d1/4", "changed")
    result = repo.add()
    assert (result.modified, result.bytes_read) == (1, len("changed"))


def test_touched_file_is_not_a_change(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    os.utime(repo.root / "a", (1, 1))
    assert repo.status().clean
    result = repo.add()
    assert (result.added, result.modified) == (0, 0)


def test_same_size_and_times_is_still_noticed(repo: Repository, files: Files) -> None:
    """Racily clean: written again within the clock's grain, and mtime set back."""
    path = files.put("a", "one")
    repo.add()
    repo.commit("one")
    for content in ("two", "six", "ten"):
        before = path.stat()
        path.write_text(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert short(repo.status().unstaged) == ["M a"]
        repo.add()
        assert repo.store.read_blob(_entry(repo, "a").content) == content.encode()


def test_deletions(repo: Repository, files: Files) -> None:
    for name in ("a", "d/x", "d/y", "keep"):
        files.put(name, name)
    repo.add()
    repo.commit("one")
    files.remove("a", "d/x")
    assert repo.add(["a"]).removed == 1
    assert short(repo.status().staged) == ["D a"]
    files.remove("d/y")
    files.put("new", "")
    result = repo.add(update=True)
    assert (result.added, result.removed) == (0, 2)
    assert short(repo.status().staged) == ["D a", "D d/x", "D d/y"]
    assert repo.status().untracked == ["new"]


def test_folder_that_is_gone(repo: Repository, files: Files) -> None:
    files.put("d/e/x", "1")
    files.put("d/f", "1")
    repo.add()
    repo.commit("one")
    files.remove("d/e/x", "d/f")
    os.removedirs(repo.root / "d/e")
    assert short(repo.status().unstaged) == ["D d/e/x", "D d/f"]
    repo.add(["d"])
    assert short(repo.status().staged) == ["D d/e/x", "D d/f"]


def test_unknown_path(repo: Repository) -> None:
    with pytest.raises(PathNotFoundError, match="no file or folder nope"):
        repo.add(["nope"])


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", ".aidb/index", "a/../../x", ".git/config"])
def test_hostile_paths(repo: Repository, files: Files, path: str) -> None:
    with pytest.raises(InvalidPathError):
        repo.add([path])


def test_absolute_path_inside(repo: Repository, files: Files) -> None:
    path = files.put("d/a", "1")
    repo.add([path])
    assert short(repo.status().staged) == ["A d/a"]


def test_kinds(repo: Repository, files: Files) -> None:
    files.put("plain", "1")
    files.put("tool", "1").chmod(0o755)
    (repo.root / "link").symlink_to("plain")
    (repo.root / "dangling").symlink_to("/nowhere/at/all")
    (repo.root / "folderlink").symlink_to("/etc")
    repo.add()
    kinds = {path: _entry(repo, path).kind for path in ("plain", "tool", "link", "dangling", "folderlink")}
    assert kinds == {
        "plain": Kind.FILE,
        "tool": Kind.EXECUTABLE,
        "link": Kind.SYMLINK,
        "dangling": Kind.SYMLINK,
        "folderlink": Kind.SYMLINK,
    }
    assert repo.store.read_blob(_entry(repo, "dangling").content) == b"/nowhere/at/all"
    assert repo.status().untracked == []


def test_executable_bit_alone(repo: Repository, files: Files) -> None:
    path = files.put("tool", "1")
    repo.add()
    repo.commit("one")
    path.chmod(0o755)
    assert short(repo.status().unstaged) == ["T tool"]
    result = repo.add()
    assert result.modified == 1
    assert short(repo.status().staged) == ["T tool"]


def test_type_changes(repo: Repository, files: Files) -> None:
    for name in (
        "file-to-folder",
        "file-to-link",
        "folder-to-file/x",
        "folder-to-link/x",
        "folder-to-link/y/z",
    ):
        files.put(name, name)
    (repo.root / "link-to-folder").symlink_to("file-to-link")
    repo.add()
    repo.commit("one")
    files.remove(
        "file-to-folder", "file-to-link", "folder-to-file/x", "folder-to-link/x", "folder-to-link/y/z"
    )
    for folder in ("folder-to-file", "folder-to-link/y", "folder-to-link"):
        (repo.root / folder).rmdir()
    (repo.root / "link-to-folder").unlink()
    files.put("file-to-folder/inside", "1")
    (repo.root / "file-to-link").symlink_to("x")
    files.put("folder-to-file", "1")
    (repo.root / "folder-to-link").symlink_to("/etc")
    files.put("link-to-folder/inside", "1")
    before = repo.status()
    assert {change.path for change in before.unstaged} == {
        "file-to-folder",
        "file-to-link",
        "folder-to-file/x",
        "folder-to-link/x",
        "folder-to-link/y/z",
        "link-to-folder",
    }
    assert before.untracked == ["file-to-folder/", "folder-to-file", "folder-to-link", "link-to-folder/"]
    repo.add()
    commit = repo.commit("two")
    assert set(dict(repo.at(commit.id).walk())) == {
        "file-to-folder/inside",
        "file-to-link",
        "folder-to-file",
        "folder-to-link",
        "link-to-folder/inside",
    }
    assert repo.status().clean


def test_file_inside_what_was_a_file(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    files.remove("a")
    files.put("a/b/c", "2")
    repo.add(["a/b/c"])
    assert short(repo.status().staged) == ["D a", "A a/b/c"]


def test_symlink_in_the_way_is_not_followed(repo: Repository, files: Files, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    files.put("d/secret", "mine")
    repo.add()
    repo.commit("one")
    files.remove("d/secret")
    (repo.root / "d").rmdir()
    (repo.root / "d").symlink_to(tmp_path / "outside")
    assert short(repo.status().unstaged) == ["D d/secret"]
    with pytest.raises(PathNotFoundError):
        repo.add(["d/other"])
    repo.add()
    assert _entry(repo, "d").kind is Kind.SYMLINK


NAMES = [
    b"new\nline",
    b"tab\there",
    b"\xff\xfe not utf-8",
    "snowman \N{SNOWMAN}".encode(),
    b"quote'\"`$(rm)",
    b" leading and trailing ",
    b"-dash",
    b"*?[glob]",
    b"\\back\\slash",
    "e\u0301 decomposed".encode(),
    "\u00e9 composed".encode(),
    b"...dots",
    b"x" * 255,
]


def test_names(repo: Repository, files: Files) -> None:
    for name in NAMES:
        files.put(name, name)
        files.put(b"folder/" + name, name)
        files.put(name + b"_"[: 255 - len(name)] + b"/inside" if len(name) < 255 else b"y/z", name)
    before = files.all()
    assert repo.add().added == len(before)
    repo.commit("names")
    assert repo.status().clean
    for path, content in before.items():
        assert repo.at("HEAD").read(path) == content
    repo.switch("other", create=True)
    for path in before:
        files.path(path).unlink()
    repo.add()
    repo.commit("nothing left")
    assert files.all() == {}
    repo.switch("main")
    assert files.all() == before
    assert repo.status().clean


def test_very_deep(repo: Repository, files: Files) -> None:
    deep = "/".join(["d"] * 300) + "/file"
    files.put(deep, "deep")
    assert repo.add().added == 1
    repo.commit("deep")
    assert repo.status().clean
    files.remove(deep)
    repo.restore([deep])
    assert files.read(deep) == "deep"
    assert repo.status().clean


def test_special_files_are_left_out(repo: Repository, files: Files) -> None:
    os.mkfifo(repo.root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(repo.root / "sock"))
        files.put("a", "1")
        result = repo.add()
    assert result.added == 1
    assert sorted(result.notes) == ["left out, named pipe: pipe", "left out, socket: sock"]
    assert repo.status().clean is False
    assert repo.status().untracked == []


def test_tracked_file_becomes_a_pipe(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    repo.add()
    repo.commit("one")
    files.remove("a")
    os.mkfifo(repo.root / "a")
    assert short(repo.status().unstaged) == ["D a"]
    assert repo.add().removed == 1


def test_empty_folders_are_mentioned(repo: Repository, files: Files) -> None:
    (repo.root / "empty/inner").mkdir(parents=True)
    files.put("a", "1")
    result = repo.add()
    assert result.notes == ["left out, as in Git, 1 empty folder: empty/inner/"]
    assert repo.status().untracked == []


def test_case_clash_is_mentioned(repo: Repository, files: Files) -> None:
    files.put("d/Readme", "1")
    files.put("d/README", "2")
    files.put("Data/x", "1")
    files.put("data/x", "1")
    notes = repo.add().notes
    assert len(notes) == 2
    assert "Data and data are one name" in notes[0]
    assert "d/README and d/Readme are one name" in notes[1]


def test_nested_repositories_are_left_out(repo: Repository, files: Files) -> None:
    import aidb

    files.put("inner/.git/HEAD", "x")
    files.put("inner/code", "x")
    aidb.init(repo.root / "other")
    files.put("other/data", "x")
    files.put("module/.git", "gitdir: elsewhere")
    files.put("mine", "x")
    result = repo.add()
    assert result.added == 1
    assert result.notes == ["left out, a repository of its own: inner, module, other"]
    assert repo.status().untracked == []


def test_hard_links(repo: Repository, files: Files) -> None:
    path = files.put("a", "same")
    os.link(path, repo.root / "b")
    repo.add()
    repo.commit("one")
    path.write_text("also same")
    assert short(repo.status().unstaged) == ["M a", "M b"]
    repo.restore(["a"], force=True)
    assert (files.read("a"), files.read("b")) == ("same", "also same")


def test_unreadable_file_is_named_and_the_rest_added(repo: Repository, files: Files) -> None:
    files.put("a", "1")
    files.put("z", "1")
    files.put("gone", "1")
    # Reading fails for everybody, root included: a path too long to open by its absolute name.
    fd = os.open(repo.root, os.O_RDONLY)
    for name in ["n" * 250] * 17:
        os.mkdir(name, dir_fd=fd)
        inner = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    with pytest.raises((InvalidPathError, StorageError)) as caught:
        repo.add()
    assert "n/file" in str(caught.value) or "nnn" in str(caught.value)
    assert "3 other changes staged" in str(caught.value)
    assert short(repo.status().staged) == ["A a", "A gone", "A z"]


def test_file_that_keeps_changing(repo: Repository, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "RETRY_SECONDS", 0.001)
    path = files.put("log", os.urandom(24 << 20))
    files.put("steady", "1")
    stop = threading.Event()

    def write() -> None:
        with open(path, "r+b") as file:
            while not stop.is_set():
                file.seek(0)
                file.write(os.urandom(16))
                file.flush()
                time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(
            FileChangedError, match="log changed each time it was read; 1 other change staged"
        ):
            repo.add()
    finally:
        stop.set()
        writer.join()
    assert short(repo.status().staged) == ["A steady"]
    repo.add()
    assert short(repo.status().staged) == ["A log", "A steady"]


def test_add_goes_on_after_a_checkpoint(
    repo: Repository, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "CHECKPOINT_FILES", 10)
    for number in range(55):
        files.put(f"d{number % 5}/{number:03}", str(number) * 10)
    files.age()

    class StopError(Exception):
        pass

    class Stopper:
        """A Progress that gives up after 35 files, as a person with Ctrl-C would."""

        count = 0

        def task(self, label: str, total: int | None = None, unit: str = "files") -> Stopper:
            return self

        def advance(self, amount: int = 1) -> None:
            self.count += amount
            if self.count >= 35:
                raise StopError

        def close(self) -> None:
            pass

    with pytest.raises(StopError):
        repo.add(progress=Stopper())
    again = Repository(repo.root)
    kept = len(again.status().staged)
    assert 20 <= kept <= 35
    result = again.add()
    assert result.added == 55 - kept
    assert result.bytes_read < 55 * 20
    assert len(again.status().staged) == 55
    again.commit("all")
    assert again.status().clean


def test_ignored_is_refused_by_name(repo: Repository, files: Files) -> None:
    files.put(".aidbignore", "*.tmp\ncache/\n")
    files.put("a.tmp", "1")
    files.put("cache/x", "1")
    files.put("b", "1")
    with pytest.raises(RefusedError, match=r"a\.tmp: left out by \.aidbignore") as caught:
        repo.add(["a.tmp"])
    assert "--force" in caught.value.hints[0]
    with pytest.raises(RefusedError, match="cache/x"):
        repo.add(["cache/x"])
    repo.add()
    assert short(repo.status().staged) == ["A .aidbignore", "A b"]
    repo.add(["a.tmp", "cache"], force=True)
    assert short(repo.status().staged) == ["A .aidbignore", "A a.tmp", "A b", "A cache/x"]
    files.put("a.tmp", "22")
    assert short(repo.status().unstaged) == ["M a.tmp"]  # what is tracked is never ignored


def test_unstaged_after_delete_and_new(repo: Repository, files: Files) -> None:
    files.put("old", "content")
    repo.add()
    repo.commit("one")
    (repo.root / "old").rename(repo.root / "new")
    repo.add()
    assert short(repo.status().staged) == ["R old new"]


def _entry(repo: Repository, path: str):  # type: ignore[no-untyped-def]
    entry = repo.workspace.manifest(repo.workspace.staged_root()).get(RepoPath(os.fsencode(path)))
    assert entry is not None
    return entry
