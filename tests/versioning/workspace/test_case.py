"""File systems that ignore case: nothing is silently merged, and renaming only the case works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import aidb
from aidb import Repository
from aidb.errors import InvalidPathError
from aidb.types import Entry, Kind, ObjectId, RepoPath
from aidb.versioning.manifest import Change
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.tree.clashes import clashing, folded
from aidb.versioning.workspace.tree.folders import Folders
from aidb.versioning.workspace.tree.safety import Review, folds_names
from tests.versioning.workspace.conftest import Files


def test_what_clashes() -> None:
    assert folded("Straße") == folded("STRASSE")
    assert folded("\u00e9") == folded("e\u0301")
    assert clashing(["a", "B", "A", "b", "c"]) == [("a", "A"), ("B", "b")]
    assert clashing(["a", "ab", "abc"]) == []


def test_this_file_system(tmp_path: Path) -> None:
    (tmp_path / "probe").write_text("x")
    assert folds_names(tmp_path) == (tmp_path / "PROBE").exists()
    assert sorted(os.listdir(tmp_path)) == ["probe"]


def test_a_file_is_not_in_the_way_of_its_own_new_case(tmp_path: Path) -> None:
    """Two names of one inode look like one file on a file system that ignores case."""
    (tmp_path / "readme").write_text("old")
    os.link(tmp_path / "readme", tmp_path / "README")
    (tmp_path / "OTHER").write_text("old")
    entry = Entry(Kind.FILE, 3, ObjectId(b"x" * 32), None)
    changes = [
        Change(RepoPath(b"OTHER"), None, entry),
        Change(RepoPath(b"README"), None, entry),
        Change(RepoPath(b"readme"), entry, None),
    ]
    with Folders(tmp_path) as folders:
        review = Review(folders, Index(None))
        review.go_through(changes)
        assert review.at_risk == [b"OTHER", b"README", b"readme"]  # readme itself is not as expected
    from aidb.versioning.workspace.index.rows import exact_row

    index = Index(None)
    index.set(b"readme", exact_row(os.lstat(tmp_path / "readme")))
    with Folders(tmp_path) as folders:
        review = Review(folders, index)
        review.go_through(changes)
        assert review.at_risk == [b"OTHER"]


@pytest.fixture
def folding(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system that ignores case, where this machine can make one."""
    tools = [
        shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin")
        for tool in ("mkntfs", "lowntfs-3g", "umount")
    ]
    if os.geteuid() or not all(tools) or not os.path.exists("/dev/fuse"):
        pytest.skip("needs root, FUSE and ntfs-3g to make a file system that ignores case")
    image, place = tmp_path / "image", tmp_path / "mounted"
    image.write_bytes(b"")
    os.truncate(image, 32 << 20)
    place.mkdir()
    subprocess.run([str(tools[0]), "-q", "-F", "-s", "512", str(image)], check=True, capture_output=True)
    if subprocess.run(
        [str(tools[1]), "-o", "ignore_case", str(image), str(place)], capture_output=True
    ).returncode:
        pytest.skip("this machine does not let us mount")
    try:
        yield place
    finally:
        subprocess.run([str(tools[2]), "-l", str(place)], check=True)


def test_on_a_file_system_that_ignores_case(repo: Repository, files: Files, folding: Path) -> None:
    files.put("base", "base")
    repo.add()
    repo.commit("base")
    repo.switch("clash", create=True)
    files.put("d/Readme", "1")
    files.put("d/README", "2")
    repo.add()
    repo.commit("clash")
    repo.switch("main")
    repo.switch("renamed", create=True)
    repo.move(["base"], "BASE")
    repo.commit("renamed")
    repo.switch("main")
    repo.close()
    assert folds_names(folding)
    root = folding / "work"
    shutil.copytree(repo.folder, root / ".aidb")
    with aidb.open(root) as there:
        there.restore(["."])
        with pytest.raises(InvalidPathError, match="d/README and d/Readme are one name on this file system"):
            there.switch("clash")
        assert there.head.branch == "main"
        there.switch("renamed")
        assert (root / "BASE").read_text() == "base"
