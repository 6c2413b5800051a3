"""What is wrong with the digits: labels that every neighbour contradicts, and images that are there twice.

The rules are the usual ones and find real cases, by distance between the 64 pixels of two images:

- *mislabelled*: the seven nearest images all are one other digit. They are moved to that digit.
- *doubtful*: only the three nearest all are. They are removed.
- *near-duplicates*: two images closer than 9 (typical neighbours are 20 apart). The later one is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.data import Digits

_SURE, _DOUBTFUL = 7, 3
_NEAR = 9.0


@dataclass(frozen=True, slots=True)
class Findings:
    """What to do: files to move to another digit, and files to remove."""

    mislabelled: dict[Path, int]
    doubtful: list[Path]
    duplicates: list[Path]


def examine(digits: Digits) -> Findings:
    """Hold every image against its nearest neighbours."""
    from sklearn.neighbors import NearestNeighbors

    distances, nearest = NearestNeighbors(n_neighbors=_SURE + 1).fit(digits.pixels).kneighbors(digits.pixels)
    sure = _contradicted(digits.labels, nearest, _SURE)
    doubtful = _contradicted(digits.labels, nearest, _DOUBTFUL) & ~sure
    duplicate = (distances[:, 1] < _NEAR) & (nearest[:, 1] < np.arange(len(nearest)))
    return Findings(
        mislabelled={
            digits.paths[at]: int(digits.labels[nearest[at, 1]]) for at in np.flatnonzero(sure).tolist()
        },
        doubtful=[digits.paths[at] for at in np.flatnonzero(doubtful).tolist()],
        duplicates=[digits.paths[at] for at in np.flatnonzero(duplicate & ~doubtful & ~sure).tolist()],
    )


def _contradicted(
    labels: NDArray[np.int64], nearest: NDArray[np.int64], neighbours: int
) -> NDArray[np.bool_]:
    """Which images have `neighbours` nearest images that agree on another digit."""
    theirs = labels[nearest[:, 1 : neighbours + 1]]
    agree = (theirs == theirs[:, :1]).all(axis=1)
    return np.asarray(agree & (theirs[:, 0] != labels))
