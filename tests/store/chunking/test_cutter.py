from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.store.chunking.cutter import AVERAGE_CHUNK, MAX_CHUNK, MIN_CHUNK, STEP, Chunker, Cutter
from aidb.store.chunking.sections import Section, Sections
from tests.store.content import KIB, MIB, noise

DATA = noise(6 * MIB)


NONE = Sections()
LONGEST = STEP + MIN_CHUNK


def cuts(data: bytes, sections: Sections = NONE) -> list[int]:
    return Cutter(sections).cut(memoryview(data), 0, last=True)


def cut_in_windows(data: bytes, size: int, sections: Sections = NONE) -> list[int]:
    """As the ingest does it: the unfinished tail begins the next window."""
    cutter, ends, start, reach = Cutter(sections), [0], 0, 0
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


@st.composite
def any_sections(draw: st.DrawFn) -> Sections:
    """Some stretches of a file, floats and others, some of them behind its end."""
    bounds = sorted(draw(st.sets(st.integers(0, 2 * len(DATA)), max_size=8)))
    kinds = st.sampled_from(["BF16", "F32", "I64", ""])
    return Sections(
        [Section(start, end, draw(kinds), (str(start),)) for start, end in pairwise(bounds)][
            :: draw(st.integers(1, 2))
        ]
    )


@settings(max_examples=40)
@given(st.integers(LONGEST, 3 * MAX_CHUNK), any_sections(), st.integers(0, len(DATA)))
def test_windows_do_not_matter(size: int, sections: Sections, length: int) -> None:
    assert cut_in_windows(DATA[:length], size, sections) == cuts(DATA[:length], sections)


@settings(max_examples=40)
@given(any_sections())
def test_sections_are_cut_by_themselves(sections: Sections) -> None:
    ends = cuts(DATA, sections)
    bounds = {bound for section in sections for bound in (section.start, section.end)}
    assert {bound for bound in bounds if 0 < bound <= len(DATA)} <= set(ends)
    assert ends[-1] == len(DATA)
    assert all(0 < end - start < LONGEST for start, end in pairwise([0, *ends]))
    assert Cutter(sections).chunker is (Chunker.SECTIONS if sections else Chunker.FASTCDC)


def test_floats_are_cut_evenly() -> None:
    """Whatever is in them: so that the chunks of the next version have the same lengths."""
    tensor = Section(1000, 1000 + 3 * STEP + MIN_CHUNK - 1, "BF16", ("a",))
    expected = [1000, 1000 + STEP, 1000 + 2 * STEP, tensor.end]
    for seed in range(2):
        assert cuts(noise(tensor.end, seed), Sections([tensor])) == expected
    with_rest = tensor._replace(end=tensor.end + 1)
    assert cuts(noise(with_rest.end), Sections([with_rest])) == [
        *expected[:-1],
        1000 + 3 * STEP,
        with_rest.end,
    ]


def test_sections_of_a_place() -> None:
    sections = Sections(
        [Section(10, 20, "F32", ("a",)), Section(20, 30, "F16", ("b",)), Section(50, 60, "", ("c",))]
    )
    assert [section and section.names for section in map(sections.at, (9, 10, 19, 20, 30, 55, 60))] == [
        None,
        ("a",),
        ("a",),
        ("b",),
        None,
        ("c",),
        None,
    ]
    assert [section.names for section in sections.within(15, 21)] == [("a",), ("b",)]
    assert [section.names for section in sections.within(30, 50)] == []
    assert [section.width for section in sections] == [4, 2, 0]


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
