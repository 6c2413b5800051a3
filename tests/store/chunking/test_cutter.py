from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.store.chunking.cutter import AVERAGE_CHUNK, MAX_CHUNK, MIN_CHUNK, Cutter
from tests.store.content import KIB, MIB, noise

DATA = noise(6 * MIB)


def cuts(data: bytes, fences: tuple[int, ...] = ()) -> list[int]:
    return Cutter(fences).cut(memoryview(data), 0, last=True)


def cut_in_windows(data: bytes, size: int, fences: tuple[int, ...] = ()) -> list[int]:
    """As the ingest does it: the unfinished tail begins the next window."""
    cutter, ends, start, reach = Cutter(fences), [0], 0, 0
    while reach < len(data):
        reach = min(start + size, len(data))
        found = cutter.cut(memoryview(data)[start:reach], start, last=reach == len(data))
        ends += [start + end for end in found]
        start = ends[-1]
    return ends[1:]


def test_sizes() -> None:
    lengths = [end - start for start, end in pairwise([0, *cuts(DATA)])]
    assert sum(lengths) == len(DATA)
    assert all(MIN_CHUNK <= length <= MAX_CHUNK for length in lengths[:-1])
    assert AVERAGE_CHUNK / 2 < sum(lengths) / len(lengths) < AVERAGE_CHUNK * 2


def test_nothing_and_little() -> None:
    assert cuts(b"") == []
    assert cuts(b"x") == [1]
    assert cuts(noise(MIN_CHUNK)) == [MIN_CHUNK]


@settings(max_examples=20, deadline=None)
@given(
    st.integers(MAX_CHUNK, 3 * MAX_CHUNK),
    st.lists(st.integers(0, len(DATA)), max_size=5),
    st.integers(0, len(DATA)),
)
def test_windows_do_not_matter(size: int, fences: list[int], length: int) -> None:
    ascending = tuple(sorted(set(fences)))
    assert cut_in_windows(DATA[:length], size, ascending) == cuts(DATA[:length], ascending)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2 * len(DATA)), max_size=20))
def test_fences_are_cut_at(fences: list[int]) -> None:
    ascending = sorted(set(fences))
    ends = cuts(DATA, tuple(ascending))
    assert {fence for fence in ascending if 0 < fence <= len(DATA)} <= set(ends)
    assert ends[-1] == len(DATA)
    assert all(0 < end - start <= MAX_CHUNK for start, end in pairwise([0, *ends]))


def test_a_constant_file_is_cut_at_the_maximum() -> None:
    assert cut_in_windows(bytes(4 * MIB), 2 * MIB) == [MIB, 2 * MIB, 3 * MIB, 4 * MIB]


def test_edits_move_few_cuts() -> None:
    chance = random.Random(1)
    pieces = {DATA[start:end] for start, end in pairwise([0, *cuts(DATA)])}
    for _ in range(5):
        at = chance.randrange(len(DATA))
        for edited in (
            DATA[:at] + noise(1000, at) + DATA[at:],
            DATA[:at] + DATA[at + 1000 :],
            DATA[:at] + b"?" + DATA[at + 1 :],
        ):
            new = {edited[start:end] for start, end in pairwise([0, *cuts(edited)])} - pieces
            assert sum(map(len, new)) <= 4 * MAX_CHUNK
            assert len(new) <= 8


def test_the_parameters_are_part_of_the_format() -> None:
    """Cuts of known bytes: if these move, recipes no longer deduplicate against those already stored."""
    assert cuts(noise(2 * MIB, seed=7))[:3] == KNOWN_CUTS
    assert (MIN_CHUNK, AVERAGE_CHUNK, MAX_CHUNK) == (64 * KIB, 256 * KIB, MIB)


KNOWN_CUTS = [264_465, 585_183, 710_598]
