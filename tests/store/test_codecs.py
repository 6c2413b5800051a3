from __future__ import annotations

import contextlib
import resource

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import DamagedObjectError
from aidb.store.codecs import MAX_RAW, Codec, decode, encode
from tests.store.content import noise, prose, weights

FLOATS = [Codec.PLANES2, Codec.PLANES4, Codec.PLANES8]


@given(st.sampled_from(Codec), st.binary(max_size=5000))
def test_round_trip(codec: Codec, data: bytes) -> None:
    assert bytes(decode(codec, encode(codec, data), len(data))) == data


@given(st.sampled_from(Codec), st.integers(0, 200_003), st.integers(0, 99))
def test_round_trip_of_long_chunks(codec: Codec, size: int, seed: int) -> None:
    data = memoryview(prose(size, seed))
    assert bytes(decode(codec, memoryview(encode(codec, data)), len(data))) == data


@given(st.integers(0, 255), st.binary(max_size=300), st.integers(0, 1 << 32))
def test_hostile_bytes(codec: int, stored: bytes, raw_length: int) -> None:
    with contextlib.suppress(DamagedObjectError):
        assert len(decode(codec, stored, raw_length)) == raw_length


@given(st.sampled_from(Codec), st.binary(min_size=1, max_size=2000), st.data())
def test_damaged_bytes(codec: Codec, data: bytes, drawn: st.DataObject) -> None:
    stored = bytearray(encode(codec, data))
    stored[drawn.draw(st.integers(0, len(stored) - 1))] ^= drawn.draw(st.integers(1, 255))
    with contextlib.suppress(DamagedObjectError):
        assert len(decode(codec, stored, len(data))) == len(data)


@pytest.mark.parametrize("raw_length", [0, 1000, MAX_RAW, MAX_RAW + 1, 1 << 30, (1 << 32) - 1])
@pytest.mark.parametrize("codec", [codec for codec in Codec if codec is not Codec.RAW])
def test_bombs_are_not_unpacked(codec: Codec, raw_length: int) -> None:
    """A frame that would become a gigabyte is refused before memory is taken for it."""
    bomb = zstandard.compress(bytes(1 << 30))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DamagedObjectError):
        decode(codec, bomb, raw_length)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


def test_a_frame_that_claims_to_be_huge() -> None:
    """The claim is in the header: 2**60 bytes, which nobody must allocate."""
    claim = b"\x28\xb5\x2f\xfd" + b"\xe0" + (1 << 60).to_bytes(8, "little") + b"\x01\x00\x00"
    for length in (0, 1000):
        with pytest.raises(DamagedObjectError):
            decode(Codec.ZSTD, claim, length)


def test_a_frame_without_a_size_is_refused() -> None:
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    frame = stream.compress(bytes(1000)) + stream.flush()
    with pytest.raises(DamagedObjectError):
        decode(Codec.ZSTD, frame, 1000)


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(DamagedObjectError):
        decode(Codec.ZSTD, zstandard.compress(b"x" * 100) + b"more", 100)


def test_planes_help_floats() -> None:
    import numpy as np

    floats = np.random.default_rng(1).standard_normal(50_000, np.float32).tobytes()
    assert len(encode(Codec.PLANES4, floats)) < 0.9 * len(floats) < len(encode(Codec.ZSTD, floats))


@settings(max_examples=30)
@given(st.sampled_from(FLOATS), st.integers(0, 300_000), st.integers(0, 7), st.floats(1e-6, 10))
def test_round_trip_of_floats(codec: Codec, count: int, rest: int, sigma: float) -> None:
    """Long planes too, some of which are compressed as skewed bytes and some not at all."""
    import numpy as np

    data = np.random.default_rng(count).normal(0, sigma, count // 2).astype(np.float32).tobytes() + bytes(
        rest
    )
    assert bytes(decode(codec, encode(codec, data), len(data))) == data


def test_bfloat16_weights_take_two_thirds() -> None:
    data = weights(1 << 19)
    assert len(encode(Codec.PLANES2, data)) < 0.68 * len(data)


def test_repeats_are_found_in_long_planes() -> None:
    import numpy as np

    data = np.tile(np.arange(1000, dtype=np.int64), 200).tobytes()
    assert len(encode(Codec.PLANES8, data)) < len(data) / 100


def test_noise_does_not_shrink() -> None:
    assert len(encode(Codec.ZSTD, noise(10_000))) > 10_000
