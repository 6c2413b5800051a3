"""Checkpoints and files are committed on the run's branch, beside training."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

import aidb
from aidb.errors import InvalidInputError, PathNotFoundError, RefusedError
from aidb.repository import Repository
from aidb.tracking import checkpoints
from tests.tracking.reading import lines, only_run, program


@pytest.fixture
def run(repo: Repository) -> aidb.Run:
    return aidb.start_run("e", repo=repo, console=False, capture=False)


def state(value: float = 1.0) -> dict[str, Any]:
    weights = np.full((50, 40), value, np.float32)
    return {
        "w": weights,
        "opt": {"state": {0: np.arange(3)}, "lr": 0.1},
        "mask": np.array([True]),
        "none": np.zeros((0, 4)),
    }


def test_a_checkpoint_is_a_file_of_safetensors(run: aidb.Run) -> None:
    given = state()
    run.log({"loss": 0.5}, step=7)
    path = run.save_checkpoint(given, metrics={"loss": np.float32(0.5)})
    given["w"][:] = -1  # training goes on
    run.checkpoints.wait()
    assert path == "checkpoints/checkpoint-00000007.safetensors"
    data = run.repo.at(f"runs/{run.id}").read(path)
    found = load(data)
    assert set(found) == {"w", "opt.state.0", "mask", "none"}
    assert np.array_equal(found["w"], state()["w"])
    assert found["none"].shape == (0, 4)
    assert b'\\"opt.lr\\": 0.1' in data[:1000]
    (made,) = lines(run.folder, "made")
    assert (made["kind"], made["path"], made["size"], made["step"]) == ("checkpoint", path, len(data), 7)
    assert made["metrics"] == {"loss": 0.5}
    assert made["commit"] == run.repo.resolve(f"runs/{run.id}")
    assert (run.folder / "commits").read_text().split() == [made["commit"]]
    run.finish()


def test_the_branch_holds_what_the_run_made_and_no_more(run: aidb.Run, tmp_path: Path) -> None:
    with run.repo.transaction("main", "data") as tx:
        tx.put("data.txt", b"1")
    (tmp_path / "model.pt").write_bytes(b"pickled")
    run.save_checkpoint(tmp_path / "model.pt", step=1)
    run.checkpoints.wait()
    assert list(run.repo.at(f"runs/{run.id}")) == ["checkpoints/checkpoint-00000001.pt"]
    assert len(list(run.repo.log(f"runs/{run.id}"))) == 1
    run.finish()


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        ("last", [4]),
        (2, [3, 4]),
        ("best:loss", [1]),
        ("best:-loss", [2]),
        ("best", [1]),
        (None, [0, 1, 2, 3, 4]),
    ],
)
def test_what_is_kept(run: aidb.Run, keep: str | int | None, left: list[int]) -> None:
    for step, loss in enumerate([3.0, 1.0, 5.0, 2.0, 4.0]):
        run.save_checkpoint({"w": np.full(3, step)}, step=step, metrics={"loss": loss}, keep=keep)
    run.finish()
    names = list(run.repo.at(f"runs/{run.id}"))
    assert names == [f"checkpoints/checkpoint-{step:08d}.safetensors" for step in left]
    assert len(lines(run.folder, "made")) == 5


@pytest.mark.parametrize("keep", ["best:acc", "worst", 0, True, "best"])
def test_rules_that_cannot_be(run: aidb.Run, keep: Any) -> None:
    metrics = {} if keep == "best" else {"loss": 1.0}
    with pytest.raises(InvalidInputError, match="keep"):
        run.save_checkpoint(state(), metrics=metrics, keep=keep)
    run.finish()


def test_what_is_no_checkpoint(run: aidb.Run, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="without tensors"):
        run.save_checkpoint({"a": 1})
    with pytest.raises(InvalidInputError, match="complex"):
        run.save_checkpoint({"a": np.ones(2, complex)})
    with pytest.raises(PathNotFoundError):
        run.save_checkpoint(tmp_path / "none.pt")
    run.finish()


def test_a_refused_one_takes_no_room(run: aidb.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "MOST_WAITING", 1)
    with pytest.raises(InvalidInputError, match="complex"):
        run.save_checkpoint({"a": np.ones(2, complex)})
    run.save_checkpoint(state())  # would wait for ever
    run.finish()


def test_after_the_end_nothing_is_saved(run: aidb.Run) -> None:
    run.finish()
    with pytest.raises(RefusedError, match="finished"):
        run.save_checkpoint(state())
    with pytest.raises(RefusedError, match="finished"):
        run.save(__file__)


def test_who_saves_too_fast_waits(run: aidb.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(value.nbytes for value in (np.zeros(100_000),))
    monkeypatch.setattr(checkpoints, "MOST_WAITING", size)
    going, most = threading.Event(), 0
    commit = checkpoints.Checkpoints._commit

    def slow(self: checkpoints.Checkpoints, checkpoint: checkpoints.Checkpoint) -> None:
        nonlocal most
        going.wait(10)
        most = max(most, self._waiting)
        commit(self, checkpoint)

    monkeypatch.setattr(checkpoints.Checkpoints, "_commit", slow)
    run.save_checkpoint({"w": np.zeros(100_000)}, step=0)
    threading.Timer(0.3, going.set).start()
    begin = time.monotonic()
    run.save_checkpoint({"w": np.ones(100_000)}, step=1)
    assert time.monotonic() - begin > 0.2
    run.finish()
    assert most == size
    assert len(lines(run.folder, "made")) == 2


def test_a_checkpoint_that_cannot_be_saved_does_not_stop_training(
    run: aidb.Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "write_safetensors", fail)
        run.save_checkpoint(state(), step=1)
        with pytest.raises(OSError, match="no space"):
            run.checkpoints.wait()
    run.save_checkpoint(state(), step=2)
    run.finish()
    assert "no space" in caplog.text
    assert [line["step"] for line in lines(run.folder, "made")] == [2]
    assert lines(run.folder, "alert")[0]["level"] == "error"


def test_a_program_that_simply_ends_saves_what_it_asked_for(repo: Repository) -> None:
    script = """
import aidb, numpy as np
run = aidb.start_run("e")
for step in range(3):
    run.save_checkpoint({"w": np.full(1000, step)}, step=step)
"""
    assert program(script, repo.root).communicate(timeout=60)[1] == ""
    folder = only_run(repo.root)
    assert [line["type"] for line in lines(folder)][-1] == "finish"
    assert len(lines(folder, "made")) == 3


def test_files_are_saved_under_their_paths(
    run: aidb.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv", "out/x/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    assert run.save("*.csv") == ["a.csv", "b.csv"]
    assert run.save("out") == ["out"]
    assert run.save(tmp_path / "a.csv", under="other") == ["other/a.csv"]
    with pytest.raises(PathNotFoundError, match="matches no file"):
        run.save("*.png")
    run.finish()
    assert list(run.repo.at(f"runs/{run.id}")) == ["a.csv", "b.csv", "other/a.csv", "out/x/c.txt"]
    assert [(line["path"], line["size"]) for line in lines(run.folder, "made")] == [
        ("a.csv", 5), ("b.csv", 5), ("out", 11), ("other/a.csv", 5),
    ]  # fmt: skip


def test_a_fork_has_the_checkpoints_it_goes_on_from(run: aidb.Run) -> None:
    run.save_checkpoint(state(), step=1)
    run.finish()
    with run.fork(1) as fork:
        fork.save_checkpoint(state(2.0), step=2)
    assert len(list(fork.repo.at(f"runs/{fork.id}"))) == 2


def test_ranks_commit_on_one_branch(repo: Repository) -> None:
    script = """
import aidb, numpy as np
with aidb.start_run("e") as run:
    run.save_checkpoint({"w": np.full(1000, run.rank)}, step=1)
"""
    ranks = [program(script, repo.root, AIDB_RUN_ID="shared", RANK=str(rank)) for rank in range(3)]
    for process in ranks:
        assert process.communicate(timeout=120)[1] == ""
    assert len(list(repo.at("runs/shared"))) == 3


def test_torch_tensors_of_all_types(run: aidb.Run) -> None:
    torch = pytest.importorskip("torch")
    load_torch = pytest.importorskip("safetensors.torch").load
    model = torch.nn.Linear(3, 2)
    given = {
        "model": model.state_dict(),
        "bf16": torch.ones(3, dtype=torch.bfloat16),
        "turned": torch.arange(6).reshape(2, 3).T,
        "flag": torch.tensor(True),
    }
    run.log({"loss": torch.tensor(0.5), "n": torch.tensor(3), "bf": torch.ones(1, dtype=torch.bfloat16)})
    path = run.save_checkpoint(given, step=1)
    run.finish()
    found = load_torch(run.repo.at(f"runs/{run.id}").read(path))
    assert torch.equal(found["model.weight"], model.weight)
    assert torch.equal(found["turned"], given["turned"])
    assert found["bf16"].dtype == torch.bfloat16
    assert found["flag"].item() is True
    assert lines(run.folder, "points")[0]["values"] == {"loss": 0.5, "n": 3, "bf": 1.0}


def test_watched_modules(run: aidb.Run) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 2)
    run.watch(model, every=2)
    for step in range(4):
        run.log({"loss": 1.0}, step=step)
        model(torch.ones(1, 3)).sum().backward()
    with pytest.raises(InvalidInputError):
        run.watch(object())
    run.finish()
    model(torch.ones(1, 3)).sum().backward()  # nothing happens any more
    found = [(line["key"], line["step"]) for line in lines(run.folder, "media")]
    assert sorted(found) == sorted(
        (f"{what}/{name}", step)
        for what in ("gradients", "weights")
        for name in ("weight", "bias")
        for step in (0, 2)
    )
