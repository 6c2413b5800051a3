"""Datasets without PyTorch: what is read, in which order, from where it goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aidb
from aidb.data import IterableDataset, MapDataset, Sample
from aidb.errors import InvalidInputError, PathNotFoundError
from aidb.snapshot import Snapshot
from tests.data.conftest import content, number, path

ALL = list(range(300))


def test_a_map_dataset_has_the_files_of_a_folder_by_number(snapshot: Snapshot) -> None:
    data = MapDataset(snapshot, "train")
    assert len(data) == 300
    assert data[123] == Sample(path(123), content(123))
    assert data[-1] == data[299]
    assert [int(Path(s.path).stem) for s in data.__getitems__([5, 299, 5, 0])] == [5, 299, 5, 0]
    assert [number(sample) for sample in data] == ALL
    with pytest.raises(IndexError):
        data[300]


def test_a_dataset_can_be_of_a_whole_version_or_of_chosen_files(snapshot: Snapshot) -> None:
    assert len(MapDataset(snapshot)) == 302
    chosen = MapDataset(snapshot, "train/", select=lambda each: each.endswith("7.txt"), decode=number)
    assert list(chosen) == ALL[7::10]
    with pytest.raises(PathNotFoundError, match="there is no folder train.csv"):
        MapDataset(snapshot, "train.csv")


def test_without_a_seed_the_order_is_that_of_paths(snapshot: Snapshot) -> None:
    assert list(IterableDataset(snapshot, "train", decode=number)) == ALL


def test_each_epoch_has_an_order_of_its_own_and_the_same_every_time(snapshot: Snapshot) -> None:
    data = IterableDataset(snapshot, "train", decode=number, seed=1, block=20, window=100)
    first, second = list(data), list(data)
    assert sorted(first) == sorted(second) == ALL
    assert first != second
    assert data.epoch == 2
    data.set_epoch(1)
    assert list(data) == second


@settings(max_examples=15)
@given(
    ranks=st.integers(1, 4),
    seed=st.none() | st.integers(0, 9),
    block=st.integers(1, 60),
    window=st.integers(5, 300),
    stop=st.integers(0, 300),
    data=st.data(),
)
def test_every_rank_goes_on_exactly_where_it_was(
    snapshot: Snapshot, ranks: int, seed: int | None, block: int, window: int, stop: int, data: Any
) -> None:
    seen = []
    for rank in range(ranks):

        def make(rank: int = rank) -> IterableDataset[int]:
            return IterableDataset(
                snapshot,
                "train",
                decode=number,
                seed=seed,
                block=block,
                window=window,
                rank=rank,
                ranks=ranks,
            )

        before = make()
        begun = list(islice(before, data.draw(st.integers(0, min(stop, len(before))))))
        after = make()
        after.load_state_dict(json.loads(json.dumps(before.state_dict())))
        rest = list(after)
        assert begun + rest == list(make())
        seen += begun + rest
    assert sorted(seen) == ALL


def test_a_state_after_the_last_sample_leaves_nothing_of_its_epoch(snapshot: Snapshot) -> None:
    data = IterableDataset(snapshot, "train", decode=number, seed=1)
    assert len(list(islice(data, 300))) == 300
    again = IterableDataset(snapshot, "train", decode=number, seed=1)
    again.load_state_dict(data.state_dict())
    assert list(again) == []
    assert again.epoch == 1


def test_a_state_of_another_order_is_refused(snapshot: Snapshot) -> None:
    data = IterableDataset(snapshot, "train", seed=1)
    state = data.state_dict()
    for other in (
        IterableDataset(snapshot, "train", seed=2),
        IterableDataset(snapshot, "zoo", seed=1),
        IterableDataset(snapshot, "train", seed=1, rank=0, ranks=2),
        IterableDataset(snapshot, "train", seed=1, select=lambda each: "1" in each),
    ):
        with pytest.raises(InvalidInputError, match="another order"):
            other.load_state_dict(state)
    for nonsense in ({}, {"epoch": 1}, {**state, "position": -1}, {**state, "worker": 3}, {**state, "of": 1}):
        with pytest.raises(InvalidInputError):
            data.load_state_dict(nonsense)


@pytest.mark.parametrize(
    "wrong",
    [{"rank": 0}, {"rank": 2, "ranks": 2}, {"rank": -1, "ranks": 2}, {"block": 0}, {"batch_size": 0}],
)
def test_arguments_that_cannot_be_are_refused(snapshot: Snapshot, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        IterableDataset(snapshot, "train", **wrong)


def test_links_are_followed(tmp_path: Path) -> None:
    repository = aidb.init(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.txt").write_text("a")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "first.txt").symlink_to("../real/a.txt")
    repository.add()
    repository.commit("A link")
    assert list(MapDataset(repository.at("main"), "train")) == [Sample("train/first.txt", b"a")]

    (tmp_path / "train" / "first.txt").unlink()
    (tmp_path / "train" / "first.txt").symlink_to("../real")
    repository.commit("A link to a folder", all=True)
    with pytest.raises(PathNotFoundError, match="leads to no file"):
        list(MapDataset(repository.at("main"), "train"))


def test_datasets_pickle_as_where_they_are(snapshot: Snapshot) -> None:
    data = IterableDataset(snapshot, "train", decode=number, seed=3, select=None)
    begun = list(islice(data, 10))
    raw = pickle.dumps(data)
    assert len(raw) < 1000
    assert begun + list(pickle.loads(raw)) == list(data.at(0, 0))
    assert list(pickle.loads(pickle.dumps(MapDataset(snapshot, "train", decode=number)))) == ALL


def _sum_in_child(data: MapDataset[int], queue: Any) -> None:
    queue.put((sum(data), data.snapshot.store is not None))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_several_processes_read_at_the_same_time(snapshot: Snapshot, method: str) -> None:
    data = MapDataset(snapshot, "train", decode=number)
    assert data[0] == 0  # packs are open before the others are made
    context: Any = multiprocessing.get_context(method)
    queue = context.Queue()
    children = [context.Process(target=_sum_in_child, args=(data, queue)) for _ in range(2)]
    for child in children:
        child.start()
    assert sum(data) == sum(ALL)
    assert [queue.get(timeout=60)[0] for _ in children] == [sum(ALL)] * 2
    for child in children:
        child.join()


def test_a_forked_process_opens_the_repository_anew(snapshot: Snapshot) -> None:
    data = MapDataset(snapshot, "train")
    child = os.fork()
    if not child:
        os._exit(0 if data.snapshot is not snapshot and data[1].data == content(1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert data.snapshot is snapshot


def test_samples_are_read_a_bounded_amount_at_a_time(snapshot: Snapshot) -> None:
    data = IterableDataset(snapshot, "train")
    groups = list(data._source.groups(range(300), 100_000))
    assert sum(len(group.places) for group in groups) == 300
    assert all(sum(group.sizes) <= 100_000 or len(group.places) == 1 for group in groups)


def test_reading_without_torch_does_not_import_it(snapshot: Snapshot) -> None:
    program = (
        "import sys, aidb; from aidb.data import IterableDataset\n"
        f"data = IterableDataset(aidb.open({str(snapshot.root)!r}).at('main'), 'train')\n"
        "assert sum(1 for _ in data) == 300\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


READING = """
import json, os, signal, sys
import aidb
from aidb.data import IterableDataset
from tests.data.conftest import number

root, folder, stop = sys.argv[1], sys.argv[2], int(sys.argv[3])
data = IterableDataset(aidb.open(root).at("main"), "train", decode=number, seed=5, window=64)
state = os.path.join(folder, "state.json")
if os.path.exists(state):
    data.load_state_dict(json.load(open(state)))
with open(os.path.join(folder, "log"), "a", buffering=1) as log:
    while data.epoch < 2:
        for step, sample in enumerate(data, 1):
            log.write(f"{sample}\\n")
            with open(state + ".new", "w") as file:
                json.dump(data.state_dict(), file)
            os.rename(state + ".new", state)
            if step == stop:
                os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_sees_what_it_would_have_seen(snapshot: Snapshot, tmp_path: Path) -> None:
    def run(name: str, stop: int) -> list[str]:
        (tmp_path / name).mkdir(exist_ok=True)
        command = [sys.executable, "-c", READING, str(snapshot.root), str(tmp_path / name), str(stop)]
        assert subprocess.run(command, check=False).returncode == (-signal.SIGKILL if stop else 0)
        return (tmp_path / name / "log").read_text().splitlines()

    whole = run("whole", 0)
    assert len(whole) == 2 * 300
    run("killed", 130)
    run("killed", 90)
    assert run("killed", 0) == whole
