"""Who alone needs a chunk: marks with one number for each owner, for "what would deleting this branch free?".

A row has no owner, one, or is shared. What turns shared is followed once more, so that all below it does, too; so every
row is looked at twice at most, however many owners there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.store.garbage.marks import Amount, Mark, Marks
from aidb.store.indexes.segment import Segment
from aidb.store.indexes.view import IndexView

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from aidb.store.indexes.lookup import Longs, Table

MOST = 65_534
"""So many owners can be told apart."""
_SHARED = MOST + 1


class Owners(Marks):
    """Marks for the owner `owner`, from 1 to MOST, which is set before each one's roots are followed."""

    def __init__(self, view: IndexView) -> None:
        self.owner = 0
        self._owners: list[npt.NDArray[np.uint16]] = []
        self._followed: list[npt.NDArray[np.uint8]] = []
        super().__init__(view)

    def exclusive(self) -> dict[int, Amount]:
        """What each owner alone needs."""
        import numpy as np

        chunks = np.zeros(_SHARED + 1, np.int64)
        size = np.zeros(_SHARED + 1, np.int64)
        for number, owners in enumerate(self._owners):
            for rows in self._blocks(number):
                mine = owners[rows]
                chunks += np.bincount(mine, minlength=_SHARED + 1)
                size += np.bincount(mine, self._costs(number, rows), _SHARED + 1).astype(np.int64)
        found = np.flatnonzero(chunks[1:_SHARED]) + 1
        return {int(owner): Amount(int(chunks[owner]), int(size[owner])) for owner in found}

    def add(self, ids: Table, what: Mark) -> Table:
        """Mark for the present owner; what has to be followed: for the first time, or as it has become shared."""
        import numpy as np

        fresh = []
        for number, asked, rows in self._found(ids, what):
            owners = self._owners[number]
            held = owners[rows]
            owners[rows] = np.where((held == 0) | (held == self.owner), self.owner, _SHARED)
            shared = owners[rows] == _SHARED
            for flags, chosen in ((self._flags[number], ~shared), (self._followed[number], shared)):
                fresh.append(ids[asked[chosen][self._unfollowed(flags, rows[chosen], what)]])
        return np.concatenate(fresh) if fresh else ids[:0]

    def _unfollowed(self, flags: npt.NDArray[np.uint8], rows: Longs, what: Mark) -> Longs:
        """Places of the rows not followed in this role so far, once each; they count as followed now."""
        import numpy as np

        bits = int(what | Mark.NEEDED)
        new = np.flatnonzero((flags[rows] & bits) != bits)
        _, first = np.unique(rows[new], return_index=True)
        flags[rows] |= bits
        return new[first]

    def _append(self, segment: Segment) -> None:
        import numpy as np

        super()._append(segment)
        self._owners.append(np.zeros(segment.columns.rows, np.uint16))
        self._followed.append(np.zeros(segment.columns.rows, np.uint8))
