"""The parsers of the store: packs, indexes, recipes, codecs, safetensors headers."""

from __future__ import annotations

import itertools
import json
import struct
import tempfile
from functools import partial
from pathlib import Path

from aidb.errors import AidbError, IntegrityError
from aidb.progress import SILENT
from aidb.store import MemoryBackend, ObjectStore, PackId, PackKind
from aidb.store.chunking.safetensors import tensor_sections
from aidb.store.codecs import Codec, decode, encode
from aidb.store.deltas import Base, decode_delta, encode_delta, read_base
from aidb.store.fsck import check_store
from aidb.store.hashing import hash_bytes
from aidb.store.indexes.columns import decode_index, encode_records
from aidb.store.indexes.merged import HEADER as MERGED_HEADER
from aidb.store.indexes.merged import decode_merged, encode_head, index_key
from aidb.store.indexes.merging import write_merged
from aidb.store.indexes.segment import Segment
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import (
    FOOTER,
    HEADER,
    INDEX_HEADER,
    INDEX_WIDTH,
    RECORD,
    Footer,
    Record,
    check_footer,
    check_header,
    pack_footer,
    pack_header,
    parse_record,
)
from aidb.store.packs.pack_reader import read_index, rebuild_index
from aidb.store.packs.pack_writer import Encoded, PackWriter
from aidb.store.recipes import Recipe, decode_recipe, encode_recipe
from aidb.types import ID_SIZE, ObjectId
from tests.fuzz.target import Target

_MOST_ROWS = 64


def pack_header_target(data: bytes) -> None:
    kind = check_header(data)
    _, version, _ = HEADER.unpack_from(data)
    assert pack_header(kind, version) == data[: HEADER.size]


def pack_footer_target(data: bytes) -> None:
    """Also with the size that its own numbers ask for, or nearly nothing would get past it."""
    sizes = {len(data), 1 << 20}
    if len(data) == FOOTER.size:
        *_, start, length, _ = FOOTER.unpack(data)
        sizes.add(start + length + FOOTER.size)
    for size in sizes:
        try:
            footer = check_footer(data, size)
        except IntegrityError:
            continue
        assert pack_footer(footer) == data


def record_target(data: bytes) -> None:
    record = parse_record(data, HEADER.size)
    assert RECORD.pack(record.id, record.stored, record.raw, record.codec) == data[: RECORD.size]


def index_section_target(data: bytes) -> None:
    columns = decode_index(data)
    records = list(itertools.islice(columns.records(), _MOST_ROWS))
    look_up(Segment(columns, (PackId(ObjectId(bytes(ID_SIZE)), PackKind.DATA),)))
    ids = [record.id for record in records]
    if columns.rows == len(records) and ids == sorted(ids):
        assert encode_records(records) == data


def merged_index_target(data: bytes) -> None:
    segment = decode_merged(memoryview(data))
    look_up(segment)
    head, table = encode_head(list(segment.packs), segment.columns.rows)
    start = len(head) + len(table)
    pad = data[start + INDEX_WIDTH * segment.columns.rows : len(data) - 4 * segment.columns.rows]
    assert data[:start] == head + table
    assert not any(pad)


def look_up(segment: Segment) -> None:
    """What readers ask of an index; a row that names no pack is its only way to refuse."""
    lowest, highest = ObjectId(bytes(ID_SIZE)), ObjectId(b"\xff" * ID_SIZE)
    for row in range(min(segment.columns.rows, _MOST_ROWS)):
        id_ = segment.columns.id(row)
        segment.find(id_)
        segment.location(row, id_)
    for _ in itertools.islice(segment.with_prefix(lowest, highest), _MOST_ROWS):
        pass


def pack_target(data: bytes) -> None:
    """A whole pack, under the name that its index section would give it: index, records, chunks, fsck."""
    pack = PackId(_name(data), PackKind.DATA)
    backend = MemoryBackend()
    backend.put(pack.key, data)
    section, _ = rebuild_index(backend, pack)
    store = ObjectStore(backend, Path)
    for record in itertools.islice(decode_index(section).records(), _MOST_ROWS):
        try:
            chunk = store.read_chunk(record.id)
        except AidbError:
            continue
        assert hash_bytes(chunk) == record.id
    for _ in check_store(backend, IndexView(backend), SILENT):
        pass
    read_index(backend, pack)


def _name(data: bytes) -> ObjectId:
    if len(data) >= FOOTER.size:
        *_, start, length, _ = FOOTER.unpack(data[-FOOTER.size :])
        return hash_bytes(data[start : start + length])
    return hash_bytes(data)


def recipe_target(data: bytes) -> None:
    recipe = decode_recipe(data)
    assert encode_recipe(recipe) == data
    assert recipe.starts()[-1] == recipe.size


def codec_target(codec: Codec, data: bytes) -> None:
    """The first four bytes are the length that a record would promise."""
    if len(data) < 4:
        return
    promised = int.from_bytes(data[:4], "little")
    decoded = bytes(decode(codec, data[4:], promised))
    assert len(decoded) == promised
    assert bytes(decode(codec, encode(codec, decoded), promised)) == decoded


def unknown_codec_target(data: bytes) -> None:
    if data:
        decode(data[0], data[1:], len(data))


_BASE = struct.pack("<60f", *range(60)) + b"abc"


def delta_target(data: bytes) -> None:
    """A chunk stored as the difference to another one, which is always there."""
    base = read_base(data)
    decoded = bytes(decode_delta(data, len(_BASE), base, _BASE))
    again = encode_delta(decoded, base, _BASE)
    assert bytes(decode_delta(again, len(_BASE), base, _BASE)) == decoded


def safetensors_target(data: bytes) -> None:
    sections = list(tensor_sections(memoryview(data)))
    assert all(0 <= section.start <= section.end < 1 << 63 for section in sections)
    assert all(before.end <= after.start for before, after in itertools.pairwise(sections))


# Seeds


def _id(number: int) -> ObjectId:
    return hash_bytes(b"%d" % number)


def _records(count: int) -> list[Record]:
    return [Record(_id(number), 16 + 100 * number, 52, 60, number % 5) for number in range(count)]


def _pack(contents: list[bytes]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        writer = PackWriter(Path(folder), PackKind.DATA)
        for content in contents:
            codec = Codec.ZSTD if len(content) > 50 else Codec.RAW
            writer.append([Encoded(hash_bytes(content), len(content), codec, encode(codec, content))])
        writer.seal()
        data = writer.path.read_bytes()
        writer.discard()
        return data


def _merged() -> bytes:
    segments = [
        Segment(decode_index(encode_records(_records(count))), (PackId(_id(count), kind),))
        for count, kind in ((1, PackKind.DATA), (3, PackKind.META), (5, PackKind.DATA))
    ]
    with tempfile.TemporaryDirectory() as folder:
        name, path = write_merged(segments, Path(folder))
        data = path.read_bytes()
        assert index_key(hash_bytes(data[MERGED_HEADER.size :])) == index_key(name)
        return data


def _recipes() -> list[bytes]:
    leaf = Recipe(0, 1, _id(0), 30, [_id(1), _id(2)], [10, 20])
    inner = Recipe(1, 2, ObjectId(bytes(ID_SIZE)), 60, [_id(3), _id(4), _id(5)], [10, 20, 30])
    return [encode_recipe(leaf), encode_recipe(inner)]


def _encoded(codec: Codec) -> list[bytes]:
    contents = [b"", b"a", b"abcdefgh" * 40, struct.pack("<200f", *range(200)), bytes(1000) + b"tail"]
    return [len(content).to_bytes(4, "little") + bytes(encode(codec, content)) for content in contents]


def _deltas() -> list[bytes]:
    near = struct.pack("<60f", *(number + 0.25 for number in range(60))) + b"abd"
    return [encode_delta(near, Base(hash_bytes(_BASE), width), _BASE) for width in (1, 2, 4, 8)]


def _safetensors() -> list[bytes]:
    tensors = {
        "__metadata__": {"a": "b"},
        "x": {"dtype": "F32", "shape": [1 << 16], "data_offsets": [0, 1 << 18]},
        "y": {"dtype": "U8", "shape": [1 << 17], "data_offsets": [1 << 18, 3 << 17]},
    }
    texts = (json.dumps(value).encode() for value in (tensors, {}, {"x": {"data_offsets": [0, 0]}}))
    return [struct.pack("<Q", len(text)) + text + b"data" for text in texts]


TARGETS = [
    Target("pack-header", pack_header_target, lambda: [pack_header(kind) for kind in PackKind]),
    Target(
        "pack-footer",
        pack_footer_target,
        lambda: [
            pack_footer(Footer(PackKind.META, n, 16, INDEX_HEADER.size + 45 * n, _id(n))) for n in (0, 3)
        ],
    ),
    Target(
        "pack-record", record_target, lambda: [RECORD.pack(_id(n), n, 2 * n, n % 5) for n in (0, 7, 1000)]
    ),
    Target("pack", pack_target, lambda: [_pack([]), _pack([b"", b"short", b"long " * 100, bytes(300)])]),
    Target("index-section", index_section_target, lambda: [encode_records(_records(n)) for n in (0, 1, 9)]),
    Target("merged-index", merged_index_target, lambda: [_merged()]),
    Target("recipe", recipe_target, _recipes),
    *(
        Target(f"codec-{codec.name.lower()}", partial(codec_target, codec), partial(_encoded, codec))
        for codec in Codec
    ),
    Target(
        "codec-unknown", unknown_codec_target, lambda: [bytes([number]) + b"stored" for number in (0, 1, 9)]
    ),
    Target("codec-delta", delta_target, _deltas),
    Target("safetensors", safetensors_target, _safetensors),
]
