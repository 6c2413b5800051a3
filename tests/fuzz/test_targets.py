"""A short, deterministic run of every fuzz target: its seeds, and thousands of damaged ones.

`python -m tests.fuzz` runs the same targets for as long as wanted, guided by coverage.
"""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutate import mutated
from tests.fuzz.target import Target, run
from tests.fuzz.targets import TARGETS

ALL = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
_REFUSED = ("codec-unknown", "git-tag")
"""Targets whose seeds are to be refused: no codec, and no commit behind the tag."""
MOST_MEMORY = 64 << 20
"""Bytes that a small input may make a parser take."""


@ALL
def test_what_encoders_make_can_be_read(target: Target) -> None:
    seeds = target.seeds()
    assert seeds
    if target.name not in _REFUSED:
        assert all(run(target, seed) for seed in seeds)


@ALL
def test_damaged_seeds(target: Target) -> None:
    chance = random.Random(20261125)
    seeds = target.seeds()
    for _ in range(150):
        run(target, mutated(chance.choice(seeds), chance))


@ALL
def test_seeds_cut_short(target: Target) -> None:
    for seed in target.seeds():
        for end in range(0, len(seed), 1 + len(seed) // 40):
            run(target, seed[:end])


@ALL
@settings(max_examples=25)
@given(data=st.binary(max_size=300))
def test_any_bytes(target: Target, data: bytes) -> None:
    run(target, data)


@ALL
def test_memory_is_bounded(target: Target) -> None:
    chance = random.Random(7)
    seeds = target.seeds()
    run(target, seeds[0])  # what is imported at first use does not count
    tracemalloc.start()
    try:
        for _ in range(20):
            tracemalloc.reset_peak()
            run(target, mutated(chance.choice(seeds), chance))
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
