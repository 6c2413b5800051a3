"""Checkpoints of a model that is trained on: every bfloat16 weight moves a little from one to the next.

    python -m benchmarks.workloads.fine_tuning FOLDER SUMS --count 10 --layers 20

The model is real, if simple: residual layers of 1024 x 1024 that learn the outputs of a fixed random matrix, by Adam
with a learning rate of 1e-4, ten steps of 64 examples per checkpoint. The weights are float32 inside, as in training
with mixed precision, and bfloat16 in the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.sums import write_sums
from benchmarks.verify import digest
from benchmarks.workloads.amounts import LAYER
from benchmarks.workloads.checkpoints import write_safetensors
from benchmarks.workloads.weights import SEED, as_bfloat16

WIDTH = 1024
STEPS = 10
_RATE, _DECAY, _SQUARE_DECAY, _TINY = 1e-4, 0.9, 0.999, 1e-8

Matrix = npt.NDArray[np.float32]


def make(folder: Path, count: int, layers: int) -> dict[str, str]:
    """Train, write the checkpoints and return their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    model = _Model(layers)
    digests = {}
    for number in range(count):
        for _ in range(STEPS):
            model.learn()
        path = folder / f"step-{number:04}.safetensors"
        write_safetensors(path, "BF16", LAYER, layers, map(as_bfloat16, model.layers))
        digests[path.name] = digest(path)
    return digests


class _Model:
    """h + relu(h W) for each layer, and Adam."""

    def __init__(self, layers: int) -> None:
        self._rng = np.random.default_rng([SEED, 5])
        self.layers = [self._normal(WIDTH, WIDTH) for _ in range(layers)]
        self._teacher = self._normal(WIDTH, WIDTH)
        self._moments = [np.zeros_like(layer) for layer in self.layers]
        self._squares = [np.zeros_like(layer) for layer in self.layers]
        self._steps = 0

    def learn(self) -> None:
        """One step on 64 fresh examples."""
        given = self._rng.standard_normal((64, WIDTH), np.float32)
        inputs, hidden = [], given
        for layer in self.layers:
            inputs.append(hidden)
            hidden = hidden + np.maximum(hidden @ layer, 0)
        slope: Matrix = hidden - given @ self._teacher
        slope /= np.float32(hidden.size)
        self._steps += 1
        for number in reversed(range(len(self.layers))):
            behind: Matrix = np.where(inputs[number] @ self.layers[number] > 0, slope, np.float32(0))
            gradient: Matrix = inputs[number].T @ behind
            slope = slope + behind @ self.layers[number].T
            self._move(number, gradient)

    def _move(self, number: int, gradient: Matrix) -> None:
        moment, square = self._moments[number], self._squares[number]
        moment += np.float32(1 - _DECAY) * (gradient - moment)
        square += np.float32(1 - _SQUARE_DECAY) * (gradient * gradient - square)
        size = np.sqrt(square / np.float32(1 - _SQUARE_DECAY**self._steps)) + np.float32(_TINY)
        self.layers[number] -= np.float32(_RATE / (1 - _DECAY**self._steps)) * moment / size

    def _normal(self, *shape: int) -> Matrix:
        return self._rng.standard_normal(shape, np.float32) * np.float32(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a model and keep its checkpoints.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("sums", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--layers", type=int, required=True)
    given = parser.parse_args()
    write_sums(given.sums, make(given.folder, given.count, given.layers))


if __name__ == "__main__":
    main()
