"""What a filter can speak of: the fields of a run with their types, and the statistics of a metric."""

from __future__ import annotations

from typing import Literal

Type = Literal["text", "number", "time", "span"]
"""Texts; numbers; points in time, written as people write them; lengths of time, in seconds or written as `2h`."""

RUN_FIELDS: dict[str, Type] = {
    "id": "text",
    "name": "text",
    "experiment": "text",
    "status": "text",
    "started": "time",
    "ended": "time",
    "duration": "span",
    "user": "text",
    "host": "text",
    "commit": "text",
    "notes": "text",
    "parent": "text",
    "command": "text",
}
"""`commit` is that of the code; `parent` the run that this one belongs to, as in a sweep."""

STATISTICS = (
    "last",
    "min",
    "max",
    "mean",
    "count",
    "first",
    "best",
    "last_step",
    "min_step",
    "max_step",
    "best_step",
    "nans",
)
"""What is kept of a metric of a run; without one, `last` is meant. `last` is the value at the highest step."""

SPACES = ("metrics", "params", "run")
"""What the first word of a dotted field may be; `run` may be left out."""

WORDS = ("and", "false", "has", "in", "inf", "is", "like", "nan", "not", "null", "or", "true")
"""Words that cannot stand for a field."""
