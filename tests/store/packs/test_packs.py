"""Packs as files: written, read by their index, and by their records when the index is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import DamagedObjectError, IntegrityError, NotFoundError, UnsupportedFormatError
from aidb.store import MemoryBackend, PackId, PackKind
from aidb.store.codecs import Codec
from aidb.store.deltas import Base, delta_codec, encode_delta
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.columns import decode_index, encode_records
from aidb.store.packs.layout import (
    FOOTER,
    HEADER,
    RECORD,
    Record,
    check_footer,
    check_header,
    parse_pack_key,
    parse_record,
)
from aidb.store.packs.pack_reader import read_index, rebuild_index, walk_records
from aidb.store.packs.pack_writer import Encoded, PackWriter
from aidb.types import ObjectId
from tests.store.content import made_up_id, noise


def raw(data: bytes) -> Encoded:
    return Encoded(hash_bytes(data), len(data), Codec.RAW, data)


def write_pack(
    folder: Path, contents: Sequence[bytes], kind: PackKind = PackKind.DATA
) -> tuple[PackId, bytes]:
    """A sealed pack and its bytes."""
    writer = PackWriter(folder, kind)
    writer.append([raw(data) for data in contents])
    pack, _ = writer.seal()
    data = writer.path.read_bytes()
    writer.discard()
    return pack, data


def backend_with(pack: PackId, data: bytes) -> MemoryBackend:
    backend = MemoryBackend()
    backend.put(pack.key, data)
    return backend


CONTENTS = [noise(size, size) for size in (0, 1, 10, 1000, 70_000, 5)]


@pytest.mark.parametrize("kind", PackKind)
def test_write_and_read(tmp_path: Path, kind: PackKind) -> None:
    pack, data = write_pack(tmp_path, CONTENTS, kind)
    columns = decode_index(read_index(backend_with(pack, data), pack))
    records = list(columns.records())
    assert [record.id for record in records] == sorted(map(hash_bytes, CONTENTS))
    by_id = {hash_bytes(content): content for content in CONTENTS}
    for record in records:
        assert data[record.offset + RECORD.size : record.end] == by_id[record.id]
    assert parse_pack_key(pack.key) == pack
    assert check_header(data[: HEADER.size]) is kind
    assert not list(tmp_path.iterdir())


def test_an_empty_pack(tmp_path: Path) -> None:
    pack, data = write_pack(tmp_path, [])
    backend = backend_with(pack, data)
    assert decode_index(read_index(backend, pack)).rows == 0
    assert list(walk_records(backend, pack)) == []


def test_many_records(tmp_path: Path) -> None:
    """More than one `writev` takes, and an index larger than the first read at the end of a pack."""
    contents = [b"%d" % number for number in range(5000)]
    pack, data = write_pack(tmp_path, contents)
    backend = backend_with(pack, data)
    assert decode_index(read_index(backend, pack)).rows == 5000
    assert [record.id for record in walk_records(backend, pack)] == list(map(hash_bytes, contents))


def test_short_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel may write less than it was given."""
    import os

    writev = os.writev
    monkeypatch.setattr(os, "writev", lambda fd, pieces: writev(fd, [b"".join(pieces)[:1000]]))
    pack, data = write_pack(tmp_path, CONTENTS)
    monkeypatch.undo()
    assert (pack, data) == write_pack(tmp_path, CONTENTS)


def test_the_same_chunks_make_the_same_name(tmp_path: Path) -> None:
    assert write_pack(tmp_path, CONTENTS) == write_pack(tmp_path, CONTENTS)


def test_a_lost_index_is_rebuilt(tmp_path: Path) -> None:
    pack, data = write_pack(tmp_path, CONTENTS)
    damaged = backend_with(pack, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(DamagedObjectError):
        read_index(damaged, pack)
    assert rebuild_index(damaged, pack) == (read_index(backend_with(pack, data), pack), True)


def test_a_truncated_pack_gives_what_is_left(tmp_path: Path) -> None:
    pack, data = write_pack(tmp_path, CONTENTS)
    records = list(walk_records(backend_with(pack, data), pack))
    for length in range(0, len(data), 97):
        backend = backend_with(pack, data[:length])
        with pytest.raises(DamagedObjectError):
            read_index(backend, pack)
        section, complete = rebuild_index(backend, pack)
        whole = {record for record in records if record.end <= length}
        assert set(decode_index(section).records()) == whole
        assert complete is (len(whole) == len(records))


def test_any_flipped_byte_of_the_index_is_noticed(tmp_path: Path) -> None:
    pack, data = write_pack(tmp_path, CONTENTS)
    footer = check_footer(data[-FOOTER.size :], len(data))
    for position in range(footer.index_start, len(data)):
        changed = bytearray(data)
        changed[position] ^= 16
        with pytest.raises((DamagedObjectError, UnsupportedFormatError)):
            read_index(backend_with(pack, bytes(changed)), pack)


def test_a_missing_pack() -> None:
    with pytest.raises(NotFoundError):
        read_index(MemoryBackend(), PackId(made_up_id(1), PackKind.DATA))


def test_a_newer_version_is_not_called_damaged(tmp_path: Path) -> None:
    pack, data = write_pack(tmp_path, CONTENTS)
    newer = bytearray(data)
    newer[-FOOTER.size + 8] = 3
    with pytest.raises(UnsupportedFormatError) as caught:
        read_index(backend_with(pack, bytes(newer)), pack)
    assert "Upgrade" in caught.value.hints[0]


def test_a_delta_makes_it_version_2(tmp_path: Path) -> None:
    """So that a reader which knows no deltas says that it is too old; a pack without any is still for everybody."""
    base = noise(1000)
    delta = Encoded(
        made_up_id(1), 1000, delta_codec(1), encode_delta(noise(1000, 1), Base(hash_bytes(base), 2), base)
    )
    for chunks, version in (([raw(base)], 1), ([raw(base), delta], 2)):
        writer = PackWriter(tmp_path, PackKind.DATA)
        writer.append(chunks)
        pack, section = writer.seal()
        data = writer.path.read_bytes()
        assert [data[8], data[-FOOTER.size + 8]] == [version, version]
        backend = backend_with(pack, data)
        assert read_index(backend, pack) == section
        assert rebuild_index(backend, pack) == (section, True)


def test_a_version_that_does_not_fit(tmp_path: Path) -> None:
    """A pack says that it has deltas, and has none."""
    pack, data = write_pack(tmp_path, CONTENTS)
    lying = bytearray(data)
    lying[-FOOTER.size + 8] = 2
    with pytest.raises(DamagedObjectError):
        read_index(backend_with(pack, bytes(lying)), pack)


@given(st.binary(max_size=400), st.booleans())
def test_hostile_packs(data: bytes, begin_well: bool) -> None:
    """Bytes of any kind, after a good header or not."""
    pack = PackId(made_up_id(1), PackKind.DATA)
    start = b"aidbpack\x01\x00\x00" + bytes(5) if begin_well else b""
    backend = backend_with(pack, start + data)
    with pytest.raises(IntegrityError):
        read_index(backend, pack)
    decode_index(rebuild_index(backend, pack)[0])


@given(st.binary(max_size=300))
def test_hostile_parts(data: bytes) -> None:
    for parse in (
        lambda: check_header(data),
        lambda: check_footer(data[: FOOTER.size], 1000),
        lambda: parse_record(data, 16),
        lambda: decode_index(data),
    ):
        with contextlib.suppress(IntegrityError):
            parse()


@pytest.mark.parametrize(
    ("stored", "raw_length"), [((1 << 32) - 1, 10), (10, (1 << 32) - 1), (17 << 20, 17 << 20)]
)
def test_lying_lengths(stored: int, raw_length: int) -> None:
    header = RECORD.pack(made_up_id(1), stored, raw_length, Codec.RAW)
    with pytest.raises(DamagedObjectError):
        parse_record(header, 16)


ids = st.binary(min_size=32, max_size=32).map(ObjectId)
numbers = st.integers(0, (1 << 32) - 1)
any_records = st.lists(st.builds(Record, ids, numbers, numbers, numbers, st.integers(0, 255)), max_size=50)


@given(any_records)
def test_index_round_trip(records: list[Record]) -> None:
    columns = decode_index(encode_records(sorted(records, key=lambda record: record.offset)))
    assert sorted(columns.records(), key=lambda record: record[:2]) == sorted(
        records, key=lambda record: record[:2]
    )
    assert list(columns.prefixes) == sorted(columns.prefixes)


@pytest.mark.parametrize(
    "key", ["packs/x.data", "packs/" + "0" * 64, "packs/" + "0" * 64 + ".zip", "other", ""]
)
def test_what_is_no_pack(key: str) -> None:
    assert parse_pack_key(key) is None
