"""Few ids and many, in one index and in several: the same answers as a dict's."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import DamagedObjectError
from aidb.store import MemoryBackend, PackId, PackKind
from aidb.store.indexes import lookup
from aidb.store.indexes.columns import decode_index, encode_records
from aidb.store.indexes.lookup import Plan, contains
from aidb.store.indexes.merged import check_merged, decode_merged, index_key
from aidb.store.indexes.merging import choose, write_merged
from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import Record
from aidb.types import ObjectId
from tests.store.content import made_up_id


def pack(number: int) -> PackId:
    return PackId(made_up_id(number), PackKind.META if number % 3 == 0 else PackKind.DATA)


def single(number: int, ids: Sequence[ObjectId]) -> Segment:
    records = [
        Record(id_, 16 + 100 * place, 50 + place, 60 + place, place % 5) for place, id_ in enumerate(ids)
    ]
    return Segment(decode_index(encode_records(records)), (pack(number),))


def merge(segments: Sequence[Segment], folder: Path) -> Segment:
    name, path = write_merged(segments, folder)
    data = path.read_bytes()
    backend = MemoryBackend()
    backend.put(index_key(name), data)
    check_merged(backend, index_key(name))
    return decode_merged(memoryview(data))


IDS = [made_up_id(number) for number in range(20_000)]
SEGMENTS = [single(number, IDS[number * 1000 : (number + 1) * 1000]) for number in range(15)]
PRESENT = IDS[:15_000]


def location_of(plan: Plan, query: int) -> tuple[PackId, int, int, int, int]:
    item = next(item for item in plan.found if item.query == query)
    return plan.packs[item.pack], item.offset, item.stored, item.raw, item.codec


@pytest.mark.parametrize("count", [0, 1, 7, 65, 3000])
def test_contains(count: int) -> None:
    asked = random.Random(1).sample(IDS, count)
    known = set(PRESENT)
    assert contains(SEGMENTS, asked) == [id_ in known for id_ in asked]
    assert contains([], asked) == [False] * count


@pytest.mark.parametrize("plan", [lookup._plan_few, lookup._plan_many])
def test_plans(plan: Callable[[Sequence[Segment], Sequence[ObjectId]], Plan]) -> None:
    asked = random.Random(2).sample(IDS, 300)
    answer = plan(SEGMENTS, asked)
    assert [asked[query] for query in answer.missing] == [id_ for id_ in asked if id_ not in set(PRESENT)]
    assert answer.found == sorted(answer.found)
    for query, id_ in enumerate(asked):
        if query not in answer.missing:
            segment, place = divmod(IDS.index(id_), 1000)
            assert location_of(answer, query) == (
                pack(segment),
                16 + 100 * place,
                50 + place,
                60 + place,
                place % 5,
            )


def test_a_merged_index_answers_the_same(tmp_path: Path) -> None:
    merged = merge(SEGMENTS, tmp_path)
    assert merged.columns.rows == 15_000
    asked = random.Random(3).sample(IDS, 500)
    assert contains([merged], asked) == contains(SEGMENTS, asked)
    apart, together = lookup._plan_many(SEGMENTS, asked), lookup._plan_many([merged], asked)
    few = lookup._plan_few([merged], asked)
    for query in {item.query for item in apart.found}:
        assert location_of(apart, query) == location_of(together, query) == location_of(few, query)


def test_merging_merged_indexes_in_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb.store.indexes.merging._RANGE_ROWS", 100)
    first, second = merge(SEGMENTS[:5], tmp_path), merge(SEGMENTS[4:9], tmp_path)
    everything = merge([first, second, *SEGMENTS[9:]], tmp_path)
    assert list(everything.columns.prefixes) == sorted(everything.columns.prefixes)
    assert set(everything.packs) == {pack(number) for number in range(15)}
    assert all(contains([everything], PRESENT))
    for number in (0, 4, 8, 14):
        assert set(everything.ids_in(pack(number))) == set(IDS[number * 1000 : (number + 1) * 1000])


def test_merging_nothing_and_empty(tmp_path: Path) -> None:
    assert merge([single(1, [])], tmp_path).columns.rows == 0


def test_growth_is_geometric() -> None:
    """Small merged indexes are taken into a merge, large ones left alone."""
    one = [single(number, IDS[:10]) for number in range(40)]
    small, large = single(50, IDS[:500]), single(51, IDS[:19_000])
    assert choose(one[:31], [small, large]) == []
    assert choose(one, [small, large]) == [*one, small]


def same_prefix(count: int) -> list[ObjectId]:
    return [ObjectId(b"collides" + number.to_bytes(24, "big")) for number in range(count)]


def test_ids_that_share_a_prefix() -> None:
    """Made by somebody hostile: eight equal bytes, different chunks."""
    twins = same_prefix(200)
    segment = single(1, twins[:100])
    assert contains([segment], twins) == [True] * 100 + [False] * 100
    assert contains([segment], twins[98:102]) == [True, True, False, False]
    plan = lookup._plan_many([segment], twins)
    assert [location_of(plan, query)[1] for query in range(100)] == [16 + 100 * place for place in range(100)]


def test_extreme_ids() -> None:
    extremes = [ObjectId(bytes([value]) * 32) for value in (0, 1, 127, 128, 255)]
    for count in range(1, 6):
        segment = single(1, extremes[:count])
        assert contains([segment], extremes) == [place < count for place in range(5)]
        assert contains([segment], extremes * 20) == [place < count for place in range(5)] * 20


@given(st.lists(st.binary(min_size=32, max_size=32)), st.lists(st.binary(min_size=32, max_size=32)))
def test_any_ids(present: list[bytes], absent: list[bytes]) -> None:
    have = [ObjectId(id_) for id_ in present]
    asked = have + [ObjectId(id_) for id_ in absent]
    expected = [id_ in set(present) for id_ in asked]
    assert contains([single(1, have)], asked) == expected
    if asked:
        assert [query for query, there in enumerate(expected) if not there] == lookup._plan_many(
            [single(1, have)], asked
        ).missing


def test_clustered_ids_in_a_large_index() -> None:
    """The guess where an id must be assumes even spread; without it the answer is only slower."""
    clustered = [ObjectId(number.to_bytes(32, "big")) for number in range(0, 10_000, 2)]
    clustered += [ObjectId(b"\xff" * 24 + number.to_bytes(8, "big")) for number in range(5000)]
    segment = single(1, clustered)
    assert all(segment.find(id_) >= 0 for id_ in clustered[::37])
    assert segment.find(ObjectId((1).to_bytes(32, "big"))) == -1


@given(st.binary(max_size=300))
def test_hostile_merged_indexes(data: bytes) -> None:
    for candidate in (data, b"aidbmrge\x01\x00\x00\x00" + data):
        with pytest.raises(DamagedObjectError):
            decode_merged(memoryview(candidate))


def test_pack_numbers_out_of_range(tmp_path: Path) -> None:
    """A merged index that names a pack it does not list."""
    _, path = write_merged(SEGMENTS[:2], tmp_path)
    data = bytearray(path.read_bytes())
    data[-4:] = b"\xff\xff\xff\xff"
    segment = decode_merged(memoryview(bytes(data)))
    with pytest.raises(DamagedObjectError):
        lookup._plan_many([segment], PRESENT[:2000])
    with pytest.raises(DamagedObjectError):
        lookup._plan_few([segment], PRESENT[:2000])
