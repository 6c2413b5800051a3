"""Images, compared pixel by pixel."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from aidb.inside import ImageDiff, Unreadable
from tests.inside.conftest import Compare


def encode(pixels: np.ndarray, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3), (40, 30, 4)])
def test_pixels(compare: Compare, shape: tuple[int, ...]) -> None:
    old = np.full(shape, 100, np.uint8)
    new = old.copy()
    new[5:8, 10:14] = 90
    new[20, 3] = 110
    found = compare("a.png", encode(old), encode(new))
    assert isinstance(found, ImageDiff)
    assert (found.pixels, found.pixels_changed) == (1200, 13)
    assert found.box == (3, 5, 14, 21)
    assert found.mean_difference == pytest.approx(130 / 1200)
    assert found.summary() == "1.1% of the pixels changed, within 11x16 at 3,5, by 0.108 on average"


def test_other_sizes_modes_and_formats(compare: Compare) -> None:
    grey, colour = np.zeros((4, 6), np.uint8), np.zeros((5, 6, 3), np.uint8)
    found = compare("a.png", encode(grey), encode(colour, "BMP"))
    assert found is not None
    assert found.summary() == "6x4 → 6x5 pixels, mode L → RGB, PNG → BMP"
    found = compare("a.png", encode(grey), encode(grey, "BMP"))
    assert found is not None
    assert found.summary() == "PNG → BMP, no pixel differs"


def test_hostile_images(compare: Compare) -> None:
    good = encode(np.zeros((40, 30, 3), np.uint8))
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"
    for bad in (
        good[:-30],
        good[:20],
        b"",
        b"\x89PNG\r\n\x1a\n",
        _claiming(60_000, 60_000),
        _claiming(9000, 9000),
        postscript,
    ):
        found = compare("a.png", good, bad)
        assert isinstance(found, Unreadable), bad[:20]
        assert "\n" not in found.summary()


def _claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a huge image."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", head)
        + part(b"IDAT", zlib.compress(bytes(1000)))
        + part(b"IEND", b"")
    )
