"""What the environment says of a run. The only place of the library that reads `AIDB_*` variables of training.

| variable | meaning |
|---|---|
| AIDB_REPOSITORY | the folder of the repository; else the one around the current folder |
| AIDB_EXPERIMENT, AIDB_RUN_NAME, AIDB_RUN_TAGS | as the arguments of `start_run`; tags are separated by commas |
| AIDB_RUN_ID | the run that every process with this variable logs to |
| AIDB_PARENT_RUN | the run that those started here are part of |
| AIDB_RANK | this process's rank; else what torchrun, Slurm and MPI say |
| AIDB_MODE | `disabled`: record nothing |
| AIDB_CONSOLE | `off`: do not record what is printed |
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple, cast

from aidb.errors import InvalidInputError

Mode = Literal["enabled", "disabled"]
_RANKS = ("AIDB_RANK", "RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")


class Surroundings(NamedTuple):
    """The variables as they are now."""

    repository: str | None
    experiment: str | None
    name: str | None
    tags: tuple[str, ...]
    run: str | None
    parent: str | None
    rank: int
    mode: Mode
    console: bool


def surroundings() -> Surroundings:
    """Read the variables. Raises InvalidInputError for values that they cannot have."""
    ask = os.environ.get
    tags = tuple(tag.strip() for tag in ask("AIDB_RUN_TAGS", "").split(",") if tag.strip())
    return Surroundings(
        ask("AIDB_REPOSITORY") or None,
        ask("AIDB_EXPERIMENT") or None,
        ask("AIDB_RUN_NAME") or None,
        tags,
        ask("AIDB_RUN_ID") or None,
        ask("AIDB_PARENT_RUN") or None,
        _rank(),
        checked_mode(ask("AIDB_MODE") or "enabled", "AIDB_MODE"),
        ask("AIDB_CONSOLE", "on").lower() not in ("off", "0", "false"),
    )


def checked_mode(mode: str, what: str = "mode") -> Mode:
    """Raise InvalidInputError unless it is a mode."""
    if mode not in ("enabled", "disabled"):
        raise InvalidInputError(f"{what} is enabled or disabled, not {mode!r}")
    return cast(Mode, mode)


def _rank() -> int:
    for name in _RANKS:
        value = os.environ.get(name)
        # A single task of Slurm says 0, as do all tasks that were not started by srun.
        if value is not None and value.isdecimal():
            return int(value)
    return 0
