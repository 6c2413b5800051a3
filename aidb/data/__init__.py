"""Training data straight from a version: datasets that shard, shuffle and resume, with PyTorch or without.

    data = IterableDataset(repo.at("v1"), "train", decode=decode, seed=1, batch_size=64)
    loader = Loader(data, workers=2)
    for batch in loader: ...
    torch.save({"model": ..., "data": loader.state_dict()}, "last.pt")

Words: a *sample* is one file; a *rank* is one training process, a *worker* one of the processes that load for it.
Every byte is verified as it is read, and what is read stays the same whatever happens to branches.

Not promised: that a shuffle is uniform (`IterableDataset` says what it does), nor that the order stays the same when
seed, block, window or the number of ranks changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.lazy import lazy_names

if TYPE_CHECKING:
    from aidb.data.iterable import IterableDataset
    from aidb.data.loader import Loader
    from aidb.data.mapped import MapDataset
    from aidb.data.source import Sample

__all__ = ["IterableDataset", "Loader", "MapDataset", "Sample"]

_HOME = {
    "IterableDataset": "iterable",
    "Loader": "loader",
    "MapDataset": "mapped",
    "Sample": "source",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
