"""Checkpoints that are added: each as the difference to what its path held before, or to the one before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aidb import Repository
from tests.store.content import checkpoint, weights
from tests.versioning.workspace.conftest import Files


def model(step: int, layers: int = 1) -> bytes:
    tensors = {f"layer{layer}": weights(1 << 17, layer, step) for layer in range(layers)}
    return checkpoint(tensors)


def deltas(repo: Repository) -> int:
    return repo.store.usage().deltas.chunks


def test_one_path_again_and_again(repo: Repository, files: Files) -> None:
    for step in range(3):
        files.put("model.safetensors", model(step))
        repo.add()
        repo.commit(f"step {step}")
    assert deltas(repo) == 2
    for step in range(3):
        assert repo.at(f"HEAD~{2 - step}").read("model.safetensors") == model(step)
    assert repo.fsck().ok


@pytest.mark.parametrize("name", ["ckpt-{:04}.safetensors", "checkpoint-{}00/model.safetensors"])
def test_a_series_step_by_step(repo: Repository, files: Files, name: str) -> None:
    for step in range(9, 12):
        files.put(name.format(step), model(step))
        repo.add()
    assert deltas(repo) == 2
    repo.commit("all")
    for step in range(9, 12):
        assert repo.at().read(name.format(step)) == model(step)


def test_a_series_at_once(repo: Repository, files: Files) -> None:
    """Large enough to be worth a flush in between."""
    for step in range(3):
        files.put(f"ckpt-{step}.safetensors", model(step, layers=17))
    files.put("other.txt", "x")
    assert repo.add().added == 4
    assert deltas(repo) == 2 * 17
    repo.commit("all")
    assert repo.at().read("ckpt-2.safetensors") == model(2, layers=17)


def test_before_the_first_commit_and_after_it_was_removed(repo: Repository, files: Files) -> None:
    files.put("a/model.safetensors", model(0))
    repo.add()
    files.put("a/model.safetensors", model(1))
    repo.add()
    assert deltas(repo) == 1
    repo.remove(["a"], recursive=True, force=True)
    files.put("a/model.safetensors", model(2))
    repo.add()
    assert deltas(repo) == 1


def test_not_if_it_is_switched_off(repo: Repository, files: Files) -> None:
    repo.config.set("store.delta", "none")
    for step in range(2):
        files.put("model.safetensors", model(step))
        repo.add()
    assert deltas(repo) == 0


def test_other_files_have_no_base(repo: Repository, files: Files) -> None:
    for step in range(2):
        files.put("model.bin", model(step))
        repo.add()
    assert deltas(repo) == 0


@pytest.mark.parametrize("how", ["bytes", "stream", "disk", "folder"])
def test_transactions_know_what_was_there(repo: Repository, files: Files, how: str, tmp_path: Path) -> None:
    files.put("m/model.safetensors", model(0))
    repo.add()
    repo.commit("step 0")
    place = tmp_path / "elsewhere" / "model.safetensors"
    place.parent.mkdir()
    place.write_bytes(model(1))
    with repo.transaction("main", "step 1") as change:
        if how == "bytes":
            change.put("m/model.safetensors", model(1))
        elif how == "stream":
            with change.open("m/model.safetensors", "wb") as stream:
                stream.write(model(1))
        else:
            change.put(
                "m" if how == "folder" else "m/model.safetensors", place.parent if how == "folder" else place
            )
    assert repo.at("main").read("m/model.safetensors") == model(1)
    assert deltas(repo) == 1
