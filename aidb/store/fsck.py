"""Checking packs: every chunk re-hashed, every header and index compared, and what is missing named.

`check_store` knows chunks, not files: which paths and commits a damaged chunk belongs to is for the layers above. All
it writes is a note of the bad copies (`suspects`). A pack whose index is gone is walked record by record; if that gives
back the index its name vouches for, nothing is lost.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aidb.errors import DamagedObjectError, IntegrityError, NotFoundError, StorageError
from aidb.progress import Progress
from aidb.store.backends.base import Backend
from aidb.store.chunk_reader import ChunkReader
from aidb.store.copies import LostBaseError, chunk_of
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.merged import INDEXES, check_merged, decode_merged, is_index_key
from aidb.store.indexes.segment import Location, Segment
from aidb.store.indexes.view import IndexView
from aidb.store.overlap import ordered_map
from aidb.store.packs.layout import HEADER, RECORD, PackId, Record, check_header, parse_record
from aidb.store.packs.pack_reader import read_index, rebuild_index
from aidb.store.quarantine import Quarantine
from aidb.store.suspects import Suspect, write_suspects
from aidb.types import ObjectId

_SPAN = 4 << 20


class Damage(NamedTuple):
    """Something wrong with one file of the store, named by its key.

    With `chunk`, that chunk is lost: it cannot be read from this file and no other copy is good. Without, the damage
    can be read around.
    """

    file: str
    problem: str
    chunk: ObjectId | None = None


class _Checked(NamedTuple):
    """The outcome for one pack: what is wrong in general, and the chunks that cannot be read from it."""

    problems: list[str]
    bad: list[ObjectId]


def check_store(backend: Backend, view: IndexView, progress: Progress) -> Iterator[Damage]:
    """Everything that is wrong, pack by pack. Finding nothing means that every chunk matches its id."""
    view.refresh()
    chunks = ChunkReader(backend, view)
    indexes: dict[str, Segment] = {}
    suspects: list[Suspect] = []
    yield from _check_indexes(backend, indexes)
    packs = view.packs
    task = progress.task("Checking packs", len(packs), "packs")
    try:
        for pack, checked in zip(
            packs, ordered_map(lambda pack: _check_pack(backend, chunks, pack, indexes), packs), strict=True
        ):
            suspects += [Suspect(pack, id_) for id_ in checked.bad]
            yield from _report(chunks, pack, checked)
            task.advance()
    finally:
        task.close()
    set_aside = {kept.pack for kept in Quarantine(backend).packs()}
    yield from _check_missing_packs(chunks, set(packs), set_aside, indexes)
    _note_suspects(backend, view, suspects)


def _note_suspects(backend: Backend, view: IndexView, suspects: list[Suspect]) -> None:
    """Remember the bad copies, so that a writer who is given such a chunk stores it again."""
    with contextlib.suppress(StorageError):  # a copy that cannot be written to can be checked, too
        write_suspects(backend, suspects)
        view.refresh()


def _report(chunks: ChunkReader, pack: PackId, checked: _Checked) -> Iterator[Damage]:
    for problem in checked.problems:
        yield Damage(pack.key, problem)
    for id_ in checked.bad:
        try:
            chunks.read(id_)  # from quarantine if need be
        except LostBaseError as error:
            yield Damage(pack.key, error.message, id_)
        except (IntegrityError, StorageError):
            yield Damage(pack.key, f"chunk {id_.hex()} cannot be read from it", id_)
        else:
            yield Damage(pack.key, f"its copy of chunk {id_.hex()} is damaged; another pack has a good one")


def _check_pack(backend: Backend, chunks: ChunkReader, pack: PackId, indexes: dict[str, Segment]) -> _Checked:
    problems: list[str] = []
    try:
        if check_header(backend.read_range(pack.key, 0, HEADER.size)) is not pack.kind:
            problems.append("its header says that it is of another kind")
    except (IntegrityError, StorageError) as error:
        problems.append(error.message)
    except NotFoundError:
        return _Checked(["it is missing"], _expected(pack, indexes))
    try:
        records = list(decode_index(read_index(backend, pack)).records())
    except (IntegrityError, StorageError, NotFoundError) as error:
        return _check_without_index(backend, chunks, pack, [*problems, error.message], indexes)
    return _Checked(problems, _bad_chunks(backend, chunks, pack, records))


def _check_without_index(
    backend: Backend,
    chunks: ChunkReader,
    pack: PackId,
    problems: list[str],
    indexes: dict[str, Segment],
) -> _Checked:
    """The index cannot be used: ask the records, and what merged indexes remember of this pack."""
    try:
        section, complete = rebuild_index(backend, pack)
    except (StorageError, NotFoundError):
        return _Checked(problems, _expected(pack, indexes))
    records = list(decode_index(section).records())
    bad = _bad_chunks(backend, chunks, pack, records)
    if complete:
        return _Checked([*problems, "its chunks are all there, the index can be rebuilt from them"], bad)
    found = {record.id for record in records}
    missing = [id_ for id_ in _expected(pack, indexes) if id_ not in found]
    return _Checked([*problems, f"{len(records)} chunks were found in it without its index"], bad + missing)


def _bad_chunks(
    backend: Backend, chunks: ChunkReader, pack: PackId, records: Sequence[Record]
) -> list[ObjectId]:
    bad: list[ObjectId] = []
    for group in _groups(sorted(records, key=lambda record: record.offset)):
        start = group[0].offset
        try:
            data = memoryview(backend.read_range(pack.key, start, group[-1].end - start))
        except (StorageError, NotFoundError):
            data = memoryview(b"")
        bad += [
            record.id
            for record in group
            if not _is_good(chunks, Location(pack, record), data[record.offset - start : record.end - start])
        ]
    return bad


def _groups(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Records that follow each other, a few MiB at a time."""
    group: list[Record] = []
    for record in records:
        if group and (record.offset != group[-1].end or record.end - group[0].offset > _SPAN):
            yield group
            group = []
        group.append(record)
    if group:
        yield group


def _is_good(chunks: ChunkReader, location: Location, data: memoryview) -> bool:
    """The record header is as the index says, and the bytes, with those of its base if it has one, hash to the id."""
    expected = location.record
    try:
        if parse_record(data[: RECORD.size], expected.offset) != expected:
            return False
        chunk_of(location, data[RECORD.size :], chunks.read_base)
    except DamagedObjectError:
        return False
    return True


def _check_indexes(backend: Backend, sound: dict[str, Segment]) -> Iterator[Damage]:
    """Check every merged index against its name; the good ones are put into `sound`."""
    for key in backend.keys(INDEXES):
        if not is_index_key(key):
            continue
        try:
            data = backend.map(key)
            check_merged(key, data)
            sound[key] = decode_merged(data)
        except NotFoundError:
            continue
        except (DamagedObjectError, StorageError) as error:
            yield Damage(key, f"{error.message}; it may be deleted, for the packs have their own indexes")


def _check_missing_packs(
    chunks: ChunkReader, packs: set[PackId], set_aside: set[PackId], indexes: dict[str, Segment]
) -> Iterator[Damage]:
    """Packs that a merged index remembers and that are gone, not only set aside."""
    remembered = {pack for segment in indexes.values() for pack in segment.packs}
    for pack in sorted(remembered - packs - set_aside):
        yield from _report(chunks, pack, _Checked(["it is missing"], _expected(pack, indexes)))


def _expected(pack: PackId, indexes: dict[str, Segment]) -> list[ObjectId]:
    """The chunks that merged indexes remember in a pack."""
    found: dict[ObjectId, None] = {}
    for segment in indexes.values():
        if pack in segment.packs:
            found.update(dict.fromkeys(segment.ids_in(pack)))
    return list(found)
