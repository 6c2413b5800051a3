"""NumPy arrays (`.npy`, and archives of them, `.npz`): type, shape, and how the elements differ.

Nothing is unpickled, nothing is held but a block, and a header may lie: what it says is compared with the bytes there.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, NamedTuple, cast

import numpy as np
from numpy.lib import format as npy

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, counted, share
from aidb.inside.numbers import Difference, compare_streams, numpy_floats

MOST_MEMBERS = 10_000
"""An archive of more arrays is not looked into."""
MOST_INFLATED = 64 << 30
"""An archive that claims to hold more bytes is not looked into, nor one of which MOST_RATIO holds."""
MOST_RATIO = 200
_HARMLESS = 1 << 30


@dataclass(frozen=True, slots=True)
class ArrayChange:
    """One array: its type and shape on both sides (None: not there), and the difference if both are alike."""

    name: str
    dtype_before: str | None
    dtype_after: str | None
    shape_before: tuple[int, ...] | None
    shape_after: tuple[int, ...] | None
    difference: Difference | None = None

    def summary(self) -> str:
        """`12 of 1,000 elements changed, by up to 0.5`"""
        if self.shape_before is None or self.shape_after is None:
            return "added" if self.shape_before is None else "removed"
        if self.difference is None:
            before = f"{self.dtype_before} {show_shape(self.shape_before)}"
            return f"{before} → {self.dtype_after} {show_shape(self.shape_after)}"
        return show_difference(self.difference)


@dataclass(frozen=True, slots=True)
class ArraysDiff(Explanation):
    """The arrays of a file that differ; that of an `.npy` file has no name. `unchanged` counts the others."""

    kind: ClassVar[str] = "arrays"
    arrays: tuple[ArrayChange, ...]
    unchanged: int = 0

    def summary(self) -> str:
        if len(self.arrays) == 1 and not self.arrays[0].name:
            return self.arrays[0].summary()
        if not self.arrays:
            return "no array differs"
        total = len(self.arrays) + self.unchanged
        return f"{len(self.arrays):,} of {counted(total, 'array')} differ"


def show_shape(shape: tuple[int, ...]) -> str:
    """`[64, 3]`, as people write it."""
    return f"[{', '.join(map(str, shape))}]"


def show_difference(difference: Difference) -> str:
    """How many elements differ and by how much."""
    if not difference.changed:
        return "no element differs"
    part = share(difference.changed, difference.elements)
    text = f"{difference.changed:,} of {counted(difference.elements, 'element')} changed ({part})"
    return text if difference.largest is None else f"{text}, by up to {difference.largest:.4g}"


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[np.void]

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


def explain_array(old: Content, new: Content) -> ArraysDiff:
    """Compare two `.npy` files. Raises UnreadableContentError."""
    with old.open() as before, new.open() as after:
        change = _compare("", (before, old.size), (after, new.size))
    return ArraysDiff((change,))


def explain_archive(old: Content, new: Content) -> ArraysDiff:
    """Compare two `.npz` files, array by array. Raises UnreadableContentError."""
    with _archive(old) as before, _archive(new) as after:
        olds, news = _members(before), _members(after)
        changes = [_member_change(before, after, olds.get(n), news.get(n), n) for n in sorted({*olds, *news})]
    changed = [change for change in changes if change is not None]
    return ArraysDiff(tuple(changed), len(changes) - len(changed))


@contextmanager
def _archive(content: Content) -> Iterator[zipfile.ZipFile]:
    with content.open() as stream, _zip_errors(), zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
        size = sum(info.file_size for info in infos)
        if len(infos) > MOST_MEMBERS:
            raise UnreadableContentError(f"it holds {len(infos):,} arrays")
        if size > MOST_INFLATED or size > max(_HARMLESS, MOST_RATIO * content.size):
            raise UnreadableContentError(
                f"{content.size:,} bytes claim to hold {size:,}: a decompression bomb?"
            )
        yield archive


@contextmanager
def _zip_errors() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnreadableContentError(f"it is not a whole zip archive: {error}") from None


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    return {info.filename.removesuffix(".npy"): info for info in archive.infolist() if not info.is_dir()}


def _member_change(
    before: zipfile.ZipFile,
    after: zipfile.ZipFile,
    old: zipfile.ZipInfo | None,
    new: zipfile.ZipInfo | None,
    name: str,
) -> ArrayChange | None:
    """How one array differs; None if it does not."""
    if (
        old
        and new
        and (old.CRC, old.file_size) == (new.CRC, new.file_size)
        and _same_bytes(before, old, after, new)
    ):
        return None
    with ExitStack() as stack:
        sides: list[tuple[BinaryIO, int] | None] = []
        for archive, info in ((before, old), (after, new)):
            stream = stack.enter_context(archive.open(info)) if info else None
            sides.append((cast(BinaryIO, stream), info.file_size) if stream and info else None)
        return _compare(name, *sides)


def _same_bytes(
    before: zipfile.ZipFile, old: zipfile.ZipInfo, after: zipfile.ZipFile, new: zipfile.ZipInfo
) -> bool:
    """A checksum says that they are equal; it may be a lie, so look."""
    with before.open(old) as a, after.open(new) as b:
        read: Callable[[], tuple[bytes, bytes]] = lambda: (a.read(1 << 20), b.read(1 << 20))  # noqa: E731
        while (pieces := read())[0] == pieces[1]:
            if not pieces[0]:
                return True
    return False


def _compare(name: str, old: tuple[BinaryIO, int] | None, new: tuple[BinaryIO, int] | None) -> ArrayChange:
    before, after = (_header(*old) if old else None), (_header(*new) if new else None)
    difference = None
    if old and new and before and after and before == after:
        dtype = after.dtype
        difference = compare_streams(old[0], new[0], after.elements, dtype.itemsize, numpy_floats(dtype))
    return ArrayChange(
        name,
        before and _type_text(before),
        after and _type_text(after),
        before and before.shape,
        after and after.shape,
        difference,
    )


def _type_text(header: _Header) -> str:
    dtype = header.dtype
    return (str(dtype) if dtype.names else dtype.name) + (" (Fortran order)" if header.fortran else "")


def _header(stream: BinaryIO, size: int) -> _Header:
    """Read and check the header; the stream stands at the first element after it."""
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise UnreadableContentError(f"it has no header of a NumPy array: {reason}") from None
    if dtype.hasobject:
        raise UnreadableContentError("it holds Python objects, which would have to be unpickled")
    header = _Header(tuple(shape), fortran and len(shape) > 1, dtype)
    if min(shape, default=0) < 0 or header.elements * dtype.itemsize != size - stream.tell():
        raise UnreadableContentError(f"its header claims the shape {show_shape(shape)}, its bytes are others")
    return header
