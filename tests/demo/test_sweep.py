"""The demo's sweep, made small: its runs say what they read, what they were given, and where their weights are."""

from __future__ import annotations

from pathlib import Path

import pytest

for _name in ("PIL", "sklearn", "duckdb", "safetensors"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

import aidb  # noqa: E402
from demo.data import write_digits  # noqa: E402
from demo.sweep import EXPERIMENT, RATES, SEEDS, Sweep  # noqa: E402


def test_every_combination_is_there() -> None:
    settings = Sweep(("main", "other")).settings
    assert len(set(settings)) == len(settings) == 2 * len(RATES) * len(SEEDS) >= 24


def test_runs_are_recorded(tmp_path: Path) -> None:
    with aidb.init(tmp_path) as repo:
        write_digits(tmp_path / "digits")
        repo.add(["digits"])
        data = repo.commit("digits").id
    sweep = Sweep(("main",), epochs=2)
    sweep.settings = sweep.settings[:2]
    outcomes = sweep.run(tmp_path)
    with aidb.open(tmp_path) as repo:
        assert len(repo.runs) == 3
        runs = f'experiment = "{EXPERIMENT}" and metrics."test/accuracy".count = 2'
        assert sorted(repo.runs.ids(runs)) == sorted(outcome.run for outcome in outcomes)
        for outcome in outcomes:
            record = repo.runs[outcome.run]
            assert [read.commit for read in record.read] == [data]
            assert record.params == outcome.setting._asdict()
            assert any(path.endswith(".safetensors") for path, _ in repo.at(f"runs/{outcome.run}").walk())
