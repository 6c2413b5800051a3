"""Which packs there are, as one open store sees them, and the segments to search.

The view is a picture of the backend at some moment. What others add later is seen after `refresh`, which a reader does
by itself before it calls an object missing. Indexes may vanish while they are listed, because another process merged
them: then the listing is taken again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from aidb.errors import DamagedObjectError, IntegrityError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.indexes import merging
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.merged import INDEXES, check_merged, decode_merged, index_key, is_index_key
from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import PACKS, PackId, parse_pack_key
from aidb.store.packs.pack_reader import read_index, rebuild_index

_ATTEMPTS = 10


class _Picture(NamedTuple):
    """An immutable state of the view: readers take it whole, writers replace it."""

    single: dict[PackId, Segment]
    merged: dict[str, Segment]
    redundant: tuple[str, ...]
    segments: tuple[Segment, ...]


_EMPTY = _Picture({}, {}, (), ())


class IndexView:
    """The segments of one backend. Safe for threads."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.RLock()
        self._picture: _Picture | None = None
        self._distrusted: set[str] = set()
        self._damaged: dict[PackId, str] = {}

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What to search, largest first."""
        return self._current().segments

    @property
    def packs(self) -> list[PackId]:
        """Every pack that has been seen."""
        picture = self._current()
        packs = dict.fromkeys(pack for segment in picture.merged.values() for pack in segment.packs)
        return list(dict.fromkeys([*packs, *picture.single]))

    @property
    def damaged(self) -> dict[PackId, str]:
        """Packs whose own index could not be read, and why. What their records still tell is searched."""
        self._current()
        return dict(self._damaged)

    def _current(self) -> _Picture:
        return self._picture or self.refresh()

    def refresh(self) -> _Picture:
        """Look again what the backend has."""
        with self._lock:
            for _ in range(_ATTEMPTS):
                picture = self._look()
                if picture is not None:
                    self._picture = picture
                    return picture
        raise StorageError(
            "the store's indexes keep changing while they are read",
            hints=("Run the same command again when fewer others are writing.",),
        )

    def add(self, pack: PackId, section: bytes) -> None:
        """Take up a pack that was just published by this process."""
        with self._lock:
            picture = self._picture
            if picture is None:
                return
            single = {**picture.single, pack: Segment(decode_index(section), (pack,))}
            self._picture = _picture(single, picture.merged, picture.redundant)

    def distrust(self, only: Collection[Segment] | None = None) -> bool:
        """Check merged indexes (all by default) against their names and leave out those that fail; whether any did."""
        with self._lock:
            merged = self._current().merged.items()
            asked = [key for key, segment in merged if only is None or any(segment is each for each in only)]
            bad = [key for key in asked if not self._is_sound(key)]
            self._distrusted.update(bad)
            if bad:
                self.refresh()
        return bool(bad)

    def merge(self, scratch: Callable[[], Path]) -> bool:
        """Merge indexes if it is due; whether it was."""
        with self._lock:
            picture = self._current()
            sound = [segment for pack, segment in picture.single.items() if pack not in self._damaged]
            chosen = merging.choose(sound, list(picture.merged.values()))
            if not chosen:
                return False
            if self.distrust(chosen):
                # What a damaged index says must not get a new, sound name.
                return self.merge(scratch)
            name, path = merging.write_merged(chosen, scratch())
            self._backend.put(index_key(name), path)
            self._backend.sync()
            self._remove_superseded(picture, chosen, index_key(name))
            self.refresh()
        return True

    def _remove_superseded(self, picture: _Picture, chosen: list[Segment], new: str) -> None:
        old = [key for key, segment in picture.merged.items() if any(segment is each for each in chosen)]
        for key in {*old, *picture.redundant, *self._distrusted} - {new}:
            self._backend.delete(key)

    def _look(self) -> _Picture | None:
        """One attempt at a picture; None if a merged index vanished meanwhile.

        Indexes are listed before packs, so that every pack of an index that was listed is listed too.
        """
        known = self._picture or _EMPTY
        index_keys = [key for key in self._backend.keys(INDEXES) if is_index_key(key)]
        packs = {pack for key in self._backend.keys(PACKS) if (pack := parse_pack_key(key))}
        try:
            loaded = {key: segment for key in index_keys if (segment := self._merged(key, known)) is not None}
        except NotFoundError:
            return None
        merged, redundant = _select(loaded, packs)
        covered = {pack for segment in merged.values() for pack in segment.packs}
        single = {
            pack: segment for pack in packs - covered if (segment := self._single(pack, known)) is not None
        }
        return _picture(single, merged, redundant)

    def _merged(self, key: str, known: _Picture) -> Segment | None:
        if key in known.merged:
            return known.merged[key]
        if key in self._distrusted:
            return None
        try:
            return decode_merged(self._backend.map(key))
        except (DamagedObjectError, StorageError):
            self._distrusted.add(key)
            return None

    def _single(self, pack: PackId, known: _Picture) -> Segment | None:
        if pack in known.single:
            return known.single[pack]
        try:
            return Segment(decode_index(read_index(self._backend, pack)), (pack,))
        except NotFoundError:
            return None
        except IntegrityError as error:
            self._damaged[pack] = error.message
            return Segment(decode_index(rebuild_index(self._backend, pack)[0]), (pack,))
        except StorageError as error:
            self._damaged[pack] = error.message
            return None

    def _is_sound(self, key: str) -> bool:
        try:
            check_merged(key, self._backend.map(key))
        except (NotFoundError, DamagedObjectError, StorageError):
            return False
        return True


def _select(loaded: dict[str, Segment], packs: set[PackId]) -> tuple[dict[str, Segment], tuple[str, ...]]:
    """The merged indexes to use, largest first: one that names a pack that is gone is of no use, one whose packs
    are all in larger ones is redundant."""
    merged: dict[str, Segment] = {}
    redundant = []
    covered: set[PackId] = set()
    for key, segment in sorted(loaded.items(), key=lambda item: (-item[1].columns.rows, item[0])):
        mine = set(segment.packs)
        if mine <= packs and not mine <= covered:
            merged[key] = segment
            covered |= mine
        else:
            redundant.append(key)
    return merged, tuple(redundant)


def _picture(
    single: dict[PackId, Segment], merged: dict[str, Segment], redundant: tuple[str, ...]
) -> _Picture:
    segments = [*merged.values(), *single.values()]
    segments.sort(key=lambda segment: -segment.columns.rows)
    return _Picture(single, merged, redundant, tuple(segment for segment in segments if segment.columns.rows))
