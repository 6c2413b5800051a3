"""How far an iteration has come, as a plain dictionary that JSON and checkpoints can hold.

    {"epoch": 3, "position": 5120, "of": {...}}                                     the whole rank
    {"epoch": 3, "position": 0, "worker": 1, "workers": 2, "taken": 2560, "of": {...}}    one of its workers

`of` says of what: commit, folder, seed and whatever else decides the order. A state of another order is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aidb.errors import InvalidInputError


@dataclass(slots=True)
class Progress:
    """`position` is where the turns of the workers begin; `taken` what worker `worker` has taken since."""

    epoch: int = 0
    position: int = 0
    worker: int = 0
    workers: int = 1
    taken: int = 0

    def state(self, of: Mapping[str, Any]) -> dict[str, Any]:
        """The dictionary."""
        if self.workers == 1:
            return {"epoch": self.epoch, "position": self.position + self.taken, "of": dict(of)}
        return {
            "epoch": self.epoch,
            "position": self.position,
            "worker": self.worker,
            "workers": self.workers,
            "taken": self.taken,
            "of": dict(of),
        }


def restored(state: Mapping[str, Any], of: Mapping[str, Any]) -> Progress:
    """The progress that a dictionary tells. Raises InvalidInputError if it is none, or of another order."""
    try:
        told = dict(state["of"])
        numbers = {name: int(state.get(name, default)) for name, default in _DEFAULTS.items()}
    except (KeyError, TypeError, ValueError):
        raise InvalidInputError("this is not the state of a dataset: `state_dict()` gives one") from None
    wrong = [name for name in of if told.get(name) != of[name]]
    if wrong:
        name = wrong[0]
        raise InvalidInputError(
            f"the state is of another order of samples: its {name} is {told.get(name)!r}, not {of[name]!r}",
            hints=("Make the dataset as it was when the state was taken, from the same commit.",),
        )
    progress = Progress(**numbers)
    if min(numbers.values()) < 0 or not progress.worker < progress.workers:
        raise InvalidInputError(f"the state of the dataset is damaged: {numbers}")
    return progress


_DEFAULTS = {"epoch": 0, "position": 0, "worker": 0, "workers": 1, "taken": 0}
