"""A few threads for work ahead of its need, made when they are first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

_THREADS = 2


class Workers:
    """Safe for threads, and after a fork: the child, which has none of its parent's threads, gets its own."""

    def __init__(self) -> None:
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def submit(self, function: Callable[..., Result], *arguments: object) -> Future[Result]:
        """Begin a call; its result, or what it raised, is in the future."""
        pid = os.getpid()
        if self._pool is None or self._pool[0] != pid:
            self._pool = pid, ThreadPoolExecutor(_THREADS, "aidb-read")
        return self._pool[1].submit(function, *arguments)
