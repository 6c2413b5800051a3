"""Copies of chunks that a check found bad: nothing may rely on them until they are repaired.

One small file, `suspects`, a line for each: the pack and the chunk. A check writes it anew; a writer that is given such
a chunk stores it again unless another pack has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aidb.errors import NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.packs.layout import PackId, parse_pack_key
from aidb.types import ID_SIZE, ObjectId

KEY = "suspects"
_MOST_BYTES = 64 << 20


class Suspect(NamedTuple):
    """A chunk whose copy in this pack is bad."""

    pack: PackId
    chunk: ObjectId


def read_suspects(backend: Backend) -> frozenset[Suspect]:
    """What the last check found. A file that cannot be read says nothing: it is advice."""
    try:
        lines = backend.get(KEY, 0, _MOST_BYTES).decode("ascii", "replace").splitlines()
    except (NotFoundError, StorageError):
        return frozenset()
    return frozenset(suspect for line in lines if (suspect := _parse(line)) is not None)


def write_suspects(backend: Backend, suspects: Iterable[Suspect]) -> None:
    """Replace what is known to be bad. Raises StorageError."""
    text = "".join(f"{pack} {chunk.hex()}\n" for pack, chunk in sorted(suspects)).encode()
    try:
        before = backend.get(KEY)
    except NotFoundError:
        before = None
    if (before or b"") != text:
        backend.compare_and_swap(KEY, before, text or None)


def _parse(line: str) -> Suspect | None:
    name, _, chunk = line.partition(" ")
    pack = parse_pack_key(name)
    try:
        id_ = bytes.fromhex(chunk)
    except ValueError:
        return None
    return Suspect(pack, ObjectId(id_)) if pack is not None and len(id_) == ID_SIZE else None
