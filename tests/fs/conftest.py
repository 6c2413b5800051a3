from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import aidb
from aidb.repository import Repository

pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'aidb[fs]'")

if TYPE_CHECKING:
    from aidb.fs import AidbFileSystem

TABLE = "name,count\ncat,1\ndog,2\n"


@pytest.fixture(scope="session", autouse=True)
def entry_point() -> None:
    """fsspec finds the filesystem by aidb's entry point; a checkout that is not installed has none."""
    import fsspec

    if "aidb" not in fsspec.available_protocols():
        fsspec.register_implementation("aidb", "aidb.fs.filesystem.AidbFileSystem")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """`v1` has the table; on `main` a cat is gone, and on `feature/x` there is a folder more."""
    root = tmp_path / "pets"
    repository = aidb.init(root)
    with repository.transaction("main", "First") as tx:
        tx.put("table.csv", TABLE.encode())
        tx.put("deep/down/a.bin", bytes(range(256)) * 20_000)
        tx.put("deep/b:c@d.txt", b"odd name")
    repository.tags.create("v1")
    with repository.transaction("main", "No cats") as tx:
        tx.put("table.csv", b"name,count\ndog,2\n")
    repository.branches.create("feature/x")
    with repository.transaction("feature/x", "More") as tx:
        tx.put("more/file.txt", b"more")
    return repository


@pytest.fixture
def fs(repository: Repository) -> Iterator[AidbFileSystem]:
    from aidb.fs import AidbFileSystem

    yield AidbFileSystem(repo=repository.root)
    AidbFileSystem.clear_instance_cache()


def parquet() -> bytes:
    """A small table of ten rows in two row groups."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(
        pa.table({"number": list(range(10)), "name": list("abcdefghij")}), sink, row_group_size=5
    )
    return sink.getvalue()
