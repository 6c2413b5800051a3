"""A network small enough to train dozens of times in a demonstration: 64-64-10, gradient descent in NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from demo.data import Digits

_HIDDEN = 64
_BATCH = 32
Floats = NDArray[np.float32]


class Epoch(NamedTuple):
    """How an epoch of training went: the mean loss of its batches, and the share of test digits that were right."""

    loss: float
    accuracy: float


class Network:
    """Two layers. The same seed and data give the same weights."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.weights: dict[str, Floats] = {
            "hidden.weight": self._rng.standard_normal((64, _HIDDEN), dtype=np.float32) / np.float32(8),
            "hidden.bias": np.zeros(_HIDDEN, np.float32),
            "out.weight": self._rng.standard_normal((_HIDDEN, 10), dtype=np.float32) / np.float32(8),
            "out.bias": np.zeros(10, np.float32),
        }

    def train(self, training: Digits, test: Digits, *, lr: float, epochs: int) -> Iterator[Epoch]:
        """Go over the training digits `epochs` times, in another order each time."""
        inputs = _scaled(training.pixels)
        for _ in range(epochs):
            order = self._rng.permutation(len(inputs))
            batches = [order[at : at + _BATCH] for at in range(0, len(order), _BATCH)]
            losses = [self._descend(inputs[batch], training.labels[batch], lr) for batch in batches]
            yield Epoch(float(np.mean(losses)), self.accuracy(test))

    def accuracy(self, digits: Digits) -> float:
        """The share of `digits` that it recognises."""
        _, scores = self._forward(_scaled(digits.pixels))
        return float((np.argmax(scores, axis=1) == digits.labels).mean())

    def _forward(self, inputs: Floats) -> tuple[Floats, Floats]:
        hidden = np.maximum(inputs @ self.weights["hidden.weight"] + self.weights["hidden.bias"], 0)
        return hidden, hidden @ self.weights["out.weight"] + self.weights["out.bias"]

    def _descend(self, inputs: Floats, labels: NDArray[np.int64], lr: float) -> float:
        """One step down the gradient of the cross-entropy; the loss before it."""
        hidden, scores = self._forward(inputs)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        rows = np.arange(len(labels))
        loss = -np.log(odds[rows, labels] + 1e-9).mean()
        odds[rows, labels] -= 1
        odds /= len(labels)
        back = (odds @ self.weights["out.weight"].T) * (hidden > 0)
        for name, slope in (
            ("out.weight", hidden.T @ odds),
            ("out.bias", odds.sum(axis=0)),
            ("hidden.weight", inputs.T @ back),
            ("hidden.bias", back.sum(axis=0)),
        ):
            self.weights[name] = self.weights[name] - np.float32(lr) * slope
        return float(loss)


def _scaled(pixels: Floats) -> Floats:
    return pixels / np.float32(16) - np.float32(0.5)
