"""Whether contents are whole: right ones pass, every truncation and most damage is found."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.checks.rules.contents import READERS, Format
from tests.checks.conftest import Guarded


def png() -> bytes:
    def piece(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pieces = piece(b"IHDR", head) + piece(b"IDAT", zlib.compress(b"\0\0")) + piece(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + pieces


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(12).reshape(3, 4))
    return file.getvalue()


def safetensors() -> bytes:
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "b": {"dtype": "U8", "shape": [3], "data_offsets": [8, 11]},
        }
    ).encode()
    return struct.pack("<Q", len(header)) + header + bytes(11)


SOUND: dict[Format, bytes] = {
    "json": b'{"a": [1, 2.5, "\xc3\xa9", null]}',
    "jsonl": b'{"a": 1}\n\n[2]\n',
    "jpeg": b"\xff\xd8\xff\xe0 picture \xff\xd9 padding",
    "npy": npy(),
    "png": png(),
    "safetensors": safetensors(),
    "text": "plain, and é".encode(),
}


def problem(kind: Format, data: bytes) -> str | None:
    return READERS[kind](io.BytesIO(data), len(data))


@pytest.mark.parametrize("kind", SOUND)
def test_what_is_sound_passes(kind: Format) -> None:
    assert problem(kind, SOUND[kind]) is None


@pytest.mark.parametrize("kind", ["json", "npy", "png", "safetensors"])
def test_whatever_is_cut_short_is_found(kind: Format) -> None:
    data = SOUND[kind]
    assert all(problem(kind, data[:end]) for end in range(len(data)))


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("png", png()[:42] + b"!" + png()[43:], "its IDAT piece does not match its checksum"),
        ("png", png()[:40] + b"!" + png()[41:], "a piece that is none"),
        ("png", b"GIF89a", "does not begin as a PNG file"),
        ("jpeg", SOUND["jpeg"][:10], "no end mark"),
        ("json", b"{}{}", "trailing characters"),
        ("json", b'"\xff"', "not UTF-8"),
        ("json", b"[" * 100_000, "recursion"),
        ("jsonl", b'{"a": 1}\n{"a": }\n', "line 2: JSON is malformed"),
        ("text", b"ok\xff", "not UTF-8"),
        ("text", "é".encode()[:1], "not UTF-8"),
        ("npy", npy() + b"!", "where its header asks for"),
        ("safetensors", safetensors().replace(b"[8, 11]", b"[7, 11]"), "overlap or leave gaps"),
        ("safetensors", safetensors().replace(b"[8, 11]", b'["8",1]'), "header cannot be read"),
        ("safetensors", struct.pack("<Q", 1 << 60) + b"{}", "longer than the file"),
    ],
)
def test_what_is_wrong_is_said(kind: Format, data: bytes, said: str) -> None:
    assert said in (problem(kind, data) or "")


def test_pickled_arrays_are_not_taken() -> None:
    file = io.BytesIO()
    np.save(file, np.array([object()]), allow_pickle=True)
    assert problem("npy", file.getvalue()) == "it holds pickled objects"


@pytest.mark.parametrize("kind", SOUND)
@settings(max_examples=60)
@given(data=st.data())
def test_damage_is_never_a_crash(kind: Format, data: st.DataObject) -> None:
    bad = bytearray(SOUND[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    problem(kind, bytes(bad))


def test_one_of_several_formats(guarded: Guarded) -> None:
    guarded.check('paths = ["images/"]\nformat = ["png", "jpeg"]')
    guarded.add("images/a", png())
    guarded.add("images/b", SOUND["jpeg"])
    guarded.add("images/c", b"<svg/>")
    (found,) = guarded.found()
    assert found.startswith(
        "images/c: is not readable as png or jpeg: it does not begin as a PNG file; it does"
    )


def test_links_have_no_format(guarded: Guarded) -> None:
    guarded.check('format = "png"\npaths = ["link"]')
    (guarded.root / "link").symlink_to("nowhere")
    guarded.repo.add(["link"])
    assert guarded.found() == []


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[[str], bytes]:
    duckdb = pytest.importorskip("duckdb")

    def make(query: str) -> bytes:
        duckdb.connect().execute(f"COPY ({query}) TO '{tmp_path}/made.parquet' (FORMAT parquet)")
        return (tmp_path / "made.parquet").read_bytes()

    return make


def test_tables_are_read_whole(guarded: Guarded, parquet: Callable[[str], bytes]) -> None:
    sound = parquet("SELECT i AS id, 'x' || i AS name FROM range(1000) t(i)")
    damaged = bytearray(sound)
    damaged[40:1400] = bytes(1360)
    guarded.check('paths = ["*.parquet"]\nformat = "parquet"')
    guarded.add("a.parquet", sound)
    guarded.add("b.parquet", sound[:-20])
    guarded.add("c.parquet", bytes(damaged))
    found = guarded.found()
    assert [line.partition(":")[0] for line in found] == ["b.parquet", "c.parquet"]
    assert str(guarded.root) not in "".join(found)


def test_ragged_csv(guarded: Guarded) -> None:
    pytest.importorskip("duckdb")
    guarded.check('paths = ["*.csv"]\nformat = "csv"')
    guarded.add("good.csv", 'a,b\n1,"two, three"\n')
    guarded.add("bad.csv", "a,b\n1,2\n1,2,3\n")
    (line,) = guarded.found()
    assert line.startswith("bad.csv: is not readable as csv: ")
