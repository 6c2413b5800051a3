from __future__ import annotations

import numpy as np
import pytest

from aidb.store import sampling
from aidb.store.codecs import Codec, decode
from aidb.store.sampling import CodecChooser, suffix_hint
from tests.store.content import MIB, noise, prose


def codecs_of(chooser: CodecChooser, pieces: list[bytes], hint: bytes = b"x") -> list[Codec]:
    codecs, encoded = chooser.encode_all(pieces, hint)
    for piece, codec, stored in zip(pieces, codecs, encoded, strict=True):
        assert bytes(decode(codec, stored, len(piece))) == piece
        assert len(stored) <= len(piece)
    return [Codec(codec) for codec in codecs]


def test_text_is_compressed() -> None:
    assert set(codecs_of(CodecChooser(), [prose(5000, seed) for seed in range(50)])) == {Codec.ZSTD}


def test_noise_is_not() -> None:
    assert set(codecs_of(CodecChooser(), [noise(5000, seed) for seed in range(50)])) == {Codec.RAW}


def test_noise_costs_few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = []
    best = sampling._best

    def counted(data: bytes, hint: bytes) -> Codec:
        samples.append(data)
        return best(data, hint)

    monkeypatch.setattr(sampling, "_best", counted)
    chooser = CodecChooser()
    piece = noise(4000)
    for _ in range(50):
        chooser.encode_all([piece] * 500, b"jpg")
    assert 1 <= len(samples) <= 12


def test_a_change_of_content_is_noticed() -> None:
    """Noise first, then text under the same suffix: after at most 16 MiB it is compressed."""
    chooser = CodecChooser()
    codecs_of(chooser, [noise(MIB // 4)] * 40)
    after = codecs_of(chooser, [prose(MIB // 4)] * 200)
    assert after[-1] is Codec.ZSTD
    assert after.index(Codec.ZSTD) <= 80


def test_text_then_noise() -> None:
    """What does not shrink is stored as it is, even while text was expected."""
    chooser = CodecChooser()
    codecs_of(chooser, [prose(10_000)] * 10)
    assert set(codecs_of(chooser, [noise(10_000, seed) for seed in range(5)])) == {Codec.RAW}
    assert codecs_of(chooser, [prose(10_000)] * 50)[-1] is Codec.ZSTD


def test_hints_do_not_disturb_each_other() -> None:
    chooser = CodecChooser()
    for seed in range(20):
        assert codecs_of(chooser, [noise(5000, seed)], b"jpg") == [Codec.RAW]
        assert codecs_of(chooser, [prose(5000, seed)], b"json") == [Codec.ZSTD]


def test_hints_do_not_pile_up() -> None:
    chooser = CodecChooser()
    for number in range(10_000):
        chooser.encode_all([b"x" * 100], b"%d" % number)
    assert len(chooser._guesses) <= sampling._MAX_HINTS + 1


@pytest.mark.parametrize(("dtype", "expected"), [("float32", Codec.RAW), ("bfloat16", Codec.PLANES2)])
def test_weights(dtype: str, expected: Codec) -> None:
    """Half-precision weights are worth it; float32 ones save too little for the time it takes."""
    weights = np.random.default_rng(1).normal(0, 0.02, 100_000).astype(np.float32)
    if dtype == "bfloat16":
        data = (weights.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    else:
        data = weights.tobytes()
    assert codecs_of(CodecChooser(), [data]) == [expected]


def test_integers() -> None:
    numbers = np.arange(100_000, dtype=np.int64).tobytes()
    (codec,), (stored,) = CodecChooser().encode_all([numbers], b"npy")
    assert codec in (Codec.PLANES4, Codec.PLANES8)
    assert len(stored) < len(numbers) / 20


def test_compression_can_be_switched_off() -> None:
    assert codecs_of(CodecChooser(compress=False), [prose(10_000)]) == [Codec.RAW]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (b"/a/b.JSON", b"json"),
        (b"b.tar.gz", b"gz"),
        (b"/a.b/c", b""),
        (b"/a/.bashrc", b"bashrc"),
        (b"/a/x.", b""),
        (b"/a/x." + b"y" * 17, b""),
        (b"", b""),
        (b"/a/\xff.\xfe", b"\xfe"),
    ],
)
def test_suffixes(path: bytes, hint: bytes) -> None:
    assert suffix_hint(path) == hint
