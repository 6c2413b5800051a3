"""Gives back what a journal holds: events one by one, points as columns.

    reader = JournalReader(path)
    for item in reader:
        ...                       # a Writer, an event or Points
    reader.torn                   # why it ended before the end of the file, or None
    saved = reader.position       # where to go on when the file has grown

Nothing is given that does not pass its checksum. Between two events, the points of one key set come together; `at`
tells their order among those of other key sets. Memory is bounded by `PIECE`, whatever the size of the file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from zlib import crc32

import msgspec
import numpy as np

from aidb.files import storage_errors
from aidb.tracking.journal.events import AnyEvent, Writer, decode_event
from aidb.tracking.journal.frames import (
    CHECKSUM,
    EVENT,
    FLOAT,
    HEAD,
    KEY_SET,
    MAGIC,
    MOST_PAYLOAD,
    POINT,
    POINTS,
    WRITER,
    Frame,
    KeySet,
    Torn,
    check_header,
    frame_at,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIECE = 8 << 20
"""Bytes of a file that are looked at together."""

_RUN = 16
"""Frames of one key set that have to be seen ahead before they are looked at as one array."""
_MOST_WINDOW = 1 << 14
"""Frames that are looked at as one array at most."""
_COMMON = POINTS.size - 16
"""Where the bytes end that all frames of a key set have in common behind the checksum: length, kind, id."""


class Position(msgspec.Struct, frozen=True):
    """Where a reader goes on: behind a frame, knowing the key sets described before. Can be kept as MessagePack."""

    offset: int = 0
    sets: tuple[KeySet, ...] = ()


class Points(NamedTuple):
    """Rows of one key set, in the order in which they were logged."""

    keys: tuple[str, ...]
    types: str
    """A letter for each key: `d` float64, `q` int64."""
    at: NDArray[np.int64]
    """Where in the file each row's frame begins."""
    steps: NDArray[np.int64]
    times: NDArray[np.float64]
    raw: NDArray[np.int64]
    """The 64 bits of each value: a row for each frame, a column for each key."""

    def column(self, index: int) -> NDArray[np.float64] | NDArray[np.int64]:
        """The values of one key, in their own type."""
        column = self.raw[:, index]
        return column.view(np.float64) if self.types[index] == FLOAT else column

    def floats(self) -> NDArray[np.float64]:
        """All values as float64: a row for each frame, a column for each key."""
        if self.types == FLOAT * len(self.types):
            return self.raw.view(np.float64)
        found = np.empty(self.raw.shape)
        for index in range(len(self.keys)):
            found[:, index] = self.column(index)
        return found


Item = Writer | AnyEvent | Points


class JournalReader:
    """Reads one file from a position to its last whole frame, which may be in the middle of being followed by more."""

    def __init__(self, path: Path, position: Position | None = None, *, most: int | None = None) -> None:
        """`most` bytes are read at least, and no more than a piece beyond, if there are so many; None: all."""
        self._path = path
        self._most = most
        position = position or Position()
        self._offset = position.offset
        self._sets = {known.id: known for known in position.sets}
        self._sizes = {known.id: known.size for known in position.sets}
        self.torn: Torn | None = None
        """Where the file stops making sense, and why; None if that is its end. May be the future of a live file."""

    @property
    def position(self) -> Position:
        """Behind what was given. Take it when the iteration has ended: points of several key sets come out of one
        stretch of the file."""
        return Position(self._offset, tuple(self._sets.values()))

    def __iter__(self) -> Iterator[Item]:
        """What follows. Raises DamagedObjectError or UnsupportedFormatError if it is no journal, StorageError."""
        self.torn = None
        with storage_errors("reading a run's journal"), self._path.open("rb") as file:
            if not self._offset and not self._read_header(file):
                return
            size, stop = PIECE, None if self._most is None else self._offset + self._most
            while self.torn is None:
                if stop is not None and self._offset >= stop:
                    return
                file.seek(self._offset)
                data = file.read(size)
                if not data:
                    return
                begin = self._offset
                yield from self._piece(memoryview(data), last=len(data) < size)
                # A frame that is longer than a piece is read whole.
                size = PIECE if self._offset > begin else MOST_PAYLOAD + HEAD.size

    def _read_header(self, file: BinaryIO) -> bool:
        data = file.read(len(MAGIC))
        if len(data) < len(MAGIC) and MAGIC.startswith(data):
            self.torn = Torn(0, "it ends in its header", incomplete=True)
            return False
        check_header(data, self._path.name)
        self._offset = len(MAGIC)
        return True

    def _piece(self, data: memoryview, *, last: bool) -> Iterator[Item]:
        """The items of a piece of the file; a frame that goes on behind it is left to the next piece."""
        begin, at = self._offset, 0
        stretch = _Stretch(data, begin, self._sets, self._sizes)
        while (at := stretch.advance(at)) < len(data):
            found: Frame | Torn | _Decoded = frame_at(data, at)
            if isinstance(found, Frame):
                if found.kind in (WRITER, KEY_SET, EVENT):
                    yield from stretch.take()
                found = self._decoded(found, at)
            if isinstance(found, Torn):
                if last or not found.incomplete:
                    self.torn = found._replace(offset=begin + at)
                break
            at = found.end
            if found.item is not None:
                self._offset = begin + at
                yield found.item
        yield from stretch.take()
        self._offset = begin + at

    def _decoded(self, found: Frame, at: int) -> _Decoded | Torn:
        """What a frame says that holds no points."""
        item: Writer | AnyEvent | None = None
        try:
            if found.kind == WRITER:
                item = msgspec.msgpack.decode(found.payload, type=Writer)
            elif found.kind == EVENT:
                item = decode_event(found.payload)
            elif found.kind == KEY_SET:
                known = msgspec.msgpack.decode(found.payload, type=KeySet)
                self._sets[known.id] = known
                self._sizes[known.id] = known.size
            elif found.kind == POINT:
                return Torn(at, "points of a key set that was not described")
        except (msgspec.MsgspecError, RecursionError) as error:
            return Torn(at, f"a frame cannot be read: {error}")
        return _Decoded(item, found.end)


class _Decoded(NamedTuple):
    """What a frame says, if that is to be given out, and where the next one begins."""

    item: Writer | AnyEvent | None
    end: int


class _Stretch:
    """The points of a piece of a file, sorted by key set."""

    def __init__(
        self, data: memoryview, begin: int, sets: Mapping[int, KeySet], sizes: Mapping[int, int]
    ) -> None:
        """`sets` and `sizes` (of their frames) are the reader's, which learns of more."""
        self._data = data
        self._begin = begin
        self._sets = sets
        self._sizes = sizes
        self._found: dict[int, array[int]] = {}
        self._window = _RUN

    def advance(self, at: int) -> int:
        """Collect the points from `at` on; return where something else, or something broken, begins."""
        data, sizes, end = self._data, self._sizes, len(self._data)
        while at + POINTS.size <= end:
            checksum, length, kind, set_id, _, _ = POINTS.unpack_from(data, at)
            after = at + HEAD.size + length
            if kind != POINT or after > end or sizes.get(set_id) != after - at:
                return at
            if crc32(data[at + CHECKSUM : after]) != checksum:
                return at
            found = self._found.get(set_id)
            if found is None:
                found = self._found[set_id] = array("q")
            found.append(at)
            # Key sets that take turns are common, and looking ahead costs more than a frame.
            alike = data[after + CHECKSUM : after + _COMMON] == data[at + CHECKSUM : at + _COMMON]
            at = self._run(at, after - at, found) if alike and self._is_run(at, after - at) else after
        return at

    def _is_run(self, at: int, size: int) -> bool:
        """Whether enough frames like the one at `at` follow to be worth looking at together."""
        data = self._data
        common = data[at + CHECKSUM : at + _COMMON]
        places = range(at + 2 * size, at + size * _RUN, size)
        return all(data[place + CHECKSUM : place + _COMMON] == common for place in places)

    def _run(self, at: int, size: int, found: array[int]) -> int:
        """Collect the frames that follow the one at `at` and are like it, many at once; return where they end."""
        common = np.frombuffer(self._data, np.uint8, _COMMON - CHECKSUM, at + CHECKSUM)
        window, stop = _RUN, at + size
        while count := min(window, (len(self._data) - stop) // size):
            frames = np.frombuffer(self._data, np.uint8, count * size, stop).reshape(count, size)
            good = (frames[:, CHECKSUM:_COMMON] == common).all(axis=1) & self._checked(frames, stop)
            whole = count if good.all() else int(good.argmin())
            found.extend(range(stop, stop + whole * size, size))
            stop += whole * size
            if whole < count:
                break
            window = min(window * 4, _MOST_WINDOW)
        return stop

    def _checked(self, frames: NDArray[np.uint8], begin: int) -> NDArray[np.bool_]:
        """Which of these frames, all of one size, pass their checksums."""
        count, size = frames.shape
        data, end = self._data, begin + count * size
        starts = range(begin + CHECKSUM, end, size)
        sums = [
            crc32(data[start:stop])
            for start, stop in zip(starts, range(begin + size, end + 1, size), strict=True)
        ]
        written = np.ascontiguousarray(frames[:, :CHECKSUM]).view("<u4")[:, 0]
        good: NDArray[np.bool_] = written == np.array(sums, np.uint32)
        return good

    def take(self) -> Iterator[Points]:
        """The points collected until now."""
        found, self._found = self._found, {}
        for set_id, places in found.items():
            yield self._points(self._sets[set_id], np.array(places, np.int64))

    def _points(self, known: KeySet, at: NDArray[np.int64]) -> Points:
        """The rows whose frames begin at these places, copied out of the piece."""
        row = np.dtype([("step", "<i8"), ("time", "<f8"), ("values", "<i8", (len(known.keys),))])
        first = POINTS.size - 16
        places = len(self._data) - first - row.itemsize + 1
        everywhere = np.ndarray((places,), row, self._data, offset=first, strides=(1,))
        rows = everywhere[at]
        return Points(known.keys, known.types, at + self._begin, rows["step"], rows["time"], rows["values"])
