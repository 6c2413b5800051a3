"""Collecting checkpoints that are stored as differences to each other."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import aidb
from tests.store.content import checkpoint, weights

LAYERS = 3
NOTHING = timedelta(0)


def model(step: int) -> bytes:
    return checkpoint({f"layer{layer}": weights(1 << 17, layer, step) for layer in range(LAYERS)})


def save(repo: aidb.Repository, step: int) -> None:
    (repo.root / "model.safetensors").write_bytes(model(step))
    repo.add()
    repo.commit(f"step {step}")


@pytest.fixture
def repo(tmp_path: Path) -> aidb.Repository:
    """`old` has steps 0 to 5, each a difference to what was before it; `main` has the last one alone."""
    path = tmp_path / "r"
    with aidb.init(path) as repo:
        (repo.root / "other.txt").write_text("x")
        repo.add()
        repo.commit("first")
        repo.branches.create("old")
        repo.switch("old")
        for step in range(6):
            save(repo, step)
        repo.switch("main")
        # Stored nowhere anew: it relies on what `old` has.
        save(repo, 5)
    return aidb.open(path)


def deltas(repo: aidb.Repository) -> int:
    return repo.store.usage().deltas.chunks


def prune(repo: aidb.Repository, **how: object) -> None:
    with aidb.open(repo.root) as other:
        now = datetime.now().astimezone()
        other.garbage.prune(grace=NOTHING, moves_since=now, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("thorough", [False, True])
def test_what_others_are_differences_to_stays(repo: aidb.Repository, thorough: bool) -> None:
    before = repo.store.usage()
    assert before.deltas.chunks > LAYERS
    repo.branches.delete("old", force=True)
    repo.close()
    prune(repo, thorough=thorough)
    with aidb.open(repo.root) as after:
        assert after.at("main").read("model.safetensors") == model(5)
        assert after.fsck().ok
        left = after.store.usage()
        assert left.deltas.chunks >= LAYERS
        assert left.chunks < before.chunks
        # A delta that stayed can still be one's base.
        save(after, 6)
        assert after.at().read("model.safetensors") == model(6)
        assert after.fsck().ok
        for chunk, base, depth, _ in after.store.dependencies():
            assert after.store.contains([chunk, base]) == [True, True]
            assert depth > 0
    prune(repo, thorough=True)
    with aidb.open(repo.root) as after:
        assert after.at("main").read("model.safetensors") == model(6)
        assert after.fsck().ok


def test_all_of_it_goes_when_nothing_needs_it(repo: aidb.Repository) -> None:
    repo.branches.delete("old", force=True)
    repo.reset("HEAD~1", mode="hard")
    repo.close()
    prune(repo, thorough=True)
    with aidb.open(repo.root) as after:
        assert deltas(after) == 0
        assert after.at().read("other.txt") == b"x"
        assert after.fsck().ok


def test_garbage_that_stays_can_be_stored_again(repo: aidb.Repository) -> None:
    """With a grace period, everything is young: nothing that a young delta needs may go before it."""
    repo.branches.delete("old", force=True)
    repo.close()
    with aidb.open(repo.root) as other:
        other.garbage.prune(grace=timedelta(hours=1), moves_since=datetime.now().astimezone())
    with aidb.open(repo.root) as after:
        for step in (4, 2):
            save(after, step)
            assert after.at().read("model.safetensors") == model(step)
        assert after.fsck().ok
