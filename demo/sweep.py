"""A sweep that asks one question: is a branch where each digit is there five times, shifted, the better training data?

Every run trains a small network on the digits of one branch, with one learning rate and one seed, and logs what
happened. The digits are read from the version that the run recorded, not from the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import aidb
from aidb.tracking.used import Data
from demo.data import Digits, decode_digits
from demo.network import Network

EXPERIMENT = "digits"
RATES = (0.03, 0.1, 0.3)
SEEDS = range(4)
EPOCHS = 10


class Setting(NamedTuple):
    """What one run of the sweep is given."""

    data: str
    lr: float
    seed: int


class Parts(NamedTuple):
    """The digits of one version: to train on, and to test with."""

    train: Digits
    test: Digits


class Outcome(NamedTuple):
    """A run of the sweep and the share of test digits that it got right at its best. Sorts by that."""

    accuracy: float
    run: str
    setting: Setting


class Sweep:
    """Trains every combination of branch, learning rate and seed, as children of one run."""

    def __init__(self, branches: Sequence[str], epochs: int = EPOCHS) -> None:
        self.settings = [Setting(*each) for each in product(branches, RATES, SEEDS)]
        self._epochs = epochs
        self._read: dict[str, Parts] = {}

    def run(self, folder: Path) -> list[Outcome]:
        """Train them in the repository of `folder`; the best last."""
        with aidb.start_run(EXPERIMENT, "sweep", repo=folder, console=False) as parent:
            return sorted(self._train(folder, parent, setting) for setting in self.settings)

    def _train(self, folder: Path, parent: aidb.Run, setting: Setting) -> Outcome:
        """One run of the sweep."""
        params = setting._asdict()
        with aidb.start_run(EXPERIMENT, params=params, parent=parent, repo=folder, console=False) as run:
            parts = self._parts(run.use(f"{setting.data}:digits/"))
            network = Network(setting.seed)
            best = 0.0
            for step, epoch in enumerate(
                network.train(parts.train, parts.test, lr=setting.lr, epochs=self._epochs)
            ):
                run.log({"train/loss": epoch.loss, "test/accuracy": epoch.accuracy}, step=step)
                if epoch.accuracy > best:
                    best, best_step, weights = epoch.accuracy, step, dict(network.weights)
            run.save_checkpoint(weights, step=best_step, metrics={"test/accuracy": best})
            return Outcome(best, run.id, setting)

    def _parts(self, data: Data) -> Parts:
        """What a version holds; read once for all runs that use it."""
        if data.commit not in self._read:
            self._read[data.commit] = Parts(*(_read(data, part) for part in Parts._fields))
        return self._read[data.commit]


def _read(data: Data, part: str) -> Digits:
    paths = sorted(path for path, _ in data.snapshot.walk(f"{data.path}/{part}"))
    return decode_digits((Path(path), content) for path, content in data.snapshot.read_many(paths))
