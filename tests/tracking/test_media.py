"""Media become files of common formats, or a few numbers."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aidb
from aidb.errors import InvalidInputError, StorageError
from aidb.repository import Repository
from aidb.tracking.media.counts import confusion_matrix, histogram, pr_curve
from aidb.tracking.media.images import image_file
from tests.tracking.reading import lines


@pytest.fixture
def run(repo: Repository) -> aidb.Run:
    return aidb.start_run("e", repo=repo, console=False, capture=False)


def logged(run: aidb.Run) -> tuple[dict[str, Any], list[bytes]]:
    """The last event of media, and the content of its files."""
    event = lines(run.folder, "media")[-1]
    return event, [(run.folder / "files" / file["name"]).read_bytes() for file in event.get("files", [])]


@pytest.mark.parametrize(
    ("array", "mode", "pixel"),
    [
        (np.full((4, 5), 0.5), "L", 128),
        (np.full((4, 5, 3), [255, 0, 7], np.uint8), "RGB", (255, 0, 7)),
        (np.full((3, 4, 5), 1.0, np.float32), "RGB", (255, 255, 255)),
        (np.full((4, 5, 4), 300), "RGBA", (255, 255, 255, 255)),
        (np.ones((4, 5), bool), "L", 255),
        (np.full((1, 4, 5), np.nan), "L", 0),
    ],
)
def test_arrays_as_pictures(array: Any, mode: str, pixel: object) -> None:
    image = pytest.importorskip("PIL.Image")
    made = image_file(array)
    found = image.open(io.BytesIO(made.data))
    assert (found.mode, found.size, found.getpixel((0, 0))) == (mode, (5, 4), pixel)
    assert made.about == {"width": 5, "height": 4}


@pytest.mark.parametrize("shape", [(4,), (5, 6, 7), (2, 2, 2, 2), (0, 5), ()])
def test_what_is_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInputError, match="no picture"):
        image_file(np.zeros(shape))


def test_pictures_are_kept_once_with_captions(run: aidb.Run) -> None:
    image = pytest.importorskip("PIL.Image")
    run.log({"loss": 1.0}, step=3)
    run.log_images("samples", [np.zeros((2, 2)), image.new("L", (2, 2))], captions=["first"])
    event, files = logged(run)
    assert (event["kind"], event["key"], event["step"]) == ("image", "samples", 3)
    assert event["files"][0]["about"] == {"width": 2, "height": 2, "caption": "first"}
    assert files[0] == files[1]
    assert len(list((run.folder / "files").iterdir())) == 1
    run.finish()


def test_files_are_taken_as_they_are(run: aidb.Run, tmp_path: Path) -> None:
    (tmp_path / "x.JPG").write_bytes(b"jpeg")
    run.log_image("x", tmp_path / "x.JPG")
    event, files = logged(run)
    assert files == [b"jpeg"]
    assert event["files"][0]["name"].endswith(".jpg")
    with pytest.raises(StorageError, match="no such file"):
        run.log_video("v", tmp_path / "none.mp4")
    run.finish()


def test_sound_and_moving_pictures(run: aidb.Run) -> None:
    image = pytest.importorskip("PIL.Image")
    run.log_audio("a", np.sin(np.arange(8000) / 10), rate=8000)
    event, (data,) = logged(run)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnframes(), file.getnchannels()) == (8000, 8000, 1)
    assert event["files"][0]["about"] == {"rate": 8000, "seconds": 1.0}
    frames = np.zeros((3, 4, 5, 3), np.uint8)
    frames[1:] = 255
    frames[2, 0] = 9
    run.log_video("v", frames, fps=5)
    event, (data,) = logged(run)
    assert image.open(io.BytesIO(data)).n_frames == 3
    for bad in (np.zeros((2, 2, 2)), np.zeros((2, 50))):
        with pytest.raises(InvalidInputError, match="no sound"):
            run.log_audio("a", bad)
    with pytest.raises(InvalidInputError, match="no video"):
        run.log_video("v", np.zeros((2, 2)))
    run.finish()


def test_tables_of_all_kinds(run: aidb.Run) -> None:
    pandas, polars, arrow = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    columns = {"a": [1, 2], "b": ["x", None]}
    tables: list[tuple[Any, Any]] = [
        (columns, None),
        (pandas.DataFrame(columns, dtype=object), None),
        (polars.DataFrame(columns), None),
        (arrow.table(columns), None),
        ([{"a": 1, "b": "x"}, {"a": 2}], None),
        ([[1, "x"], (2, None)], ["a", "b"]),
    ]
    for table, names in tables:
        run.log_table("t", table, columns=names)
        event, (data,) = logged(run)
        assert [json.loads(line) for line in data.splitlines()] == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
        assert event["files"][0]["about"] == {"columns": ["a", "b"], "rows": 2}
    for bad, names in ((5, None), ([[1]], None), ([[1]], ["a", "b"]), ({"a": [1], "b": []}, None)):
        with pytest.raises(InvalidInputError):
            run.log_table("t", bad, columns=names)
    run.finish()


def test_texts_pages_and_figures(run: aidb.Run) -> None:
    run.log_text("t", "hällo\udcff")
    assert logged(run)[1] == ["hällo\\udcff".encode()]
    run.log_html("h", "<b>x</b>")
    assert logged(run)[0]["files"][0]["name"].endswith(".html")
    with pytest.raises(InvalidInputError, match="no figure"):
        run.log_figure("f", 5)
    with pytest.raises(InvalidInputError, match="no text"):
        run.log_text("t", b"x")  # type: ignore[arg-type]
    run.finish()


@pytest.mark.filterwarnings("ignore")
def test_figures(run: aidb.Run) -> None:
    graph = pytest.importorskip("plotly.graph_objects")
    matplotlib = pytest.importorskip("matplotlib.figure")
    run.log_figure("p", graph.Figure(graph.Scatter(y=[1, 2])))
    assert json.loads(logged(run)[1][0])["data"][0]["type"] == "scatter"
    figure = matplotlib.Figure()
    axes = figure.subplots()
    axes.plot([1, 2])
    run.log_figure("m", axes)
    assert b"<svg" in logged(run)[1][0]
    run.finish()


def test_histograms(run: aidb.Run) -> None:
    run.log_histogram("h", np.array([[0.0, 1.0], [1.0, np.nan]]), bins=2)
    assert logged(run)[0]["data"] == {"counts": [1, 2], "edges": [0.0, 0.5, 1.0], "not_finite": 1}
    assert histogram(([1, 2], [0, 1, 2]), 5)["counts"] == [1, 2]
    assert sum(histogram([np.nan], 4)["counts"]) == 0
    for bad, bins in ((["x"], 4), ([1.0], 0), ([1.0], 10**9)):
        with pytest.raises(InvalidInputError):
            histogram(bad, bins)
    run.finish()


@given(pairs=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1))
def test_a_confusion_matrix_counts_pairs(pairs: list[tuple[str, str]]) -> None:
    found = confusion_matrix([true for true, _ in pairs], [predicted for _, predicted in pairs], None)
    for row, true in enumerate(found["labels"]):
        for column, predicted in enumerate(found["labels"]):
            assert found["matrix"][row][column] == pairs.count((true, predicted))


def test_confusion_matrices_with_labels() -> None:
    assert confusion_matrix([0, 2], [2, 2], ["a", "b", "c"]) == {
        "labels": ["a", "b", "c"],
        "matrix": [[0, 0, 1], [0, 0, 0], [0, 0, 1]],
    }
    assert confusion_matrix(["y"], ["x"], ["x", "y", "z"])["matrix"][1][0] == 1
    for truth, predicted, labels in (([0], [1, 2], None), ([0], [5], ["a"]), (["q"], ["x"], ["x"])):
        with pytest.raises(InvalidInputError):
            confusion_matrix(truth, predicted, labels)


@given(
    samples=st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1).filter(
        lambda s: any(t for t, _ in s)
    )
)
def test_a_curve_is_what_counting_gives(samples: list[tuple[bool, int]]) -> None:
    found = pr_curve([truth for truth, _ in samples], [score for _, score in samples], 200)
    positive = sum(truth for truth, _ in samples)
    for precision, recall, threshold in zip(
        found["precision"], found["recall"], found["thresholds"], strict=True
    ):
        taken = [truth for truth, score in samples if score >= threshold]
        assert precision == pytest.approx(sum(taken) / len(taken))
        assert recall == pytest.approx(sum(taken) / positive)
    assert 0 < found["average_precision"] <= 1
    with pytest.raises(InvalidInputError):
        pr_curve([0, 0], [1, 2], 10)
