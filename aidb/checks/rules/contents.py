"""Whether a file's content is what its format says: whole, readable, not cut short. Read in bounded memory."""

from __future__ import annotations

import codecs
import json
import zlib
from ast import literal_eval
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

import msgspec

from aidb.checks.report import Problem
from aidb.errors import UnreadableContentError
from aidb.types import Entry, Kind, RepoPath

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate

Format = Literal["csv", "jpeg", "json", "jsonl", "npy", "parquet", "png", "safetensors", "text", "tsv"]

TABLES: tuple[Format, ...] = ("csv", "jsonl", "parquet", "tsv")
"""The formats that hold rows and columns."""

MAX_DOCUMENT = 256 << 20
"""A JSON document, or a line of JSON lines, is looked at as a whole, so it must not be larger."""

_WINDOW = 1 << 20
_MAX_HEADER = 100 << 20
MAX_NPY_HEADER = 64 << 10

# Whatever Python makes of a header that is not what it should be.
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, SyntaxError, RecursionError, MemoryError)


class ContentRule(NamedTuple):
    """The content can be read as one of these formats."""

    formats: tuple[Format, ...]
    delimiter: str = ""

    def problems(self, candidate: Candidate, path: RepoPath, entry: Entry) -> Iterator[Problem]:
        if entry.kind is Kind.SYMLINK:
            return
        found = []
        for name in self.formats:
            problem = self._read(candidate, path, entry, name)
            if problem is None:
                return
            found.append(problem)
        kinds = " or ".join(self.formats)
        yield Problem("format", f"is not readable as {kinds}: {'; '.join(found)}")

    def _read(self, candidate: Candidate, path: RepoPath, entry: Entry, name: Format) -> str | None:
        """Why it cannot be read as this format, None if it can."""
        if name in READERS:
            with candidate.content(path, entry).open() as file:
                return READERS[name](file, entry.size)
        try:
            with candidate.table(path, entry, name, self.delimiter) as table:
                table.read_all()
        except UnreadableContentError as error:
            return error.message
        return None

    def __str__(self) -> str:
        return f"readable as {' or '.join(self.formats)}"


def _text(file: BinaryIO, _size: int) -> str | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    try:
        while window := file.read(_WINDOW):
            decoder.decode(window)
            done += len(window)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return f"it is not UTF-8 near byte {done:,}"
    return None


def _json(file: BinaryIO, size: int) -> str | None:
    if size > MAX_DOCUMENT:
        return f"it is larger than {MAX_DOCUMENT:,} bytes; JSON lines have no such limit"
    return _json_value(file.read(MAX_DOCUMENT))


def _jsonl(file: BinaryIO, _size: int) -> str | None:
    number = 0
    while line := file.readline(MAX_DOCUMENT + 1):
        number += 1
        if len(line) > MAX_DOCUMENT:
            return f"line {number:,} is longer than {MAX_DOCUMENT:,} bytes"
        if not line.isspace() and (problem := _json_value(line)):
            return f"line {number:,}: {problem}"
    return None


def _json_value(data: bytes) -> str | None:
    """Nothing is built of it: `Raw` stands for a value that was only read over."""
    try:
        data.decode("utf-8")
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return str(error)
    except UnicodeDecodeError as error:
        return f"it is not UTF-8 at byte {error.start:,}"
    return None


def _png(file: BinaryIO, _size: int) -> str | None:
    """Every piece has its checksum, and the last one is there."""
    if file.read(8) != b"\x89PNG\r\n\x1a\n":
        return "it does not begin as a PNG file"
    kind = b""
    while kind != b"IEND":
        head = file.read(8)
        if len(head) < 8:
            return "it is cut short"
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if not kind.isalpha():
            return "it holds a piece that is none of a PNG file's"
        checksum = _checksum(file, length, zlib.crc32(kind))
        if checksum is None:
            return "it is cut short"
        if checksum.to_bytes(4, "big") != file.read(4):
            return f"its {kind.decode('ascii')} piece does not match its checksum"
    return None


def _checksum(file: BinaryIO, length: int, value: int) -> int | None:
    """The CRC of the next bytes, None if there are not as many."""
    while length:
        window = file.read(min(length, _WINDOW))
        if not window:
            return None
        value = zlib.crc32(window, value)
        length -= len(window)
    return value


def _jpeg(file: BinaryIO, size: int) -> str | None:
    if file.read(3) != b"\xff\xd8\xff":
        return "it does not begin as a JPEG file"
    # Cameras write padding after the end mark; a transfer that broke off leaves no end mark at all.
    file.seek(max(0, size - 64 * 1024))
    return None if b"\xff\xd9" in file.read() else "it is cut short: it has no end mark"


def _npy(file: BinaryIO, size: int) -> str | None:
    import numpy as np

    if file.read(6) != b"\x93NUMPY":
        return "it does not begin as an npy file"
    width = 2 if file.read(2)[:1] == b"\x01" else 4
    length = int.from_bytes(file.read(width), "little")
    if length > min(size, MAX_NPY_HEADER):
        return "its header is longer than the file" if length > size else "its header is too long"
    try:
        header = literal_eval(file.read(length).decode("utf-8").strip())
        dtype = np.lib.format.descr_to_dtype(header["descr"])
        expected = 8 + width + length + prod(map(_length, header["shape"])) * dtype.itemsize
    except _UNREADABLE:
        return "its header cannot be read"
    if dtype.hasobject:
        return "it holds pickled objects"
    return None if size == expected else f"it has {size:,} bytes where its header asks for {expected:,}"


def _length(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _safetensors(file: BinaryIO, size: int) -> str | None:
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= min(size - 8, _MAX_HEADER):
        return "its header is longer than the file" if size >= 8 else "it is cut short"
    try:
        tensors = json.loads(file.read(length))
        tensors.pop("__metadata__", None)
        spans = sorted(map(_span, tensors.values()))
    except _UNREADABLE:
        return "its header cannot be read"
    ends = [0, *(end for _, end in spans)]
    if [begin for begin, _ in spans] != ends[:-1] or any(a > b for a, b in pairwise(ends)):
        return "its tensors overlap or leave gaps"
    expected = 8 + length + ends[-1]
    return None if size == expected else f"it has {size:,} bytes where its header asks for {expected:,}"


def _span(tensor: dict[str, list[int]]) -> tuple[int, int]:
    begin, end = tensor["data_offsets"]
    if type(begin) is not int or type(end) is not int:
        raise TypeError
    return begin, end


READERS: dict[Format, Callable[[BinaryIO, int], str | None]] = {
    "jpeg": _jpeg,
    "json": _json,
    "jsonl": _jsonl,
    "npy": _npy,
    "png": _png,
    "safetensors": _safetensors,
    "text": _text,
}
