"""The arithmetic of orders: every sample exactly once, whatever the shares, turns and windows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.data.order import Order, Shuffle, share, shuffled, turns

shuffles = st.none() | st.builds(
    Shuffle, seed=st.integers(-5, 2**70), block=st.integers(1, 40), window=st.integers(1, 90)
)


def whole(order: Order, step: int = 1000) -> list[int]:
    positions = np.arange(len(order))
    return [n for at in range(0, len(order), step) for n in order.numbers(positions[at : at + step]).tolist()]


@settings(max_examples=50)
@given(st.integers(0, 300), st.integers(1, 9), shuffles, st.integers(0, 3), st.booleans())
def test_ranks_share_every_sample(
    total: int, ranks: int, shuffle: Shuffle | None, epoch: int, even: bool
) -> None:
    shares = [share(total, rank, ranks, even=even) for rank in range(ranks)]
    orders = [Order(total, *each, shuffle, epoch) for each in shares]
    sizes = {len(order) for order in orders}
    assert max(sizes) - min(sizes) <= (0 if even else 1)
    seen = [number for order in orders for number in whole(order)]
    assert len(seen) == len(set(seen)) == total - (total % ranks if even else 0)
    assert set(seen) <= set(range(total))


@settings(max_examples=50)
@given(
    first=st.integers(0, 50),
    length=st.integers(0, 200),
    batch=st.integers(1, 20),
    workers=st.integers(1, 5),
    count=st.integers(1, 30),
)
def test_workers_take_every_position_in_turns(
    first: int, length: int, batch: int, workers: int, count: int
) -> None:
    stop = first + length
    taken = []
    for worker in range(workers):
        mine: list[int] = []
        while len(
            more := turns(
                first, stop, batch=batch, worker=worker, workers=workers, skip=len(mine), count=count
            )
        ):
            mine += more.tolist()
        taken.append([mine[at : at + batch] for at in range(0, len(mine), batch)])
    batches = [
        taken[turn % workers][turn // workers] for turn in range(sum(map(len, taken)))
    ]  # as a loader asks for them
    assert [position for each in batches for position in each] == list(range(first, stop))
    assert all(len(each) == batch for each in batches[:-1])


@settings(max_examples=50)
@given(st.integers(1, 400), st.integers(1, 50), st.integers(1, 100), st.integers(0, 9))
def test_a_window_mixes_neighbours_of_few_blocks(total: int, block: int, window: int, seed: int) -> None:
    order = whole(Order(total, 0, total, Shuffle(seed, block, window), 0))
    for start in range(0, total, window):
        blocks = {number // block for number in order[start : start + window]}
        assert (
            len(blocks) <= window // block + 3
        )  # one short block, and two that are cut by the window's edges


def test_the_order_does_not_depend_on_how_much_is_asked_at_once() -> None:
    order = Order(1000, 100, 900, Shuffle(7, 16, 100), 2)
    assert whole(order, 1) == whole(order, 33) == whole(order)


def test_epochs_and_seeds_differ_and_stay_the_same_for_ever() -> None:
    orders = {
        tuple(whole(Order(50, 0, 50, Shuffle(seed, 4, 20), epoch))) for seed in (0, 1) for epoch in (0, 1)
    }
    assert len(orders) == 4
    assert shuffled(10, 1, 2).tolist() == [2, 1, 6, 4, 5, 0, 9, 3, 7, 8]


def test_shuffled_is_fair_enough() -> None:
    places = np.stack([shuffled(16, key) for key in range(4000)])
    counts = np.stack([np.bincount(places[:, at], minlength=16) for at in range(16)])
    assert abs(counts - 250).max() < 6 * 250**0.5
