"""TensorBoard: PyTorch's SummaryWriter, or tensorboardX where PyTorch is not installed."""

from __future__ import annotations

from pathlib import Path

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    from tensorboardX import SummaryWriter

from benchmarks.tracking.drivers.base import PREFIX, Log, Values


class Tracker:
    """A folder of event files for each run."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def start(self, name: str) -> Log:
        self._writer = SummaryWriter(str(self._place / name))
        return self._log

    def _log(self, values: Values, step: int) -> None:
        for key, value in values.items():
            self._writer.add_scalar(key, value, step)

    def finish(self) -> None:
        self._writer.close()

    def points(self) -> int:
        from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

        return sum(
            value.tag.startswith(PREFIX)
            for path in self._place.glob("*/events.out.*")
            for event in EventFileLoader(str(path)).Load()
            for value in event.summary.value
        )
