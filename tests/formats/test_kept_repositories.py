"""Repositories that earlier versions wrote: read by this one, checked by it, and written on."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

import aidb
from tests.formats.content import VERSIONS, checkpoint

SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Python 3.11 knows filters since 3.11.4."""


KEPT = sorted(Path(__file__).parent.glob("*.tar.gz"))


@pytest.fixture(params=KEPT, ids=lambda path: path.name.removesuffix(".tar.gz"))
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, **SAFELY)
    return tmp_path


def files_of(repo: aidb.Repository, revision: str) -> dict[str, bytes]:
    snapshot = repo.at(revision)
    return {path: snapshot.read(path) for path, _ in snapshot.walk()}


def check(repo: aidb.Repository, last: str) -> None:
    """Every version as it was made."""
    expected: dict[str, bytes] = {}
    for number, files in enumerate(VERSIONS):
        expected |= files
        assert files_of(repo, f"{last}~{len(VERSIONS) - 1 - number}") == expected


def test_there_are_some() -> None:
    assert [path.name for path in KEPT] == ["deltas.tar.gz", "first.tar.gz"]
    assert all(path.stat().st_size < 200 << 10 for path in KEPT)


def test_read(root: Path) -> None:
    with aidb.open(root) as repo:
        check(repo, "last")
        assert repo.fsck().ok


def test_what_the_second_is_kept_for(tmp_path: Path) -> None:
    with tarfile.open(KEPT[0]) as archive:
        archive.extractall(tmp_path, **SAFELY)
    with aidb.open(tmp_path) as repo:
        assert [each.depth for each in repo.store.dependencies()] == [1, 1]


def test_write_on(root: Path) -> None:
    """A checkpoint more, whose base an earlier version has cut and stored in its own way."""
    with aidb.open(root) as repo:
        repo.restore(["."])
        path = repo.root / "models" / "model.safetensors"
        assert path.read_bytes() == checkpoint(2)
        for step in (3, 4):
            path.write_bytes(checkpoint(step))
            repo.commit(f"Version {step}", all=True)
            assert repo.at("HEAD").read("models/model.safetensors") == checkpoint(step)
        check(repo, "last")
        assert repo.fsck().ok
        assert repo.store.usage().deltas.chunks >= 1
