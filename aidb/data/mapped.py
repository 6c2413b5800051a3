"""Samples by number, for loaders that bring their own order."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from aidb.data.source import Sample, Select, Source

if TYPE_CHECKING:
    from aidb.snapshot import Snapshot

T = TypeVar("T")
_AHEAD = 256


class MapDataset(Generic[T]):
    """The files of a folder in the order of their paths: `len(dataset)`, `dataset[3]`, `for sample in dataset`.

    PyTorch's `DataLoader` reads a whole batch at once from it (`__getitems__`). Picklable.
    """

    @overload
    def __init__(
        self: MapDataset[Sample],
        snapshot: Snapshot,
        folder: str | os.PathLike[str] = ...,
        *,
        select: Select | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        snapshot: Snapshot,
        folder: str | os.PathLike[str] = ...,
        *,
        decode: Callable[[Sample], T],
        select: Select | None = ...,
    ) -> None: ...

    def __init__(
        self,
        snapshot: Snapshot,
        folder: str | os.PathLike[str] = "",
        *,
        decode: Callable[[Sample], Any] | None = None,
        select: Select | None = None,
    ) -> None:
        """`decode` makes of a `Sample` what is returned; `select` says of a path whether it is a sample."""
        self._source = Source(snapshot, folder, select)
        self._decode = decode

    @property
    def snapshot(self) -> Snapshot:
        """The version that is read."""
        return self._source.snapshot

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, number: int) -> T:
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[T]:
        """Many samples, in the order asked for; neighbours are read together."""
        samples = self._source.read(self._source.locate([self._checked(number) for number in numbers]))
        decode = self._decode
        return samples if decode is None else [decode(sample) for sample in samples]  # type: ignore[return-value]

    def __iter__(self) -> Iterator[T]:
        for start in range(0, len(self), _AHEAD):
            yield from self.__getitems__(range(start, min(start + _AHEAD, len(self))))

    def __repr__(self) -> str:
        return f"<MapDataset: {len(self):,} samples of {self._source.snapshot!r}>"

    def _checked(self, number: int) -> int:
        number = operator.index(number)
        if not -len(self) <= number < len(self):
            raise IndexError(f"there are {len(self):,} samples, and none of number {number}")
        return number % len(self)
