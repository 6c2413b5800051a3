"""Histograms of the gradients and weights of a PyTorch module, from hooks on its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aidb.errors import InvalidInputError

if TYPE_CHECKING:
    from aidb.tracking.run import Run

_MOST_VALUES = 1 << 20
"""Of longer tensors, evenly spaced values are counted."""


def watch(run: Run, model: Any, *, every: int, gradients: bool, weights: bool) -> None:
    """See `Run.watch`."""
    if not hasattr(model, "named_parameters"):
        raise InvalidInputError(f"{type(model).__name__} is no PyTorch module")
    if every < 1:
        raise InvalidInputError(f"histograms are logged every 1 or more passes, not {every}")
    if not run.recording:
        return
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.register_hook(_hook(run, name, parameter, every, gradients=gradients, weights=weights))


def _hook(
    run: Run, name: str, parameter: Any, every: int, *, gradients: bool, weights: bool
) -> Callable[[Any], None]:
    passes = 0

    def hook(gradient: Any) -> None:
        nonlocal passes
        passes += 1
        if (passes - 1) % every or run.finished:
            return
        if gradients:
            run.log_histogram(f"gradients/{name}", _some(gradient))
        if weights:
            run.log_histogram(f"weights/{name}", _some(parameter))

    return hook


def _some(tensor: Any) -> Any:
    values = tensor.detach().reshape(-1)
    return values[:: -(-len(values) // _MOST_VALUES)]
