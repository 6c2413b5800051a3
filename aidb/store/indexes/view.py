"""Which packs there are, as one open store sees them, and the segments to search.

The view is a picture of the backend at some moment. What others add later is seen after `refresh`, which a reader does
by itself before it calls an object missing. Indexes may vanish while they are listed, because another process merged
them: then the listing is taken again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from aidb.errors import DamagedObjectError, IntegrityError, NotFoundError, StorageError
from aidb.store.backends.base import Backend
from aidb.store.indexes import merging
from aidb.store.indexes.columns import decode_index
from aidb.store.indexes.lookup import Known, locate
from aidb.store.indexes.merged import INDEXES, check_merged, decode_merged, index_key, is_index_key
from aidb.store.indexes.picture import EMPTY, Picture, select
from aidb.store.indexes.segment import Segment
from aidb.store.packs.layout import PACKS, PackId, parse_pack_key
from aidb.store.packs.pack_reader import read_index, rebuild_index
from aidb.store.quarantine import Quarantine
from aidb.store.suspects import Suspect, read_suspects
from aidb.types import ObjectId

EPOCH = "collected"
"""A small value that every garbage collection changes before it takes packs away."""
_ATTEMPTS = 10


class IndexView:
    """The segments of one backend. Safe for threads: readers take the whole picture, writers put a new one."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.RLock()
        self._picture: Picture | None = None
        self._distrusted: set[str] = set()
        self._damaged: dict[PackId, str] = {}
        self._epoch = b""
        self._suspects: frozenset[Suspect] = frozenset()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What to search, largest first."""
        return self._current().segments

    @property
    def packs(self) -> list[PackId]:
        """Every pack that has been seen."""
        return self._current().packs()

    @property
    def damaged(self) -> dict[PackId, str]:
        """Packs whose own index could not be read, and why. What their records still tell is searched."""
        self._current()
        return dict(self._damaged)

    def refresh(self) -> None:
        """Look again what the backend has."""
        with self._lock:
            self._picture = self._look_until_whole()

    def freshen(self) -> None:
        """Look again if packs were taken away since the last look: whoever writes must not rely on those."""
        if self._picture is not None and self._read_epoch() != self._epoch:
            self.refresh()

    def known(self, ids: Sequence[ObjectId]) -> Known:
        """Which chunks need not be stored, and the packs that this relies on. A bad copy does not count."""
        try:
            known = locate(self.segments, ids)
        except DamagedObjectError:
            self.distrust()
            known = locate(self.segments, ids)
        if not self._suspects:
            return known
        bad = {suspect.chunk for suspect in self._suspects}
        flags = [
            there and (id_ not in bad or self._has_other_copy(id_))
            for there, id_ in zip(known.flags, ids, strict=True)
        ]
        return Known(flags, known.packs, known.deltas)

    def _has_other_copy(self, id_: ObjectId) -> bool:
        """Whether a chunk is in a pack where it is not suspect."""
        places = (
            segment.location(row, id_).pack for segment in self.segments for row in segment.rows_of(id_)
        )
        return any(Suspect(pack, id_) not in self._suspects for pack in places)

    def search(self, ids: Sequence[ObjectId]) -> bool:
        """Look again until all of these chunks are found, in quarantine too; False once one is clearly nowhere.

        A pack that is moved between two looks is in neither: only what two looks in a row do not see is missing.
        """
        for look in range(_ATTEMPTS):
            before = set(self.packs)
            self.refresh()
            missing = [
                id_ for id_, there in zip(ids, locate(self.segments, ids).flags, strict=True) if not there
            ]
            if not missing:
                return True
            if not self.rescue(missing) and look and before == set(self.packs):
                return False
        return False

    def rescue(self, ids: Sequence[ObjectId]) -> bool:
        """Bring back from quarantine the packs that hold any of these chunks; whether there was one."""
        quarantine = Quarantine(self._backend)
        restored = [kept for kept in quarantine.holding(ids) if quarantine.bring_back(kept.pack)]
        if restored:
            self.refresh()
        return bool(restored)

    def add(self, pack: PackId, section: bytes) -> None:
        """Take up a pack that was just published by this process."""
        with self._lock:
            if self._picture is not None:
                self._picture = self._picture.with_pack(pack, Segment(decode_index(section), (pack,)))

    def distrust(self, only: Collection[Segment] | None = None) -> bool:
        """Check merged indexes (all by default) against their names and leave out those that fail; whether any did."""
        with self._lock:
            merged = self._current().merged.items()
            wanted = None if only is None else set(map(id, only))
            asked = [key for key, segment in merged if wanted is None or id(segment) in wanted]
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
            key = index_key(name)
            self._backend.put(key, path)
            self._backend.sync()
            merged = decode_merged(self._backend.map(key))
            if not {pack.key for pack in merged.packs}.issubset(self._backend.keys(PACKS)):
                # Garbage collection took one away meanwhile. An index that names it would tell of a loss.
                self._backend.delete(key)
                self.refresh()
                return True
            self._picture = picture.with_merged(key, merged, set(map(id, chosen)))
            self._remove_superseded(picture, self._picture)
        return True

    def _listed(self) -> set[PackId]:
        return {pack for key in self._backend.keys(PACKS) if (pack := parse_pack_key(key))}

    def replace_merged(self, gone: Collection[PackId], scratch: Callable[[], Path]) -> None:
        """Add a merged index of the packs that stay, in place of those that also name packs about to go.

        The old ones are good for as long as all their packs are there; then `forget_missing` removes them.
        """
        with self._lock:
            picture = self._current()
            affected = [
                segment for segment in picture.merged.values() if not set(segment.packs).isdisjoint(gone)
            ]
            if not affected:
                return
            alone = [segment for pack, segment in picture.single.items() if pack not in self._damaged]
            name, path = merging.write_merged([*affected, *alone], scratch(), without=gone)
            self._backend.put(index_key(name), path)
            self._backend.sync()

    def forget_missing(self) -> None:
        """Remove merged indexes that name a pack which is gone, once it is known that nothing is missed."""
        with self._lock:
            self.refresh()
            for key in self._current().unusable:
                self._backend.delete(key)

    def _remove_superseded(self, old: Picture, new: Picture) -> None:
        unsound = {key for key in old.unusable if not self._is_sound(key)}
        gone = (old.merged.keys() - new.merged.keys()) | old.redundant | self._distrusted | unsound
        for key in gone - new.merged.keys():
            self._backend.delete(key)

    def _current(self) -> Picture:
        if self._picture is None:
            with self._lock:
                if self._picture is None:
                    self._picture = self._look_until_whole()
        return self._picture

    def _look_until_whole(self) -> Picture:
        for _ in range(_ATTEMPTS):
            picture = self._look()
            if picture is not None:
                return picture
        raise StorageError(
            "the store's indexes keep changing while they are read",
            hints=("Run the same command again when fewer others are writing.",),
        )

    def _read_epoch(self) -> bytes:
        try:
            return self._backend.get(EPOCH, 0, 64)
        except NotFoundError:
            return b""

    def _look(self) -> Picture | None:
        """One attempt at a picture; None if a merged index vanished meanwhile.

        The epoch is read first, so that a picture never passes for newer than it is. Indexes are listed before packs,
        so that every pack of an index that was listed is listed too.
        """
        known = self._picture or EMPTY
        self._epoch = self._read_epoch()
        self._suspects = read_suspects(self._backend)
        index_keys = [key for key in self._backend.keys(INDEXES) if is_index_key(key)]
        packs = self._listed()
        self._damaged = {pack: why for pack, why in self._damaged.items() if pack in packs}
        try:
            loaded = {key: segment for key in index_keys if (segment := self._merged(key, known)) is not None}
        except NotFoundError:
            return None
        chosen = select(loaded, packs)
        alone = packs.difference(*(segment.packs for segment in chosen.merged.values()))
        single = {pack: segment for pack in alone if (segment := self._single(pack, known)) is not None}
        return Picture(single, chosen.merged, chosen.redundant, chosen.unusable)

    def _merged(self, key: str, known: Picture) -> Segment | None:
        if key in self._distrusted:
            return None
        if key in known.merged:
            return known.merged[key]
        try:
            return decode_merged(self._backend.map(key))
        except (DamagedObjectError, StorageError):
            self._distrusted.add(key)
            return None

    def _single(self, pack: PackId, known: Picture) -> Segment | None:
        if pack in known.single and pack not in self._damaged:
            return known.single[pack]
        self._damaged.pop(pack, None)
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
            check_merged(self._backend, key)
        except (NotFoundError, DamagedObjectError, StorageError):
            return False
        return True
