"""The helper process that reads, hashes and compresses small files; `reader_pool` starts it and says what to read.

Orders and answers are marshalled. First comes where to import from and whether to compress; then *jobs*, lists of
paths. An answer is a `Reading`, followed by the stored bytes of its files one after the other.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys
from array import array
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from aidb.store.sampling import CodecChooser

    Bytes = bytes | bytearray | memoryview

_BUFFER = 64 << 10
_GARBAGE = 100_000
"""How many more objects than before make Python look for cycles, of which jobs leave none."""

Reading = tuple[list[int], bytes, bytes, list[int], bytes, list[int]]
"""Positions of the files of a job that were read; of each of these its id, its `FileStat` (numbers of 64 bits), its
length, codec and stored length. The caller reads the others: large, changing, unreadable or no files at all."""


def read_job(paths: list[bytes], chooser: CodecChooser) -> tuple[Reading, list[Bytes]]:
    """Read the small files among `paths`."""
    from aidb.store.chunking.cutter import MIN_CHUNK
    from aidb.store.ingest.source import new_source
    from aidb.store.ingest.whole import WholeFiles
    from aidb.store.sampling import suffix_hint

    files = WholeFiles(largest=MIN_CHUNK)
    sources = map(new_source, zip(paths, count(), repeat(None), repeat(None)))
    while (skipped := files.fill(sources)) is not None:
        skipped.close()
    files.drop_unread()
    encoded = list(map(chooser.encode, files.data, map(suffix_hint, files.paths)))
    stored = [piece for _, piece in encoded]
    reading = (
        files.keys,
        b"".join(files.ids),
        array("q", chain.from_iterable(files.stats)).tobytes(),
        list(map(len, files.data)),
        bytes([codec for codec, _ in encoded]),
        list(map(len, stored)),
    )
    return reading, stored


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Do jobs until there are no more."""
    from aidb.store.sampling import CodecChooser

    chooser = CodecChooser(compress=marshal.load(orders))
    while True:
        try:
            paths = marshal.load(orders)
        except EOFError:
            return
        reading, stored = read_job(paths, chooser)
        answers.write(marshal.dumps(reading))
        for piece in stored:
            answers.write(piece)
        answers.flush()


def main() -> None:
    """Be a helper process."""
    gc.set_threshold(_GARBAGE)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # or NumPy's would look for work for 0.1 s of CPU
    sys.path[:] = marshal.load(sys.stdin.buffer)
    with open(1, "wb", buffering=_BUFFER) as answers:
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
