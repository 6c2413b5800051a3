"""One epoch over a folder of small files by PyTorch's DataLoader with two workers: `epoch.py TOOL FOLDER cold|hot`.

TOOL is `aidb` (the folder `data` of HEAD in the repository FOLDER) or `Python` (a dataset that reads the files of
FOLDER/data). Prints how many seconds the epoch took, from before the workers are started; the names of the files are
known by then. Cold: no data is in the page cache, though the kernel may still know the names. Hot: a second epoch.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader

_BATCH = 256
_WORKERS = 2


class PlainFiles:
    """What people write."""

    def __init__(self, folder: Path) -> None:
        self.paths = _files(folder)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> bytes:
        with open(self.paths[number], "rb") as file:
            return file.read()


def _content(sample: Any) -> bytes:
    data: bytes = sample.data
    return data


def _of_aidb(folder: Path) -> Any:
    import aidb
    from aidb.data import IterableDataset

    return IterableDataset(aidb.open(folder).at("HEAD"), "data", decode=_content, batch_size=_BATCH)


def _files(folder: Path) -> list[str]:
    return sorted(os.path.join(place, name) for place, _, names in os.walk(folder) for name in names)


def _evict(paths: Iterable[str]) -> None:
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def _epoch(data: Any) -> int:
    batches: Iterable[list[bytes]] = DataLoader(
        data, batch_size=_BATCH, num_workers=_WORKERS, collate_fn=list
    )
    return sum(map(len, batches))


def main(tool: str, folder: Path, cache: str) -> None:
    data = _of_aidb(folder) if tool == "aidb" else PlainFiles(folder / "data")
    if cache == "cold":
        _evict(_files(folder / ".aidb" / "store") if tool == "aidb" else data.paths)
    else:
        _epoch(data)
    began = time.perf_counter()
    samples = _epoch(data)
    took = time.perf_counter() - began
    if samples != len(data):
        raise SystemExit(f"{samples} samples came, not {len(data)}")
    print("seconds", took)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
