"""The one door to PyTorch. It is looked at only where it is loaded already, or where a loader is asked for."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from aidb.errors import NotFoundError


def loaded() -> ModuleType | None:
    """`torch`, if this process has imported it."""
    return sys.modules.get("torch")


def require() -> Any:
    """`torch`, imported now. Raises NotFoundError where it is not installed."""
    try:
        import torch
    except ImportError:
        raise NotFoundError(
            "PyTorch is not installed, and a loader with workers needs it",
            hints=("`pip install torch`, or iterate over the dataset itself.",),
        ) from None
    return torch


def register(kind: type) -> None:
    """Make PyTorch's loaders treat instances of `kind` as iterable datasets, if PyTorch is loaded."""
    if loaded() is not None:
        from torch.utils.data import IterableDataset

        IterableDataset.register(kind)


def worker() -> tuple[int, int]:
    """Number of this loader process, and how many there are; (0, 1) outside of any."""
    if loaded() is None:
        return 0, 1
    from torch.utils.data import get_worker_info

    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


def rank() -> tuple[int, int]:
    """Number of this training process, and how many there are, from `torch.distributed` where that is running."""
    torch = loaded()
    if torch is None or not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()
