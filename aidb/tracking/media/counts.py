"""What is a few numbers in the end: histograms, confusion matrices, curves of precision and recall."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aidb.errors import InvalidInputError
from aidb.tracking.media.made import as_array

_MOST_BINS = 4096
_MOST_LABELS = 1000


def histogram(values: Any, bins: int) -> dict[str, Any]:
    """`counts` and `edges` (one more) of the finite values, and how many others there are."""
    import numpy as np

    if isinstance(values, tuple) and len(values) == 2 and len(values[1]) == len(values[0]) + 1:
        counts, edges = as_array(values[0]), as_array(values[1])
        return {"counts": counts.tolist(), "edges": edges.tolist(), "not_finite": 0}
    if not 0 < bins <= _MOST_BINS:
        raise InvalidInputError(f"a histogram has 1 to {_MOST_BINS} bins, not {bins}")
    array = as_array(values).ravel()
    if array.dtype.kind not in "biuf":
        raise InvalidInputError("a histogram is made of numbers")
    array = array.astype(np.float64, copy=False)
    finite = array[np.isfinite(array)]
    counts, edges = np.histogram(finite, bins)
    return {"counts": counts.tolist(), "edges": edges.tolist(), "not_finite": int(array.size - finite.size)}


def confusion_matrix(
    truth: Iterable[Any], predicted: Iterable[Any], labels: Sequence[Any] | None
) -> dict[str, Any]:
    """`labels`, and a `matrix` with a row for each true class and a column for each predicted one."""
    import numpy as np

    pairs = [
        as_array(list(side) if not hasattr(side, "shape") else side).ravel() for side in (truth, predicted)
    ]
    if pairs[0].shape != pairs[1].shape:
        raise InvalidInputError(
            f"{len(pairs[0])} true classes and {len(pairs[1])} predicted ones do not match"
        )
    known, places = np.unique(np.concatenate(pairs), return_inverse=True)
    names = known.tolist() if labels is None else list(labels)
    if labels is not None and known.dtype.kind in "iu" and len(known) and not 0 <= known.max() < len(names):
        raise InvalidInputError(f"class {known.max()} has no label: there are {len(names)}")
    numbered = labels is not None and known.dtype.kind in "iu"
    wanted = known if numbered else np.array([_place(names, value) for value in known.tolist()], np.int64)
    if len(names) > _MOST_LABELS:
        raise InvalidInputError(f"{len(names)} classes are too many for a confusion matrix")
    rows, columns = np.split(wanted[places], 2)
    matrix = np.zeros((len(names), len(names)), np.int64)
    np.add.at(matrix, (rows, columns), 1)
    return {"labels": [str(name) for name in names], "matrix": matrix.tolist()}


def pr_curve(truth: Iterable[Any], scores: Iterable[Any], points: int) -> dict[str, Any]:
    """`precision` and `recall` at up to so many `thresholds`, the highest first, and the `average_precision`."""
    import numpy as np

    right = as_array(list(truth) if not hasattr(truth, "shape") else truth).ravel().astype(bool)
    score = as_array(list(scores) if not hasattr(scores, "shape") else scores).ravel().astype(np.float64)
    if right.shape != score.shape or not right.any():
        raise InvalidInputError("a curve needs a score for each sample, and a sample that is true")
    order = np.argsort(-score, kind="stable")
    right, score = right[order], score[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)  # samples of equal score come together
    true = np.cumsum(right)[last]
    precision, recall = true / (last + 1), true / true[-1]
    average = float(np.sum(np.diff(recall, prepend=0) * precision))
    some = np.unique(np.linspace(0, len(last) - 1, max(points, 2)).round().astype(int))
    return {
        "precision": precision[some].tolist(),
        "recall": recall[some].tolist(),
        "thresholds": score[last][some].tolist(),
        "average_precision": average,
    }


def _place(names: list[Any], value: Any) -> int:
    try:
        return names.index(value)
    except ValueError:
        raise InvalidInputError(f"class {value} has no label") from None
