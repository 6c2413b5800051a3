"""What a run found: one cell for each row and tool, and where it was measured. Kept as JSON, to be shown again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure


@dataclass(slots=True)
class Results:
    """Figures and failures by row and tool, the machine, and the version and set-up of every tool."""

    machine: str
    quick: bool
    versions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, Figure]] = field(default_factory=dict)
    failures: dict[str, dict[str, str]] = field(default_factory=dict)

    def record(self, row: str, tool: str, figure: Figure) -> None:
        """Keep the figure of `tool` in `row`."""
        self.figures.setdefault(row, {})[tool] = figure

    def fail(self, row: str, tool: str, why: str) -> None:
        """Keep why `tool` has no figure in `row`; a figure that was kept is withdrawn."""
        self.figures.get(row, {}).pop(tool, None)
        self.failures.setdefault(row, {})[tool] = why

    def get(self, row: str, tool: str) -> Figure | None:
        """The figure of `tool` in `row`, if it has one."""
        return self.figures.get(row, {}).get(tool)

    def write(self, path: Path) -> None:
        """Keep everything as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What `write` kept."""
        kept: dict[str, Any] = json.loads(path.read_text())
        figures = {
            row: {tool: Figure(**figure) for tool, figure in cells.items()}
            for row, cells in kept.pop("figures").items()
        }
        return cls(**kept, figures=figures)
