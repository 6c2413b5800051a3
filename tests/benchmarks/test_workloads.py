"""Workloads: the same seed gives the same bytes, changes are of the size they promise, and checking finds a flaw."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.verify import differences, digest
from benchmarks.workloads import checkpoints, fine_tuning, large_file, small_files
from benchmarks.workloads.amounts import LAYER

SIZE = 8 << 20


def test_small_files_are_reproducible(tmp_path: Path) -> None:
    one = small_files.make(tmp_path / "one", 60)
    assert one == small_files.make(tmp_path / "two", 60)
    assert {Path(path).suffix for path in one} == {".jpg", ".json", ".txt", ".npy"}
    json.loads(next((tmp_path / "one").rglob("*.json")).read_text())


def test_change_touches_one_file_of_each_folder(tmp_path: Path) -> None:
    before = small_files.make(tmp_path / "data", 3000)
    after = small_files.change(tmp_path / "data", before, seed=1)
    changed = [path for path in before if before[path] != after[path]]
    assert sorted(path.partition("/")[0] for path in changed) == ["part-000", "part-001", "part-002"]
    assert differences(tmp_path / "data", after) == []
    assert differences(tmp_path / "data", before) == [f"other bytes: {path}" for path in sorted(changed)]


def test_missing_and_extra_files_are_found(tmp_path: Path) -> None:
    sums = small_files.make(tmp_path / "data", 30)
    gone = next(iter(sums))
    (tmp_path / "data" / gone).unlink()
    (tmp_path / "data" / "extra").write_text("x")
    assert differences(tmp_path / "data", sums) == [f"missing: {gone}", "not asked for: extra"]


def test_large_file_edit_and_insert(tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    large_file.make(file, SIZE)
    original = file.read_bytes()
    large_file.edit(file)
    edited = file.read_bytes()
    assert len(edited) == SIZE
    differing = sum(a != b for a, b in zip(original, edited, strict=True))
    assert 0.8 * SIZE * large_file.SHARE < differing <= SIZE * large_file.SHARE
    large_file.insert(file)
    inserted = file.read_bytes()
    at = large_file.INSERT_AT
    assert inserted[:at] == edited[:at]
    assert inserted[at + large_file.INSERTED :] == edited[at:]


def test_checkpoints_are_safetensors_that_share_most_tensors(tmp_path: Path) -> None:
    sums = checkpoints.make(tmp_path, 2, 5)
    first, second = (tmp_path / name for name in sorted(sums))
    assert digest(first) == sums[first.name]
    size = int.from_bytes(first.read_bytes()[:8], "little")
    header = json.loads(first.read_bytes()[8 : 8 + size])
    assert len(header) == 5
    spans = [tensor["data_offsets"] for tensor in header.values()]
    one, two = first.read_bytes()[8 + size :], second.read_bytes()[8 + size :]
    assert sum(one[start:end] != two[start:end] for start, end in spans) == 1


def test_a_model_that_is_trained_on_moves_a_little(tmp_path: Path) -> None:
    sums = fine_tuning.make(tmp_path, 2, 2)
    one, two = ((tmp_path / name).read_bytes() for name in sorted(sums))
    weights = [np.frombuffer(data[-2 * LAYER :], np.uint16).astype(np.uint32) << 16 for data in (one, two)]
    before, after = (each.view(np.float32) for each in weights)
    assert 0.01 < np.abs(after - before).mean() / np.abs(before).mean() < 0.2
    assert np.isfinite(after).all()
