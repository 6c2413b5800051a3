"""What makes runs different: params, results, data, code and surroundings, side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aidb.metadata.run import RunRecord

Values = list[Any]
"""One value for each run; None where it has none."""

SURROUNDINGS = ("python", "system", "machine", "cpu", "cores", "gpus", "driver", "host")
"""What is compared of host and hardware; the rest differs always or matters never."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side: each part maps a name to a value for each run, and holds only what differs.

    But `metrics`, which has the last value of every metric, and `same`, which has the params that do not differ.
    """

    runs: list[RunRecord]
    params: dict[str, Values]
    same: dict[str, Any]
    metrics: dict[str, Values]
    data: dict[str, Values]
    code: dict[str, Values]
    environment: dict[str, Values]
    packages: dict[str, Values]


def compare(runs: Sequence[RunRecord]) -> Comparison:
    """Put runs side by side."""
    params = _table(runs, lambda run: run.params)
    differ = _differing(params)
    return Comparison(
        runs=list(runs),
        params=differ,
        same={key: values[0] for key, values in params.items() if key not in differ},
        metrics=_table(runs, _results),
        data=_differing(_table(runs, _data)),
        code=_differing(_table(runs, _code)),
        environment=_captured(runs, _surroundings),
        packages=_captured(runs, lambda run: run.captured.get("packages", {})),
    )


def _captured(runs: Sequence[RunRecord], of: Callable[[RunRecord], Mapping[str, Any]]) -> dict[str, Values]:
    """What differs of what surrounded the runs. Of one that was killed before this was found out, nothing is told."""
    differing = _differing(_table([run for run in runs if of(run)], of))
    return {name: values for name, values in _table(runs, of).items() if name in differing}


def _table(runs: Sequence[RunRecord], of: Callable[[RunRecord], Mapping[str, Any]]) -> dict[str, Values]:
    columns = [of(run) for run in runs]
    names = dict.fromkeys(name for column in columns for name in column)
    return {name: [column.get(name) for column in columns] for name in names}


def _differing(table: Mapping[str, Values]) -> dict[str, Values]:
    return {name: values for name, values in table.items() if any(one != values[0] for one in values[1:])}


def _results(run: RunRecord) -> dict[str, Any]:
    return {key: found["last"] for key, found in run.metrics.items() if not key.startswith("system/")}


def _data(run: RunRecord) -> dict[str, Any]:
    """The commit of each path that was read."""
    return {read.path or "(all)": read.commit for read in run.read}


def _code(run: RunRecord) -> dict[str, Any]:
    code = run.captured.get("code", {})
    return {"commit": run.commit, "uncommitted changes": code.get("changed"), "command": run.command}


def _surroundings(run: RunRecord) -> dict[str, Any]:
    found = {**run.captured.get("host", {}), **run.captured.get("hardware", {})}
    named = {name: found[name] for name in SURROUNDINGS if name in found}
    variables = {
        f"${name}": value
        for name, value in run.captured.get("environment", {}).items()
        if not name.startswith("AIDB_")  # how the run was started, not what it computed
    }
    return {**named, **variables}
