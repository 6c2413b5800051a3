"""The demo's network and its data: the same seed gives the same weights, it learns, and a shift moves the ink."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

for _name in ("PIL", "sklearn"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

from demo.data import Digits, add_shifted, read_digits, write_digits  # noqa: E402
from demo.network import Network  # noqa: E402


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Digits:
    folder = tmp_path_factory.mktemp("digits")
    write_digits(folder)
    return read_digits(folder / "test")


def test_the_same_seed_gives_the_same_weights(digits: Digits) -> None:
    one, two, other = Network(1), Network(1), Network(2)
    for network in (one, two, other):
        list(network.train(digits, digits, lr=0.1, epochs=2))
    assert all(np.array_equal(one.weights[name], two.weights[name]) for name in one.weights)
    assert not np.array_equal(one.weights["out.weight"], other.weights["out.weight"])


def test_it_learns(digits: Digits) -> None:
    epochs = list(Network(1).train(digits, digits, lr=0.3, epochs=12))
    assert epochs[-1].loss < epochs[0].loss / 2
    assert epochs[-1].accuracy > 0.9


def test_shifted_digits_are_beside_theirs_and_wrap_nothing(tmp_path: Path) -> None:
    from PIL import Image

    picture = np.zeros((32, 32), np.uint8)
    picture[4:8, 28:32] = 200
    (tmp_path / "7").mkdir()
    Image.fromarray(picture).save(tmp_path / "7/1.png")
    assert add_shifted(tmp_path) == 4
    shifted = {path.stem: np.asarray(Image.open(path)) for path in (tmp_path / "7").iterdir()}
    assert sorted(shifted) == ["1", "1-down", "1-left", "1-right", "1-up"]
    assert np.array_equal(np.argwhere(shifted["1-left"])[0], [4, 24])
    assert np.array_equal(np.argwhere(shifted["1-down"])[0], [8, 28])
    assert not shifted["1-right"].any(), "ink that leaves on the right does not come back on the left"
