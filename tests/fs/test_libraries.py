"""Old versions, in one line of each library that people use."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from aidb.repository import Repository
from tests.fs.conftest import parquet

if TYPE_CHECKING:
    from aidb.fs import AidbFileSystem


def library(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed")


@pytest.fixture
def options(repository: Repository) -> dict[str, str]:
    return {"repo": str(repository.root)}


@pytest.fixture
def table(repository: Repository) -> str:
    """The address of a Parquet file on the tag `tables`, which is gone from `main`."""
    with repository.transaction("main", "Tables") as tx:
        for number in range(3):
            tx.put(f"tables/{number}.parquet", parquet())
    repository.tags.create("tables", "main")
    with repository.transaction("main", "No tables") as tx:
        tx.delete("tables")
    return f"aidb://tables@{repository.root}:tables/0.parquet"


def test_pandas(table: str, options: dict[str, str]) -> None:
    pandas = library("pandas")
    assert pandas.read_csv("aidb://v1/table.csv", storage_options=options)["count"].tolist() == [1, 2]
    library("pyarrow")
    assert pandas.read_parquet(table)["number"].sum() == 45


def test_pandas_writes_a_commit(repository: Repository, options: dict[str, str]) -> None:
    pandas = library("pandas")
    frame = pandas.DataFrame({"a": [1, 2]})
    frame.to_csv("aidb://main/made.csv", index=False, storage_options={**options, "message": "From pandas"})
    assert repository.at("main").read("made.csv") == b"a\n1\n2\n"
    assert repository.commit_at("main").message == "From pandas"
    library("pyarrow")
    frame.to_parquet("aidb://main/made.parquet", storage_options=options)
    assert pandas.read_parquet("aidb://main/made.parquet", storage_options=options).equals(frame)


def test_polars(table: str, fs: AidbFileSystem) -> None:
    polars = library("polars")
    assert polars.read_csv(fs.open("v1/table.csv"))["count"].to_list() == [1, 2]
    assert polars.read_parquet(fs.open("tables/tables/0.parquet"))["number"].sum() == 45


def test_duckdb(table: str, fs: AidbFileSystem) -> None:
    duckdb = library("duckdb")
    connection = duckdb.connect()
    connection.register_filesystem(fs)
    total = "SELECT sum(number) FROM read_parquet('aidb://tables/tables/*.parquet')"
    assert connection.execute(total).fetchall() == [(135,)]
    assert connection.execute("SELECT sum(count) FROM 'aidb://v1/table.csv'").fetchall() == [(3,)]
    connection.close()


def test_pyarrow_datasets(table: str, fs: AidbFileSystem) -> None:
    library("pyarrow")
    from pyarrow import dataset

    found = dataset.dataset("tables/tables", filesystem=fs, format="parquet")
    assert found.count_rows() == 30
    assert found.to_table(columns=["number"], filter=dataset.field("number") > 7).num_rows == 6


def test_hugging_face_datasets(
    table: str, options: dict[str, str], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = library("datasets")
    found = datasets.load_dataset(
        "parquet",
        data_files="aidb://tables/tables/*.parquet",
        storage_options=options,
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )
    assert sum(found["number"]) == 135
    streamed = datasets.load_dataset(
        "csv", data_files="aidb://v1/table.csv", storage_options=options, split="train", streaming=True
    )
    assert [row["name"] for row in streamed] == ["cat", "dog"]


def test_zarr_and_xarray(repository: Repository, options: dict[str, str], fs: AidbFileSystem) -> None:
    xarray = library("xarray")
    library("zarr")
    import numpy as np

    grid = xarray.Dataset({"heat": (("y", "x"), np.arange(12.0).reshape(3, 4))})
    with fs.transaction:
        grid.to_zarr(fs.get_mapper("main/grid.zarr"), consolidated=False, zarr_format=2)
    repository.tags.create("grid")
    fs.rm("main/grid.zarr", recursive=True)
    read = xarray.open_zarr("aidb://grid/grid.zarr", storage_options=options, consolidated=False)
    assert read.heat.sum().item() == 66


def test_torch(repository: Repository, fs: AidbFileSystem) -> None:
    torch = library("torch")
    with fs.transaction, fs.open("main/model.pt", "wb") as file:
        torch.save({"weights": torch.arange(1000)}, file)
    with fs.open("main/model.pt") as file:
        assert torch.load(file)["weights"].sum() == 499_500


def test_safetensors(repository: Repository, fs: AidbFileSystem) -> None:
    library("safetensors")
    import numpy as np
    from safetensors.numpy import load, save

    fs.pipe("main/model.safetensors", save({"weights": np.arange(1000)}))
    assert load(fs.cat("main/model.safetensors"))["weights"].sum() == 499_500


def test_numpy(fs: AidbFileSystem) -> None:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, np.arange(10))
    fs.pipe("main/a.npy", buffer.getvalue())
    with fs.open("main/a.npy") as file:
        assert np.load(file).sum() == 45
