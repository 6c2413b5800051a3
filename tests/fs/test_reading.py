"""Looking at versions and reading them through fsspec."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import aidb
from aidb.errors import InvalidInputError
from aidb.repository import Repository
from tests.fs.conftest import TABLE

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'aidb[fs]'")

if TYPE_CHECKING:
    from aidb.fs import AidbFileSystem


def test_the_top_has_branches_and_tags(fs: AidbFileSystem) -> None:
    assert fs.ls("", detail=False) == ["feature%2Fx", "main", "v1"]
    assert fs.isdir("feature%2Fx/more")
    assert fs.cat("feature%2Fx/more/file.txt") == b"more"


def test_every_revision_can_be_named(fs: AidbFileSystem, repository: Repository) -> None:
    commit = repository.resolve("v1")
    for revision in ("v1", "main~1", "HEAD~1", commit, commit[:8]):
        assert fs.cat(f"{revision}/table.csv") == TABLE.encode()


def test_folders_list_what_is_in_them(fs: AidbFileSystem) -> None:
    assert fs.ls("v1", detail=False) == ["v1/deep", "v1/table.csv"]
    deep, table = fs.ls("v1")
    assert (deep["type"], deep["files"], deep["bytes"]) == ("directory", 2, 5_120_008)
    assert (table["type"], table["size"]) == ("file", len(TABLE))
    assert fs.ls("v1/table.csv") == [table] == [fs.info("v1/table.csv")]
    assert fs.du("v1/deep") == 5_120_008


def test_find_glob_and_walk(fs: AidbFileSystem) -> None:
    assert fs.find("v1") == ["v1/deep/b:c@d.txt", "v1/deep/down/a.bin", "v1/table.csv"]
    assert fs.find("v1/deep", withdirs=True) == [
        "v1/deep",
        "v1/deep/b:c@d.txt",
        "v1/deep/down",
        "v1/deep/down/a.bin",
    ]
    assert fs.find("v1", maxdepth=1) == ["v1/table.csv"]
    assert fs.find("v1/table.csv") == ["v1/table.csv"]
    assert fs.find("v1/nothing") == []
    assert fs.glob("*/table.csv") == ["feature%2Fx/table.csv", "main/table.csv", "v1/table.csv"]
    assert fs.glob("v1/**/*.bin") == ["v1/deep/down/a.bin"]
    assert next(fs.walk("v1/deep")) == (
        "v1/deep",
        ["down"],
        ["b:c@d.txt"],
    )


def test_files_seek_and_say_what_they_are(fs: AidbFileSystem, repository: Repository) -> None:
    with fs.open("v1/deep/down/a.bin") as file:
        assert file.size == 5_120_000
        assert file.seek(-3, os.SEEK_END) == 5_119_997
        assert file.read() == b"\xfd\xfe\xff"
        file.seek(100)
        again = pickle.loads(pickle.dumps(file))
        assert again.read(2) == b"de"
        assert again.path == f"{repository.resolve('v1')}/deep/down/a.bin"
    with fs.open("v1/table.csv", "r") as text:
        assert text.readlines() == TABLE.splitlines(keepends=True)


def test_many_files_and_ranges_at_once(fs: AidbFileSystem) -> None:
    everything = fs.cat("v1", recursive=True)
    assert everything == {path: fs.cat_file(path) for path in fs.find("v1")}
    assert fs.cat(["v1/table.csv", "v1/nothing"], on_error="omit") == {"v1/table.csv": TABLE.encode()}
    assert isinstance(fs.cat(["v1/nothing"], on_error="return")["v1/nothing"], FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        fs.cat(["v1/nothing"])
    ranges = fs.cat_ranges(["v1/table.csv"] * 4, [0, 5, -3, 2], [4, 10, None, 1])
    assert ranges == [b"name", b"count", b",2\n", b""]
    assert fs.head("v1/table.csv", 4) == b"name"
    assert fs.tail("v1/table.csv", 3) == b",2\n"


def test_copies_to_disk_are_whole_or_not_there(
    fs: AidbFileSystem, repository: Repository, tmp_path: Path
) -> None:
    fs.get("v1", str(tmp_path / "out"), recursive=True)
    assert (tmp_path / "out" / "deep" / "down" / "a.bin").stat().st_size == 5_120_000
    for pack in (repository.folder / "store" / "packs").glob("*.data"):
        pack.chmod(0o600)
        pack.write_bytes(bytes(pack.stat().st_size))
    with pytest.raises(aidb.AidbError):
        fs.get("v1/table.csv", str(tmp_path / "damaged.csv"))
    assert not [path for path in tmp_path.iterdir() if path.name not in ("out", "pets")]


def test_what_is_not_there_is_said_clearly(fs: AidbFileSystem) -> None:
    with pytest.raises(FileNotFoundError, match="is not in this version: 'v1/nothing'"):
        fs.open("v1/nothing")
    with pytest.raises(FileNotFoundError, match="Did you mean main?"):
        fs.ls("mian")
    with pytest.raises(FileNotFoundError, match="no branch, tag or commit 'feature'"):
        fs.info("feature/x/more")
    with pytest.raises(IsADirectoryError):
        fs.open("v1/deep")
    for hostile in ("v1/../x", "v1/.aidb/x", "v1/a\0b", "v1~x/a", "@{/a"):
        assert not fs.exists(hostile)
        with pytest.raises(FileNotFoundError):
            fs.info(hostile)


def test_an_address_names_its_repository(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    with fsspec.open(f"aidb://v1@{repository.root}:deep/b:c@d.txt") as file:
        assert file.read() == b"odd name"
    with fsspec.open("aidb://v1/table.csv", "r", repo=str(repository.root)) as file:
        assert file.read() == TABLE
    monkeypatch.chdir(repository.root)
    with fsspec.open("aidb://v1/table.csv", "r") as file:
        assert file.read() == TABLE
    other, _ = fsspec.url_to_fs("aidb://v1/table.csv", repo=str(aidb.init("inner").root))
    with pytest.raises(InvalidInputError, match="this filesystem reads"):
        other.open(f"aidb://v1@{repository.root}:table.csv")


def test_instances_follow_the_current_folder_and_branches(
    fs: AidbFileSystem, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root)
    assert fsspec.filesystem("aidb") is fs
    monkeypatch.chdir(aidb.init(tmp_path / "other").root)
    assert fsspec.filesystem("aidb").fsid != fs.fsid
    assert pickle.loads(pickle.dumps(fs)).cat("v1/table.csv") == TABLE.encode()

    before = fs.ukey("main/table.csv")
    with repository.transaction("main", "Cats again") as tx:
        tx.put("table.csv", TABLE.encode())
    assert fs.ukey("main/table.csv") == fs.ukey("v1/table.csv") != before
    assert fs.modified("main/table.csv") >= fs.modified("v1/table.csv")


def test_links_are_followed_inside_a_version(tmp_path: Path) -> None:
    from aidb.fs import AidbFileSystem

    repository = aidb.init(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("a")
    links = {
        "file": "real/a.txt",
        "folder": "real",
        "via": "folder/a.txt",
        "out": "/etc/passwd",
        "up": "../x",
    }
    for name, target in {**links, "loop": "loop", "dead": "nothing"}.items():
        (tmp_path / name).symlink_to(target)
    repository.add()
    repository.commit("Links")
    fs = AidbFileSystem(repo=tmp_path)
    assert fs.cat(["main/file", "main/via", "main/folder/a.txt"]) == dict.fromkeys(
        ["main/file", "main/via", "main/folder/a.txt"], b"a"
    )
    assert fs.info("main/file")["size"] == 1
    assert fs.info("main/file")["destination"] == "real/a.txt"
    assert fs.ls("main/folder", detail=False) == ["main/folder/a.txt"]
    kinds = {info["name"][5:]: info["type"] for info in fs.ls("main")}
    assert kinds == {
        **dict.fromkeys(("file", "via"), "file"),
        **dict.fromkeys(("real", "folder"), "directory"),
        **dict.fromkeys(("out", "up", "loop", "dead"), "link"),
    }
    for broken in ("out", "up", "loop", "dead"):
        with pytest.raises(FileNotFoundError):
            fs.open(f"main/{broken}")


def test_without_fsspec_the_extra_is_named() -> None:
    program = """
import sys
sys.modules["fsspec"] = None
import aidb.fs
try:
    aidb.fs.AidbFileSystem
except aidb.AidbError as error:
    assert error.message == "fsspec is not installed" and "aidb[fs]" in error.hints[0]
    sys.exit(7)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 7
