from __future__ import annotations

from pathlib import Path

import pytest

import aidb
from aidb.snapshot import Snapshot


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """300 samples below `train` in folders of a hundred, one of them in several chunks, and others elsewhere."""
    root = tmp_path_factory.mktemp("repository")
    repository = aidb.init(root)
    for number in range(300):
        path = root / "train" / f"{number // 100:02}" / f"{number:04}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number))
    (root / "train.csv").write_text("a,b\n")
    (root / "zoo").mkdir()
    (root / "zoo" / "last.txt").write_text("last")
    repository.add()
    repository.commit("Samples")
    return repository.at("main")


def content(number: int) -> bytes:
    return number.to_bytes(4, "big") * (300_000 if number == 123 else number % 50)


def path(number: int) -> str:
    return f"train/{number // 100:02}/{number:04}.txt"


def number(sample: aidb.data.Sample) -> int:
    """The number of a sample, after a look at its content. A function of this module, so that it pickles."""
    found = int(Path(sample.path).stem)
    assert sample.data == content(found)
    return found
