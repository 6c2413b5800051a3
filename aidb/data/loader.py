"""Batches from worker processes, resumable at an exact batch: PyTorch's `DataLoader`, which counts what it hands out.

A `DataLoader` reads ahead, so that its dataset is always further than training is. Since the order of a dataset does
not depend on the number of workers, counting batches is enough to go on, with as many workers as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar, cast, overload

from aidb.data import torch
from aidb.data.iterable import IterableDataset
from aidb.errors import InvalidInputError

Batch = TypeVar("Batch")


class Loader(Generic[Batch]):
    """Batches of `dataset.batch_size` samples. Iterating goes on where the state says, to the end of the epoch.

    for epoch in range(loader.epoch, 10):
        for batch in loader: ...
    """

    @overload
    def __init__(
        self: Loader[Any],
        dataset: IterableDataset[Any],
        *,
        workers: int = ...,
        drop_last: bool = ...,
        prefetch: int = ...,
        pin_memory: bool = ...,
        start_method: str | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        dataset: IterableDataset[Any],
        *,
        collate: Callable[[list[Any]], Batch],
        workers: int = ...,
        drop_last: bool = ...,
        prefetch: int = ...,
        pin_memory: bool = ...,
        start_method: str | None = ...,
    ) -> None: ...

    def __init__(
        self,
        dataset: IterableDataset[Any],
        *,
        workers: int = 0,
        collate: Callable[[list[Any]], Any] | None = None,
        drop_last: bool = False,
        prefetch: int = 2,
        pin_memory: bool = False,
        start_method: str | None = None,
    ) -> None:
        """`collate` makes a batch of a list of samples (PyTorch's `default_collate`). `prefetch` is in batches for each
        worker; `start_method` as in `multiprocessing`. Raises NotFoundError without PyTorch."""
        self._torch = torch.require()
        if workers < 0 or prefetch < 1:
            raise InvalidInputError("a loader has 0 workers or more, and reads at least 1 batch ahead")
        self.dataset = dataset
        self._workers = workers
        self._options: dict[str, Any] = {
            "batch_size": dataset.batch_size,
            "num_workers": workers,
            "collate_fn": collate,
            "drop_last": drop_last,
            "pin_memory": pin_memory,
        }
        if workers:
            self._options |= {"prefetch_factor": prefetch, "multiprocessing_context": start_method}

    @property
    def epoch(self) -> int:
        """Counted from 0."""
        return self.dataset.epoch

    def set_epoch(self, epoch: int) -> None:
        """As `IterableDataset.set_epoch`."""
        self.dataset.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """How far training has come: what was handed out, not what was read ahead. JSON can hold it."""
        return self.dataset.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to where a state was taken. Raises InvalidInputError if that was another order of samples."""
        self.dataset.load_state_dict(state)

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        samples, size = len(self.dataset), self.dataset.batch_size
        return samples // size if self._options["drop_last"] else -(-samples // size)

    def __iter__(self) -> Iterator[Batch]:
        dataset, epoch, position = self.dataset, self.dataset.epoch, self.dataset.position
        end = len(dataset)
        batches = self._torch.utils.data.DataLoader(dataset.at(epoch, position), **self._options)
        for batch in batches:
            position = min(position + dataset.batch_size, end)
            dataset.go_to(epoch, position)
            yield cast(Batch, batch)
        dataset.go_to(epoch + 1, 0)

    def __repr__(self) -> str:
        return f"<Loader: {len(self):,} batches from {self._workers} workers of {self.dataset!r}>"
