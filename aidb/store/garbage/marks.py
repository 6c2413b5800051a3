"""What is needed, as one byte for each row of the indexes: ten million chunks take ten megabytes.

A chunk that is stored twice is marked once, at the row where a lookup finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntFlag
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import MissingObjectError
from aidb.store.indexes.lookup import Question, pack_numbers
from aidb.store.indexes.segment import Location, Segment, no_such_pack
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import INDEX_WIDTH, RECORD, PackId
from aidb.types import ObjectId

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from aidb.store.indexes.lookup import Longs, Table

    Bools = npt.NDArray[np.bool_]

_BLOCK = 1 << 18
"""Rows that are looked at together."""
COST = RECORD.size + INDEX_WIDTH
"""Bytes that a chunk takes in a pack besides its own."""


class Mark(IntFlag):
    """Why a row is marked: chunks that list others are followed once in each of these roles."""

    NEEDED = 1
    NODE = 2
    RECIPE = 4
    COPIED = 8


_NEEDED = int(Mark.NEEDED)
"""NumPy would take the enumeration itself for a wider number."""


class Amount(NamedTuple):
    """Some chunks, and the bytes they take in packs."""

    chunks: int
    bytes: int


class Division(NamedTuple):
    """What of a pack is needed, and what is not (or is, but is counted where another pack has it)."""

    needed: Amount
    garbage: Amount


class Hits(NamedTuple):
    """Of some ids, those that one segment has: its number, their places in the question, and their rows."""

    segment: int
    asked: Longs
    rows: Longs


class Marks:
    """Everything in a view's packs, unmarked at first. Not safe for threads."""

    def __init__(self, view: IndexView, *, tolerant: bool = False) -> None:
        """`tolerant`: needed chunks that are nowhere go into `lost` and stop nothing; repairing begins so."""
        self._view = view
        self._tolerant = tolerant
        self.lost: dict[ObjectId, Mark] = {}
        """In what role they are needed."""
        self.segments: list[Segment] = []
        self._flags: list[npt.NDArray[np.uint8]] = []
        self._numbers: list[dict[PackId, int]] = []
        self.chunks = 0
        """How many are needed,"""
        self.bytes = 0
        """and what they take in packs."""
        for segment in view.segments:
            self._append(segment)

    def add(self, ids: Table, what: Mark) -> Table:
        """Mark chunks as needed, and as followed in the role `what`; those that were not marked so before, once each.

        Raises MissingObjectError for a chunk that is nowhere, not in quarantine either.
        """
        import numpy as np

        bits = int(what) | _NEEDED
        fresh = []
        for number, asked, rows in self._found(ids, what):
            flags = self._flags[number]
            self._count(number, np.unique(rows[(flags[rows] & _NEEDED) == 0]))
            new = np.flatnonzero((flags[rows] & bits) != bits)
            _, first = np.unique(rows[new], return_index=True)
            flags[rows] |= bits
            fresh.append(ids[asked[new[first]]])
        return np.concatenate(fresh) if fresh else ids[:0]

    def are(self, ids: Table, what: Mark) -> Bools:
        """Which of the ids are marked so; a chunk that was added after the marks were begun is not."""
        import numpy as np

        answer = np.zeros(len(ids), np.bool_)
        for number, asked, rows in self._known(ids):
            answer[asked] = (self._flags[number][rows] & int(what)) != 0
        return answer

    def have_copies(self, ids: Table) -> Bools:
        """Which of the ids more than one row is about."""
        import numpy as np

        hits = np.zeros(len(ids), np.int64)
        for segment in self.segments:
            question = Question(ids)
            asked = np.flatnonzero(question.segment_of([segment]) == 0)
            rows = question.rows[asked]
            prefixes = np.frombuffer(segment.columns.prefixes, np.uint64)
            following = np.minimum(rows + 1, len(prefixes) - 1)
            hits[asked] += 1 + ((following > rows) & (prefixes[following] == prefixes[rows]))
        return hits > 1

    def places(self, id_: ObjectId) -> Iterator[Location]:
        """Where every copy of a chunk is."""
        for segment in self.segments:
            yield from (segment.location(row, id_) for row in segment.rows_of(id_))

    def by_pack(self) -> dict[PackId, Division]:
        """For every pack, how much of it is needed."""
        found: dict[PackId, Division] = {}
        for number in range(len(self.segments)):
            new = [pack not in found for pack in self.segments[number].packs]
            if any(new):
                self._divide(number, new, found)
        return found

    def _divide(self, number: int, new: list[bool], found: dict[PackId, Division]) -> None:
        """Add the packs of a segment that no earlier segment has; other rows of it repeat what was counted."""
        import numpy as np

        packs = self.segments[number].packs
        sums = np.zeros((2, 2, len(packs)), np.int64)
        for rows in self._blocks(number):
            needed = (self._flags[number][rows] & _NEEDED) != 0
            garbage = np.flatnonzero(~needed)
            garbage = garbage[~self._repeats(number, rows[garbage])]
            for part, chosen in enumerate((rows[needed], rows[garbage])):
                sums[part] += self._sums(number, chosen)
        for place, pack in enumerate(packs):
            if new[place]:
                (n, m), (b, c) = sums[:, 0, place].tolist(), sums[:, 1, place].tolist()
                found[pack] = Division(Amount(n, b), Amount(m, c))

    def _blocks(self, number: int) -> Iterator[Longs]:
        """The rows of a segment, in bounded blocks."""
        import numpy as np

        count = self.segments[number].columns.rows
        for start in range(0, count, _BLOCK):
            yield np.arange(start, min(start + _BLOCK, count))

    def _repeats(self, number: int, rows: Longs) -> Bools:
        """Which unmarked rows say again what a marked row says, as indexes merged by two writers at once do."""
        import numpy as np

        answer = np.zeros(len(rows), np.bool_)
        packs, offsets = self._where(number, rows)
        for other, asked, found in self._known(self._ids(number, rows)):
            theirs, starts = self._where(other, found)
            same_pack = self._translate(number, other)[packs[asked]] == theirs
            marked = (self._flags[other][found] & _NEEDED) != 0
            answer[asked] = marked & same_pack & (offsets[asked] == starts)
        return answer

    def _translate(self, number: int, other: int) -> Longs:
        """For each pack of one segment, its number in another, -1 if it is not there."""
        import numpy as np

        theirs = self._numbers[other]
        return np.array([theirs.get(pack, -1) for pack in self.segments[number].packs], np.int64)

    def _where(self, number: int, rows: Longs) -> tuple[Longs, Longs]:
        """Pack numbers and offsets of some rows."""
        import numpy as np

        segment = self.segments[number]
        offsets = np.frombuffer(segment.columns.offsets, np.uint32)[rows]
        return pack_numbers(segment)[rows].astype(np.int64), offsets.astype(np.int64)

    def _ids(self, number: int, rows: Longs) -> Table:
        import numpy as np

        columns = self.segments[number].columns
        heads = np.frombuffer(columns.prefixes, np.uint64)[rows].astype(">u8").view(np.uint8).reshape(-1, 8)
        tails = np.frombuffer(columns.tails, np.uint8).reshape(-1, 24)[rows]
        return np.concatenate((heads, tails), axis=1)

    def _sums(self, number: int, rows: Longs) -> Longs:
        """Chunks and bytes of some rows, by pack."""
        import numpy as np

        packs = pack_numbers(self.segments[number])[rows]
        count = len(self.segments[number].packs)
        chunks = np.bincount(packs, minlength=count)
        return np.stack((chunks, np.bincount(packs, self._costs(number, rows), count).astype(np.int64)))

    def _costs(self, number: int, rows: Longs) -> Longs:
        import numpy as np

        stored = np.frombuffer(self.segments[number].columns.stored, np.uint32)
        return stored[rows].astype(np.int64) + COST

    def _count(self, number: int, rows: Longs) -> None:
        self.chunks += len(rows)
        self.bytes += int(self._costs(number, rows).sum())

    def _found(self, ids: Table, what: Mark) -> Iterator[Hits]:
        """Like `_known`, after bringing back what is missing. Raises MissingObjectError if something stays so."""
        question = Question(ids)
        where = question.segment_of(self.segments)
        if (where < 0).any():
            missing = [ObjectId(id_.tobytes()) for id_ in ids[where < 0]]
            self._bring_back([id_ for id_ in missing if id_ not in self.lost], what)
            where = question.segment_of(self.segments)
        return _by_segment(where, question.rows)

    def _known(self, ids: Table) -> Iterator[Hits]:
        """Where the ids are; nothing is said of those that are nowhere."""
        question = Question(ids)
        return _by_segment(question.segment_of(self.segments), question.rows)

    def _bring_back(self, missing: list[ObjectId], what: Mark) -> None:
        """Look again: they may have been stored or, by garbage collection, set aside since the view was made."""
        if not missing:
            return
        self._view.search(missing)
        seen = {pack for numbers in self._numbers for pack in numbers}
        for segment in self._view.segments:
            if not seen.issuperset(segment.packs):
                self._append(segment)
        for id_ in missing:
            if any(segment.find(id_) >= 0 for segment in self.segments):
                continue
            if self._tolerant:
                self.lost[id_] = what
            else:
                raise MissingObjectError(f"chunk {id_.hex()} is in no pack")

    def _append(self, segment: Segment) -> None:
        import numpy as np

        if segment.columns.rows and int(pack_numbers(segment).max()) >= len(segment.packs):
            raise no_such_pack()
        self.segments.append(segment)
        self._flags.append(np.zeros(segment.columns.rows, np.uint8))
        self._numbers.append({pack: place for place, pack in enumerate(segment.packs)})


def _by_segment(where: Longs, rows: Longs) -> Iterator[Hits]:
    import numpy as np

    for number in np.unique(where[where >= 0]).tolist():
        asked = np.flatnonzero(where == number)
        yield Hits(number, asked, rows[asked])
