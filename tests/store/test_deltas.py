"""Chunks stored as differences: what comes out is what went in, chains end, and damage below names both ends."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import AidbError, DamagedObjectError, IntegrityError, MissingObjectError
from aidb.files import Session
from aidb.store import Damage, ObjectStore, PackKind, Source
from aidb.store.codecs import Codec
from aidb.store.deltas import (
    DELTA,
    HEAD,
    MAX_DEPTH,
    WIDTHS,
    Base,
    decode_delta,
    delta_codec,
    depth_of,
    encode_delta,
    read_base,
)
from aidb.store.hashing import hash_bytes
from aidb.store.packs.pack_writer import Encoded, PackWriter
from aidb.store.repair import Copy, fetch
from aidb.types import Blob, ObjectId
from tests.store.content import KIB, MIB, checkpoint, made_up_id, noise, weights

widths = st.sampled_from(WIDTHS)


def resolved(stored: bytes, raw_length: int, raw: bytes) -> bytes:
    return bytes(decode_delta(stored, raw_length, read_base(stored), raw))


@given(st.binary(max_size=3000), widths, st.randoms(use_true_random=False))
def test_round_trip(data: bytes, width: int, chance: st.random.Random) -> None:  # type: ignore[name-defined]
    """Any bytes, against any others of the same length."""
    base = chance.randbytes(len(data))
    stored = encode_delta(data, Base(made_up_id(1), width), base)
    assert resolved(stored, len(data), base) == data
    assert read_base(stored) == Base(made_up_id(1), width)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_largest_differences(width: int) -> None:
    """The integers furthest apart, and those next to each other."""
    ends = [bytes(width), b"\xff" * width, b"\xff" * (width - 1) + b"\x7f", bytes(width - 1) + b"\x80"]
    data = b"".join(one for one in ends for _ in ends) + b"x" * (width - 1)
    base = b"".join(other for _ in ends for other in ends) + b"y" * (width - 1)
    stored = encode_delta(data, Base(made_up_id(1), width), base)
    assert resolved(stored, len(data), base) == data


@pytest.mark.parametrize(("dtype", "width", "most"), [("BF16", 2, 0.3), ("F32", 4, 0.7)])
def test_a_step_of_training_is_small(dtype: str, width: int, most: float) -> None:
    before, after = weights(1 << 18, dtype=dtype), weights(1 << 18, steps=1, dtype=dtype)
    assert len(encode_delta(after, Base(made_up_id(1), width), before)) < most * len(after)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_hostile_bytes(stored: bytes, raw_length: int) -> None:
    for data in (stored, HEAD.pack(made_up_id(1), 2) + stored):
        with contextlib.suppress(DamagedObjectError):
            assert len(resolved(data, raw_length, bytes(raw_length))) == raw_length


def test_a_base_of_another_length() -> None:
    stored = encode_delta(noise(100), Base(made_up_id(1), 2), noise(100, 1))
    for length in (0, 98, 102):
        with pytest.raises(DamagedObjectError):
            resolved(stored, 100, noise(length))


def test_depths_are_codecs() -> None:
    assert [depth_of(delta_codec(depth)) for depth in range(1, MAX_DEPTH + 1)] == [*range(1, MAX_DEPTH + 1)]
    assert not any(depth_of(codec) for codec in (*Codec, DELTA, DELTA + MAX_DEPTH + 1, 255))


# Through a store


def model(step: int, layers: int = 3, dtype: str = "BF16", **metadata: str) -> bytes:
    """A small model after some steps."""
    tensors = {f"layer{layer}": weights(1 << 18, layer, step, dtype) for layer in range(layers)}
    return checkpoint({**tensors, "bias": weights(100, 99, step, dtype)}, dtype, **metadata)


def put(store: ObjectStore, data: bytes, base: Blob | None = None) -> Blob:
    with store.writer() as writer:
        return writer.put_blob(data, base=base)


@pytest.fixture
def series(store: ObjectStore) -> list[Blob]:
    """One model after 0 to 5 steps, each stored with the one before as its base."""
    blobs: list[Blob] = []
    for step in range(6):
        blobs.append(put(store, model(step), blobs[-1] if blobs else None))
    return blobs


def check(store: ObjectStore, series: list[Blob]) -> None:
    for step, blob in enumerate(series):
        assert store.read_blob(blob) == model(step)


def test_a_series_is_stored_as_differences(
    store: ObjectStore, series: list[Blob], reopen: Callable[[], ObjectStore]
) -> None:
    usage = store.usage()
    assert usage.deltas.chunks == 5 * 3
    assert usage.deltas.stored_bytes < 0.35 * usage.deltas.raw_bytes
    check(store, series)
    check(reopen(), list(reversed(series))[::-1])
    assert list(store.fsck()) == []


def test_an_id_does_not_depend_on_how_it_is_stored(
    store: ObjectStore, series: list[Blob], session: Session
) -> None:
    plain = ObjectStore.open(session.scratch() / "plain", session, delta=False)
    assert [put(plain, model(step), base) for step, base in enumerate(series)] == series
    assert plain.usage().deltas.chunks == 0


def test_all_chunks_at_once_in_any_order(store: ObjectStore, series: list[Blob]) -> None:
    ids = [id_ for blob in series for id_ in store.chunk_ids(blob)]
    for asked in (ids, ids[::-1], ids * 2):
        for position, data in store.read_chunks(asked):
            assert hash_bytes(data) == asked[position]


def test_bases_are_not_read_once_per_dependant(
    store: ObjectStore, series: list[Blob], reopen: Callable[[], ObjectStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading the last version takes as many reads of a pack as it has depth, not as it has chunks."""
    fresh = reopen()
    reads: list[str] = []
    read_range = fresh.backend.read_range

    def counted(key: str, start: int, length: int) -> bytes:
        reads.append(key)
        return read_range(key, start, length)

    monkeypatch.setattr(fresh.backend, "read_range", counted)
    fresh.contains([series[0].id])
    reads.clear()
    fresh.read_blob(series[-1])
    assert sum(key.endswith(".data") for key in reads) <= 6


def test_depth_is_bounded(store: ObjectStore) -> None:
    """Steps so large that each is stored as the difference to the one just before, until a chunk stands alone again."""
    blob = None
    for step in range(8):
        tensor = weights(1 << 18, steps=step, move=1e-3)
        blob = put(store, checkpoint({"a": tensor}), blob)
        assert store.read_blob(blob) == checkpoint({"a": tensor})
    depths = [each.depth for each in store.dependencies()]
    assert 2 <= max(depths) <= MAX_DEPTH
    assert len(depths) < 8


def test_unchanged_tensors_are_not_stored_again(store: ObjectStore) -> None:
    tensors = {f"layer{layer}": weights(1 << 18, layer) for layer in range(10)}
    first = put(store, checkpoint(tensors, step="1"))
    tensors["layer5"] = weights(1 << 18, 5, steps=1)
    second = put(store, checkpoint(tensors, step="1000"), first)
    assert len(set(store.chunk_ids(second)) - set(store.chunk_ids(first))) == 3
    assert store.usage().deltas.chunks == 1


def test_tensors_find_their_like_wherever_they_are(store: ObjectStore) -> None:
    """A layer more, in front; one of another shape; one of another kind of number."""
    first = put(store, checkpoint({name: weights(1 << 17, seed) for seed, name in enumerate("abcd")}))
    grown = {
        "new": weights(1 << 17, 9),
        **{name: weights(1 << 17, seed, 1) for seed, name in enumerate("abc")},
    }
    grown["d"] = weights((1 << 17) + 1, 3, 1)
    second = put(store, checkpoint(grown), first)
    assert store.usage().deltas.chunks == 3
    put(store, checkpoint(grown, "F16"), first)
    assert store.usage().deltas.chunks == 3
    assert store.read_blob(second) == checkpoint(grown)


def test_what_has_nothing_in_common_is_stored_alone(store: ObjectStore) -> None:
    first = put(store, checkpoint({"a": weights(1 << 21)}))
    put(store, checkpoint({"a": weights(1 << 21, seed=1)}), first)
    assert store.usage().deltas.chunks == 0


@pytest.mark.parametrize("data", [b"", b"text", noise(3 * MIB), checkpoint({"a": noise(300 * KIB)}, "U8")])
def test_any_base_will_do(store: ObjectStore, series: list[Blob], data: bytes) -> None:
    blob = put(store, data, series[0])
    assert store.read_blob(blob) == data
    again = put(store, model(9), blob)
    assert store.read_blob(again) == model(9)


def test_a_base_that_is_missing_or_damaged_does_no_harm(
    store: ObjectStore, series: list[Blob], folder: Path
) -> None:
    data = model(7)
    for base in (
        Blob(made_up_id(1), 10 * MIB, made_up_id(2)),
        series[0]._replace(size=1),
        series[0]._replace(recipe=next(store.chunk_ids(series[1]))),
    ):
        assert store.read_blob(put(store, data, base)) == data
    for path in (folder / "packs").glob("*.data"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes().replace(weights(1 << 18)[:64], bytes(64)))
    assert put(store, model(8), series[-1]).id == hash_bytes(model(8))


def test_files_of_a_disk(store: ObjectStore, tmp_path: Path) -> None:
    """The base of each is what came before it in the same ingest, which is flushed for its sake."""
    sources, known = [], dict[int, Blob]()
    for step in range(3):
        path = tmp_path / f"{step}.safetensors"
        path.write_bytes(model(step, layers=9))
        sources.append(Source(bytes(path), step, base=lambda step=step: known.get(step - 1)))  # type: ignore[misc]
    with store.writer() as writer:
        for result in writer.ingest(sources):
            assert result.blob is not None
            known[result.key] = result.blob
    assert store.usage().deltas.chunks == 18
    for step, blob in known.items():
        assert store.read_blob(blob) == model(step, layers=9)


def test_two_writers_at_once(
    store: ObjectStore, reopen: Callable[[], ObjectStore], series: list[Blob]
) -> None:
    """Both store the same versions, one with bases and one the other way round: all can be read from both."""
    failures: list[Exception] = []

    def write(own: ObjectStore, steps: list[int]) -> None:
        try:
            blob = series[-1]
            for step in steps:
                blob = put(own, model(step), blob)
        except (AssertionError, AidbError) as error:
            failures.append(error)

    stores = [reopen(), reopen()]
    threads = [
        threading.Thread(target=write, args=(own, steps))
        for own, steps in zip(stores, ([6, 7, 8], [8, 7, 6]), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for each in (*stores, reopen()):
        each.refresh()
        assert list(each.fsck()) == []
        for step in (6, 7, 8):
            assert each.read_blob(put(each, model(step))) == model(step)


# Dependencies


def test_dependencies(store: ObjectStore, series: list[Blob], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every delta with its base, per pack or of all, from packs' own indexes or merged ones."""
    found = set(store.dependencies())
    assert len(found) == 15
    assert {each for pack in store.packs() for each in store.dependencies([pack])} == found
    live = set(store.chunk_ids(series[-1]))
    for each in sorted(found, key=lambda each: -each.depth):
        assert each.base != each.chunk
        if each.chunk in live:
            live.add(each.base)
    assert all(store.contains(list(live)))
    monkeypatch.setattr("aidb.store.indexes.merging.MERGE_AT", 2)
    put(store, b"one more")
    assert any(len(segment.packs) > 1 for segment in store._view.segments)
    assert set(store.dependencies()) == found


# Damage, and lies


def plant(store: ObjectStore, scratch: Path, *chunks: Encoded) -> None:
    writer = PackWriter(scratch, PackKind.DATA)
    writer.append(chunks)
    pack, _ = writer.seal()
    store.backend.put(pack.key, writer.path)
    store.refresh()


def delta(data: bytes, base: bytes, depth: int, *, base_id: ObjectId | None = None) -> Encoded:
    stored = encode_delta(data, Base(base_id or hash_bytes(base), 2), base)
    return Encoded(hash_bytes(data), len(data), delta_codec(depth), stored)


def alone(data: bytes) -> Encoded:
    return Encoded(hash_bytes(data), len(data), Codec.RAW, data)


DATA = [weights(1000, steps=step) for step in range(MAX_DEPTH + 2)]
IDS = [hash_bytes(data) for data in DATA]


def lost(store: ObjectStore) -> dict[ObjectId, Damage]:
    return {damage.chunk: damage for damage in store.fsck() if damage.chunk is not None}


def check_refused(store: ObjectStore, *ids: ObjectId) -> None:
    for id_ in ids:
        with pytest.raises(IntegrityError):
            store.read_chunk(id_)
        with pytest.raises(IntegrityError):
            list(store.read_chunks([id_]))
    assert lost(store).keys() == set(ids)


@pytest.fixture
def scratch(session: Session) -> Path:
    return session.scratch()


@pytest.mark.parametrize("apart", [False, True])
def test_the_longest_chain(store: ObjectStore, scratch: Path, apart: bool) -> None:
    chain = [alone(DATA[0]), *(delta(DATA[at], DATA[at - 1], at) for at in range(1, MAX_DEPTH + 1))]
    for chunks in [[each] for each in chain] if apart else [chain[::-1]]:
        plant(store, scratch, *chunks)
    assert [store.read_chunk(id_) for id_ in IDS[:-1]] == DATA[:-1]
    assert {position: bytes(data) for position, data in store.read_chunks(IDS[:-1])} == dict(
        enumerate(DATA[:-1])
    )
    assert list(store.fsck()) == []


def test_a_damaged_base_is_named_with_what_needs_it(store: ObjectStore, scratch: Path) -> None:
    plant(store, scratch, alone(DATA[0])._replace(stored=DATA[3]))
    plant(store, scratch, delta(DATA[1], DATA[0], 1), delta(DATA[2], DATA[1], 2))
    for read in (store.read_chunk, lambda id_: list(store.read_chunks([id_]))):
        with pytest.raises(DamagedObjectError) as caught:
            read(IDS[2])
        assert all(IDS[at].hex() in caught.value.message for at in range(3))
        assert "fsck" in caught.value.hints[0]
    damages = lost(store)
    assert damages.keys() == set(IDS[:3])
    assert IDS[0].hex() in damages[IDS[1]].problem
    assert IDS[0].hex() in damages[IDS[2]].problem


def test_a_missing_base(store: ObjectStore, scratch: Path) -> None:
    plant(store, scratch, delta(DATA[1], DATA[0], 1))
    with pytest.raises(DamagedObjectError, match=IDS[0].hex()):
        store.read_chunk(IDS[1])
    check_refused(store, IDS[1])
    with pytest.raises(MissingObjectError):
        store.read_chunk(IDS[0])


def test_another_copy_of_a_damaged_base_is_used(store: ObjectStore, scratch: Path) -> None:
    plant(store, scratch, alone(DATA[0])._replace(stored=DATA[3]), delta(DATA[1], DATA[0], 1))
    plant(store, scratch, alone(DATA[0]))
    assert store.read_chunk(IDS[1]) == DATA[1]
    assert [bytes(data) for _, data in store.read_chunks([IDS[1]])] == [DATA[1]]
    assert not lost(store)


def test_circles(store: ObjectStore, scratch: Path) -> None:
    """A base that needs what needs it, and one that needs itself: whatever depths they claim."""
    for one in (1, 2, MAX_DEPTH):
        for two in (1, 2, MAX_DEPTH):
            plant(
                store,
                scratch,
                delta(DATA[1], DATA[2], one),
                delta(DATA[2], DATA[1], two),
                delta(DATA[3], DATA[3], one),
            )
    check_refused(store, *IDS[1:4])


def test_a_circle_with_a_way_out(store: ObjectStore, scratch: Path) -> None:
    """Two stores each had one chunk and made the other a delta of it; all four records came together."""
    plant(store, scratch, delta(DATA[1], DATA[2], 1), delta(DATA[2], DATA[1], 1))
    plant(store, scratch, alone(DATA[1]), alone(DATA[2]))
    assert [store.read_chunk(id_) for id_ in IDS[1:3]] == DATA[1:3]
    assert {bytes(data) for _, data in store.read_chunks(IDS[1:3])} == set(DATA[1:3])
    assert list(store.fsck()) == []


def test_depths_that_lie(store: ObjectStore, scratch: Path) -> None:
    """A base as deep as the delta, or deeper."""
    plant(store, scratch, alone(DATA[0]), delta(DATA[1], DATA[0], 3), delta(DATA[2], DATA[1], 3))
    plant(store, scratch, delta(DATA[3], DATA[1], 2))
    check_refused(store, IDS[2], IDS[3])
    assert store.read_chunk(IDS[1]) == DATA[1]


def test_a_base_read_for_one_serves_none_that_lies_less_deep(store: ObjectStore, scratch: Path) -> None:
    """What cannot be read by itself cannot be read after another either, and fsck says so."""
    plant(store, scratch, alone(DATA[0]), delta(DATA[1], DATA[0], 3), delta(DATA[2], DATA[1], 4))
    plant(store, scratch, delta(DATA[3], DATA[1], 2))
    assert store.read_chunk(IDS[2]) == DATA[2]
    check_refused(store, IDS[3])
    with pytest.raises(IntegrityError):
        list(store.read_chunks([IDS[2], IDS[3]]))


@pytest.mark.parametrize("together", [False, True])
def test_repair_of_a_base_of_which_only_a_deep_copy_is_good(
    store: ObjectStore, scratch: Path, reopen: Callable[[], ObjectStore], together: bool
) -> None:
    """Many rely on the copy that lies less deep; one good copy is enough for all of them."""
    shallow = alone(DATA[1])._replace(stored=DATA[3])
    needing = [delta(DATA[2], DATA[1], 1), delta(DATA[3], DATA[1], 2), delta(DATA[4], DATA[3], 3)]
    plant(store, scratch, alone(DATA[0]), delta(DATA[1], DATA[0], 3))
    for chunks in [[shallow, *needing]] if together else [[shallow], *([each] for each in needing)]:
        plant(store, scratch, *chunks)
    assert lost(store).keys() == set(IDS[2:5])
    store.repair().salvage(list(store.fsck()))
    fresh = reopen()
    assert [fresh.read_chunk(id_) for id_ in IDS[:5]] == DATA[:5]
    assert list(fresh.fsck()) == []
    assert sum(id_ == IDS[1] for id_ in _all_ids(fresh)) == 2


def test_repair_of_a_lost_base_that_many_rely_on(
    store: ObjectStore, scratch: Path, session: Session, reopen: Callable[[], ObjectStore]
) -> None:
    """Nobody lets go of what was the difference to it, and when it comes back all can be read."""
    plant(store, scratch, alone(DATA[0])._replace(stored=DATA[9]))
    plant(store, scratch, delta(DATA[1], DATA[0], 1), delta(DATA[2], DATA[1], 2))
    plant(store, scratch, delta(DATA[3], DATA[0], 1), alone(DATA[8]))
    store.repair().salvage(list(store.fsck()))
    assert lost(store).keys() == set(IDS[1:4])
    other = session.scratch() / "other"
    with ObjectStore.open(other, session).writer() as writer:
        writer.put_chunk(DATA[0])
    with store.writer() as writer:
        assert fetch(writer, Copy(other), dict.fromkeys(IDS[:1], PackKind.DATA)) == 1
    fresh = reopen()
    assert [fresh.read_chunk(id_) for id_ in IDS[:4]] == DATA[:4]
    assert list(fresh.fsck()) == []


def _all_ids(store: ObjectStore) -> list[ObjectId]:
    """The chunk of every record."""
    segments = store._view.segments
    return [segment.columns.id(row) for segment in segments for row in range(segment.columns.rows)]


def test_many_copies_of_each_link_are_not_followed_one_by_one(store: ObjectStore, scratch: Path) -> None:
    """Thirty copies each, eight steps, and nothing at the end: 30**8 ways to fail."""
    for at in range(1, MAX_DEPTH + 1):
        plant(store, scratch, *[delta(DATA[at], DATA[at - 1], at)] * 30)
    with pytest.raises(IntegrityError):
        store.read_chunk(IDS[MAX_DEPTH])


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        bytes(HEAD.size - 1),
        HEAD.pack(IDS[0], 3),
        HEAD.pack(IDS[0], 0),
        HEAD.pack(IDS[0], 2)[:-1] + b"x",
        HEAD.pack(IDS[0], 2),
        encode_delta(DATA[1], Base(IDS[0], 2), DATA[0])[:-1],
        encode_delta(DATA[1], Base(IDS[0], 2), DATA[0]) + b"x",
        encode_delta(DATA[2], Base(IDS[0], 2), DATA[0]),
        encode_delta(DATA[1], Base(IDS[0], 4), DATA[0])[: HEAD.size - 8] + HEAD.pack(IDS[0], 8)[32:],
    ],
)
def test_records_that_lie(store: ObjectStore, scratch: Path, stored: bytes) -> None:
    plant(store, scratch, alone(DATA[0]), Encoded(IDS[1], len(DATA[1]), delta_codec(1), stored))
    check_refused(store, IDS[1])


def test_a_base_of_another_length_is_refused(store: ObjectStore, scratch: Path) -> None:
    longer = DATA[0] + b"xx"
    plant(store, scratch, alone(longer), delta(DATA[1], DATA[0], 1, base_id=hash_bytes(longer)))
    check_refused(store, IDS[1])


def test_a_stream_with_a_base(store: ObjectStore, series: list[Blob]) -> None:
    with store.writer() as writer:
        blob = writer.put_blob(io.BytesIO(model(9)), name_hint="model.safetensors", base=series[-1])
    assert store.read_blob(blob) == model(9)
    assert {each.chunk for each in store.dependencies()} & set(store.chunk_ids(blob))
