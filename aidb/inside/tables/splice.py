"""Editing a text file record by record without touching the bytes of the others.

A *record* ends with a line end that is not inside quotes; empty lines are none. The file is gone through in windows, so
memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from aidb.errors import UnreadableContentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

_WINDOW = 4 << 20
_LONGEST = 64 << 20
"""A record of more bytes is refused."""
_NEWLINE, _RETURN = 10, 13

Compose = Callable[[bytes | None], bytes]
"""Makes the new bytes of a record out of its present ones (None: there is none yet), without the line end."""


class Change(NamedTuple):
    """What becomes of a record, counted from 0 after the header: new bytes or nothing. No `row`: a new record."""

    row: int | None
    compose: Compose | None


@dataclass(frozen=True, slots=True)
class Records:
    """How a file is cut into records: how many there must be after the header; `quote` is empty without quotes."""

    rows: int
    quote: bytes
    header: bool


def splice(source: BinaryIO, target: BinaryIO, changes: Iterator[Change], records: Records) -> None:
    """Copy `source` to `target` with the changes, which come in the order of the rows, new ones last.

    Raises UnreadableContentError if the records are not as many as there should be: then they were counted differently
    elsewhere, and nothing is certain.
    """
    out = _Out(target)
    change = next(changes, None)
    row = -1 if records.header else 0
    line_end = b"\n"
    for data, starts, ends in _windows(source, records.quote):
        done = 0
        while change is not None and change.row is not None and change.row < row + len(starts):
            start, end = int(starts[change.row - row]), int(ends[change.row - row])
            out.write(data[done:start])
            if change.compose is not None:
                content = data[start:end].rstrip(b"\r\n")
                out.write(change.compose(content) + data[start + len(content) : end])
            done = end
            change = next(changes, None)
        out.write(data[done:])
        row += len(starts)
        if data.endswith(b"\r\n"):
            line_end = b"\r\n"
    if row != records.rows or (change is not None and change.row is not None):
        raise UnreadableContentError(f"its lines make {row:,} rows, not {records.rows:,}")
    _append(out, change, changes, line_end)


def _append(out: _Out, change: Change | None, changes: Iterator[Change], line_end: bytes) -> None:
    """New records at the end. A last line that had no end stays without one."""
    ended = out.last in (b"", b"\n")
    while change is not None:
        assert change.compose is not None
        out.write((b"" if ended else line_end) + change.compose(None) + (line_end if ended else b""))
        change = next(changes, None)


class _Out:
    """Remembers the last byte that was written."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self.last = b""

    def write(self, data: bytes) -> None:
        if data:
            self._target.write(data)
            self.last = data[-1:]


def _windows(source: BinaryIO, quote: bytes) -> Iterator[tuple[bytes, Places, Places]]:
    """Whole records, with where each begins and ends."""
    carried = b""
    while True:
        piece = source.read(_WINDOW)
        data = carried + piece
        ends = _record_ends(data, quote)
        if not piece and data and (not len(ends) or ends[-1] != len(data)):
            ends = np.append(ends, len(data))
        cut = int(ends[-1]) if len(ends) else 0
        carried = data[cut:]
        if len(carried) > _LONGEST:
            raise UnreadableContentError(f"one of its rows has more than {_LONGEST >> 20} MiB")
        if cut:
            yield data[:cut], *_filled(data, ends)
        if not piece:
            return


def _record_ends(data: bytes, quote: bytes) -> Places:
    """Just after each line end with an even number of quotes before it."""
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw == _NEWLINE)
    if quote and quote in data:
        quotes = np.flatnonzero(raw == quote[0])
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return ends + 1


def _filled(data: bytes, ends: Places) -> tuple[Places, Places]:
    """Where the records that are not empty lines begin and end."""
    starts = np.concatenate([np.zeros(1, ends.dtype), ends[:-1]])
    first = np.frombuffer(data, np.uint8)[starts]
    filled = (first != _NEWLINE) & (first != _RETURN)
    return starts[filled], ends[filled]
