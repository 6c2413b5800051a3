"""The dataset of the tour: scikit-learn's digits as PNG files, and its tables as CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

TRAINING = 1497  # of 1,797 digits; the last 300 are kept for testing, as scikit-learn's own examples do
_SCALE = 4  # the digits are 8 x 8 pixels with 17 shades of grey: four times that can be seen


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits read from files: `pixels` is (n, 64) float32 in 0..16, `labels` (n,), `paths` where each is."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]
    paths: list[Path]


def write_digits(folder: Path) -> int:
    """Write each digit to `train/<label>/<number>.png` or `test/…` and return how many there are."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        part = "train" if number < TRAINING else "test"
        path = folder / part / str(label) / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        grey = np.kron(image * 15.9375, np.ones((_SCALE, _SCALE))).astype(np.uint8)
        Image.fromarray(grey).save(path)
    return len(digits.images)


def read_digits(folder: Path) -> Digits:
    """Read the digits back from `folder/<label>/*.png`, whatever was moved or removed since."""
    paths = sorted(folder.glob("*/*.png"))
    return decode_digits((path, path.read_bytes()) for path in paths)


def decode_digits(files: Iterable[tuple[Path, bytes]]) -> Digits:
    """Digits from the bytes of their PNG files; the folder that a file is in tells which digit it shows."""
    paths, pixels = [], []
    for path, data in files:
        image = np.asarray(Image.open(io.BytesIO(data)), dtype=np.float32)
        paths.append(path)
        pixels.append(image[::_SCALE, ::_SCALE].ravel())
    labels = [int(path.parent.name) for path in paths]
    return Digits(np.stack(pixels) / np.float32(15.9375), np.array(labels), paths)


def add_shifted(folder: Path) -> int:
    """Beside each digit of `folder/<label>/`, put four that are shifted by a pixel; return how many were written."""
    written = 0
    for path in sorted(folder.glob("*/*.png")):
        image = np.asarray(Image.open(path))
        for side, axis, step in (("left", 1, -1), ("right", 1, 1), ("up", 0, -1), ("down", 0, 1)):
            moved = np.roll(image, step * _SCALE, axis)
            edge = [slice(None), slice(None)]
            edge[axis] = slice(_SCALE) if step > 0 else slice(-_SCALE, None)
            moved[tuple(edge)] = 0
            Image.fromarray(moved).save(path.with_name(f"{path.stem}-{side}.png"))
            written += 1
    return written


def write_tables(folder: Path) -> list[str]:
    """Write three bundled tables, each as CSV and as Parquet, and return their names."""
    from sklearn import datasets

    folder.mkdir(parents=True, exist_ok=True)
    loaders = {
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
        "breast_cancer": datasets.load_breast_cancer,
    }
    for name, load in loaders.items():
        _write_table(folder / name, load())
    return list(loaders)


def _write_table(path: Path, bundle: Any) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    columns = {name: bundle.data[:, number] for number, name in enumerate(bundle.feature_names)}
    columns["target"] = np.asarray(bundle.target_names)[bundle.target]
    table = pa.table(columns)
    csv.write_csv(table, path.with_suffix(".csv"))
    parquet.write_table(table, path.with_suffix(".parquet"))
