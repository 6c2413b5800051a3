"""What `aidb.log` and the like do: the same as the methods of the run that was started last in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aidb.errors import NotFoundError
from aidb.tracking import ending
from aidb.tracking.run import Run


def active_run() -> Run:
    """The run that was started last and has not ended. Raises NotFoundError."""
    run = ending.current_run()
    if run is None:
        raise NotFoundError("no run is open in this process", hints=("`aidb.start_run()` starts one.",))
    return run


def log(values: Mapping[str, Any], /, *, step: int | None = None, epoch: float | None = None) -> None:
    """`Run.log` of the open run."""
    active_run().log(values, step=step, epoch=epoch)


def finish(status: str = "finished") -> None:
    """`Run.finish` of the open run."""
    active_run().finish(status)
