"""Archives, read back by Python's own tar and zip."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from zstandard import ZstdDecompressor

from aidb import Repository, init
from aidb.errors import DamagedObjectError, InvalidInputError, InvalidPathError, WouldOverwriteError
from aidb.types import Kind
from aidb.versioning.archive import FORMATS, Format
from tests.faults.tree import File, Tree, link, noise, text, write_tree

TREE: Tree = {
    "README.md": text("hello\n"),
    "run.sh": File(b"#!/bin/sh\n", Kind.EXECUTABLE),
    "d/big.bin": File(noise(1_500_000, seed=1)),
    "d/empty": File(b""),
    "d/link": link("../README.md"),
    "näme": text("not ASCII\n"),
    "long/" + "x" * 120 + "/" + "y" * 120: text("long\n"),
}
RAW = {os.fsdecode(b"raw\xff"): text("not UTF-8\n")}


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    made = init(tmp_path / "work")
    write_tree(made.root, TREE)
    made.add()
    made.commit("first")
    made.tags.create("v1")
    return made


def unpack(data: bytes, kind: Format) -> Tree:
    """What an archive holds."""
    if kind == "zip":
        return _unpack_zip(data)
    if kind == "tar.gz":
        data = gzip.decompress(data)
    elif kind == "tar.zst":
        data = ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    found: Tree = {}
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as tar:
        for info in tar:
            assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
            if info.issym():
                found[info.name] = link(info.linkname)
            else:
                content = tar.extractfile(info)
                assert content is not None
                kind_ = Kind.EXECUTABLE if info.mode == 0o755 else Kind.FILE
                found[info.name] = File(content.read(), kind_)
    return found


def _unpack_zip(data: bytes) -> Tree:
    found: Tree = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            mode = info.external_attr >> 16
            kind = Kind.EXECUTABLE if mode & 0o100 else Kind.FILE
            found[info.filename] = File(
                archive.read(info), Kind.SYMLINK if mode & 0o170000 == 0o120000 else kind
            )
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_everything_comes_back(repo: Repository, tmp_path: Path, kind: Format) -> None:
    tree = TREE
    if kind != "zip":
        write_tree(repo.root, RAW)
        repo.add()
        repo.commit("raw")
        tree = TREE | RAW
    target = tmp_path / f"out.{kind}"
    assert repo.archive(target) == len(tree)
    data = target.read_bytes()
    assert unpack(data, kind) == tree
    stream = io.BytesIO()
    repo.archive(stream, format=kind)
    assert stream.getvalue() == data, "the same version gave other bytes"
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, "work"]


def test_a_folder_a_file_and_a_prefix(repo: Repository) -> None:
    stream = io.BytesIO()
    repo.archive(stream, "v1", "d", format="tar", prefix="data/")
    assert list(unpack(stream.getvalue(), "tar")) == ["data/big.bin", "data/empty", "data/link"]
    stream = io.BytesIO()
    repo.archive(stream, "v1", "d/empty", format="zip")
    assert list(unpack(stream.getvalue(), "zip")) == ["empty"]


def test_zip_refuses_names_that_it_cannot_hold(repo: Repository, tmp_path: Path) -> None:
    write_tree(repo.root, RAW)
    repo.add()
    repo.commit("raw")
    with pytest.raises(InvalidPathError, match=r"raw\\xff is not UTF-8"):
        repo.archive(tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_mistakes(repo: Repository, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="what kind of archive"):
        repo.archive(tmp_path / "a.rar")
    with pytest.raises(InvalidInputError, match="needs a format"):
        repo.archive(io.BytesIO())
    for prefix in ("../", "/", ".git/"):
        with pytest.raises(InvalidPathError):
            repo.archive(tmp_path / "a.tar", prefix=prefix)
    (tmp_path / "a.tar").write_text("mine")
    with pytest.raises(WouldOverwriteError, match="is there already"):
        repo.archive(tmp_path / "a.tar")
    assert (tmp_path / "a.tar").read_text() == "mine"
    repo.archive(tmp_path / "a.tar", force=True)


@pytest.mark.parametrize("kind", FORMATS)
def test_damage_leaves_no_archive(repo: Repository, tmp_path: Path, kind: Format) -> None:
    for pack in (repo.folder / "store/packs").glob("*.data"):
        data = bytearray(pack.read_bytes())
        data[len(data) // 2] ^= 1
        pack.chmod(0o644)
        pack.write_bytes(data)
    repo.store.close()
    with pytest.raises(DamagedObjectError):
        repo.archive(tmp_path / f"a.{kind}")
    assert [path.name for path in tmp_path.iterdir()] == ["work"]
