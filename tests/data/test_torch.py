"""Datasets under PyTorch's loaders: workers, ranks, and going on after a kill."""

from __future__ import annotations

import importlib.util
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from aidb.data import IterableDataset, Loader, MapDataset
from aidb.errors import InvalidInputError
from aidb.snapshot import Snapshot
from tests.data.conftest import number

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from torch.utils.data import DataLoader, DistributedSampler  # noqa: E402

ALL = list(range(300))
TORCHDATA = importlib.util.find_spec("torchdata") is not None


def make(snapshot: Snapshot, **options: Any) -> IterableDataset[int]:
    settings: dict[str, Any] = {"seed": 1, "block": 16, "window": 64, "batch_size": 8, "decode": number}
    return IterableDataset(snapshot, "train", **(settings | options))


def batches(loader: Any) -> list[list[int]]:
    return [batch.tolist() for batch in loader]


def samples(loader: Any) -> list[int]:
    return [sample for batch in batches(loader) for sample in batch]


def test_a_map_dataset_under_a_data_loader(snapshot: Snapshot) -> None:
    data = MapDataset(snapshot, "train", decode=number)
    assert samples(DataLoader(data, batch_size=7)) == ALL
    shuffled = DataLoader(data, batch_size=7, shuffle=True, num_workers=2)
    assert sorted(samples(shuffled)) == ALL
    sampler: Any = DistributedSampler(data, num_replicas=2, rank=1, shuffle=False)
    assert samples(DataLoader(data, batch_size=7, sampler=sampler)) == ALL[1::2]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_do_not_depend_on_the_number_of_workers(snapshot: Snapshot, workers: int) -> None:
    loaded = batches(DataLoader(make(snapshot), batch_size=8, num_workers=workers))
    plain = list(make(snapshot))
    assert loaded == [plain[at : at + 8] for at in range(0, 300, 8)]


def test_workers_share_every_sample_whatever_the_batches(snapshot: Snapshot) -> None:
    loader: Any = DataLoader(make(snapshot, batch_size=3), batch_size=10, num_workers=2)
    assert sorted(samples(loader)) == ALL


def test_ranks_and_workers_share_every_sample(snapshot: Snapshot) -> None:
    seen: list[int] = []
    for rank in range(2):
        seen += samples(Loader(make(snapshot, rank=rank, ranks=2), workers=2))
    assert sorted(seen) == ALL


def test_spawned_workers(snapshot: Snapshot) -> None:
    assert batches(Loader(make(snapshot), workers=1, start_method="spawn")) == batches(Loader(make(snapshot)))


@pytest.mark.parametrize(("first", "then"), [(2, 0), (0, 2), (2, 1)])
def test_a_loader_goes_on_at_the_exact_batch_with_other_workers(
    snapshot: Snapshot, first: int, then: int
) -> None:
    whole = batches(Loader(make(snapshot)))
    loader = Loader(make(snapshot), workers=first)
    begun = [batch.tolist() for batch in islice(loader, 11)]
    again = Loader(make(snapshot), workers=then)
    again.load_state_dict(json.loads(json.dumps(loader.state_dict())))
    assert begun + batches(again) == whole
    assert again.epoch == 1
    assert batches(again) != whole


def test_a_loader_counts_its_batches(snapshot: Snapshot) -> None:
    assert len(Loader(make(snapshot))) == 38
    loader = Loader(make(snapshot), drop_last=True)
    assert len(loader) == len(batches(loader)) == 37


def test_a_loader_makes_what_collate_makes(snapshot: Snapshot) -> None:
    assert sum(Loader(make(snapshot), collate=sum)) == sum(ALL)


def test_the_rank_is_taken_from_torch_distributed(snapshot: Snapshot, tmp_path: Path) -> None:
    data = make(snapshot)
    torch.distributed.init_process_group(
        "gloo", store=torch.distributed.FileStore(str(tmp_path / "store"), 1), rank=0, world_size=1
    )
    try:
        assert data.state_dict()["of"]["ranks"] == 1
        assert len(data) == 300
    finally:
        torch.distributed.destroy_process_group()


def test_the_state_of_a_worker_is_only_for_the_same_worker(snapshot: Snapshot) -> None:
    data = make(snapshot)
    state = {**data.state_dict(), "worker": 1, "workers": 2, "taken": 8}
    data.load_state_dict(state)
    assert data.state_dict() == state
    with pytest.raises(InvalidInputError, match="not of worker 0 of 1"):
        next(iter(data))


@pytest.mark.skipif(not TORCHDATA, reason="torchdata is not installed")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_torchdata_goes_on_at_the_exact_batch(snapshot: Snapshot, workers: int) -> None:
    from torchdata.stateful_dataloader import StatefulDataLoader

    whole = batches(Loader(make(snapshot)))
    loader = StatefulDataLoader(make(snapshot), batch_size=8, num_workers=workers)
    begun = [batch.tolist() for batch in islice(loader, 11)]
    again = StatefulDataLoader(make(snapshot), batch_size=8, num_workers=workers)
    again.load_state_dict(loader.state_dict())
    assert begun + batches(again) == whole
