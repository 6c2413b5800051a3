"""Samples one after the other: sharded, shuffled, resumable."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from aidb.data import torch
from aidb.data.order import Order, Shuffle, share, turns
from aidb.data.progress import Progress, restored
from aidb.data.source import Located, Sample, Select, Source
from aidb.errors import InvalidInputError

if TYPE_CHECKING:
    from aidb.snapshot import Snapshot

T = TypeVar("T")

_GROUP_SAMPLES = 2048
_GROUP_BYTES = 16 << 20
"""How much one group holds, unless a single sample is larger."""


class IterableDataset(Generic[T]):
    """The files of a folder as a stream, in an order that commit, folder, seed, epoch and number of ranks decide.

    Give it to PyTorch's `DataLoader`, to torchdata's `StatefulDataLoader`, to `aidb.data.Loader`, or iterate over it.
    Each of `ranks` training processes gets an equal share, and within it each worker of a loader takes turns of
    `batch_size` samples: with the loader's own batch size given here, batches do not depend on the number of workers.

    Without `seed` samples come in the order of paths. With it, blocks of `block` neighbours are put in random order and
    then the samples of each `window` are mixed, anew in every epoch: reading stays nearly sequential, and a sample can
    come in any place of the epoch. It is not a uniform shuffle: of the neighbours in a block, many come in one window.

    An iteration goes on where `load_state_dict` or the one before it stopped; after the last sample begins the next
    epoch.
    """

    @overload
    def __init__(
        self: IterableDataset[Sample],
        snapshot: Snapshot,
        folder: str | os.PathLike[str] = ...,
        *,
        select: Select | None = ...,
        seed: int | None = ...,
        block: int = ...,
        window: int = ...,
        batch_size: int = ...,
        rank: int | None = ...,
        ranks: int | None = ...,
        even: bool = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        snapshot: Snapshot,
        folder: str | os.PathLike[str] = ...,
        *,
        decode: Callable[[Sample], T],
        select: Select | None = ...,
        seed: int | None = ...,
        block: int = ...,
        window: int = ...,
        batch_size: int = ...,
        rank: int | None = ...,
        ranks: int | None = ...,
        even: bool = ...,
    ) -> None: ...

    def __init__(
        self,
        snapshot: Snapshot,
        folder: str | os.PathLike[str] = "",
        *,
        decode: Callable[[Sample], Any] | None = None,
        select: Select | None = None,
        seed: int | None = None,
        block: int = 256,
        window: int = 4096,
        batch_size: int = 1,
        rank: int | None = None,
        ranks: int | None = None,
        even: bool = False,
    ) -> None:
        """`decode` makes of a `Sample` what is yielded; `select` says of a path whether it is a sample.

        `rank` and `ranks` are taken from `torch.distributed` where that is running, unless given. `even` leaves out
        up to `ranks - 1` samples, so that every rank has as many.
        """
        if min(block, window, batch_size) < 1:
            raise InvalidInputError("block, window and batch_size are at least 1")
        if (rank is None) != (ranks is None) or (rank is not None and not 0 <= rank < (ranks or 0)):
            raise InvalidInputError(f"rank {rank} of {ranks} cannot be: give both, or neither")
        self._source = Source(snapshot, folder, select)
        self._decode = decode
        self._shuffle = None if seed is None else Shuffle(seed, block, window)
        self.batch_size = batch_size
        self._rank = None if rank is None or ranks is None else (rank, ranks)
        self._even = even
        self._progress = Progress()
        torch.register(IterableDataset)

    @property
    def snapshot(self) -> Snapshot:
        """The version that is read."""
        return self._source.snapshot

    @property
    def epoch(self) -> int:
        """Counted from 0."""
        return self._progress.epoch

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch. If that is the present one, stay where it has come to."""
        if epoch != self._progress.epoch:
            self._progress = Progress(epoch)

    def state_dict(self) -> dict[str, Any]:
        """How far it has come, exactly: the next sample is the one after the last that was yielded."""
        return self._progress.state(self._identity())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to where a state was taken. Raises InvalidInputError if that was another order."""
        self._progress = restored(state, self._identity())

    @property
    def position(self) -> int:
        """How many samples this rank is past. Raises InvalidInputError in a worker: it knows only its own."""
        if self._progress.workers > 1:
            raise InvalidInputError("the position of a rank is not known to one of its workers")
        return self._progress.position + self._progress.taken

    def go_to(self, epoch: int, position: int) -> None:
        """Go on from a position of the rank's order in an epoch."""
        self._progress = Progress(epoch, position)

    def at(self, epoch: int, position: int) -> IterableDataset[T]:
        """A copy that goes on from there."""
        other = copy.copy(self)
        other.go_to(epoch, position)
        return other

    def __len__(self) -> int:
        """The samples of this rank in one epoch."""
        start, stop = self._share()
        return stop - start

    def __iter__(self) -> Iterator[T]:
        progress = self._begin()
        order = Order(len(self._source), *self._share(), self._shuffle, progress.epoch)
        decode = self._decode
        for samples in map(self._source.read, self._groups(order, progress)):
            for sample in samples:
                progress.taken += 1
                yield sample if decode is None else decode(sample)  # type: ignore[misc]
        self._progress = Progress(progress.epoch + 1)

    def __getitem__(self, _number: int) -> T:
        """A loader asks for samples by number only if it did not see that this is an iterable dataset."""
        raise TypeError(
            "PyTorch was imported after this IterableDataset was made; import it before, or use MapDataset"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_rank": self._ranks()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        torch.register(IterableDataset)

    def __repr__(self) -> str:
        return (
            f"<IterableDataset: {len(self):,} of {len(self._source):,} samples of {self._source.snapshot!r}>"
        )

    def _begin(self) -> Progress:
        """What this process has done of the present epoch: a worker begins where the whole rank has come to."""
        worker, workers = torch.worker()
        held = self._progress
        if held.workers == 1:
            self._progress = Progress(held.epoch, held.position + held.taken, worker, workers)
        elif (held.worker, held.workers) != (worker, workers):
            raise InvalidInputError(
                f"the state is of worker {held.worker} of {held.workers}, not of worker {worker} of {workers}",
                hints=("Go on with as many workers, or use aidb.data.Loader, whose state fits any number.",),
            )
        return self._progress

    def _groups(self, order: Order, progress: Progress) -> Iterator[Located]:
        """What to read next, as much as may be in memory at a time."""
        taken, total = progress.taken, len(order)
        while True:
            positions = turns(
                progress.position,
                total,
                batch=self.batch_size,
                worker=progress.worker,
                workers=progress.workers,
                skip=taken,
                count=_GROUP_SAMPLES,
            )
            if not len(positions):
                return
            yield from self._source.groups(order.numbers(positions).tolist(), _GROUP_BYTES)
            taken += len(positions)

    def _share(self) -> tuple[int, int]:
        return share(len(self._source), *self._ranks(), even=self._even)

    def _ranks(self) -> tuple[int, int]:
        return torch.rank() if self._rank is None else self._rank

    def _identity(self) -> dict[str, Any]:
        shuffle = self._shuffle
        rank, ranks = self._ranks()
        return {
            **self._source.identity(),
            "shuffle": None if shuffle is None else [shuffle.seed, shuffle.block, shuffle.window],
            "rank": rank,
            "ranks": ranks,
            "even": self._even,
            "batch_size": self.batch_size,
        }
