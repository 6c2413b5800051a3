"""The helper process that passes on what a run prints, and keeps it; `console` starts it. Standard library only.

Of lines that are drawn again and again with carriage returns, such as progress bars, the last state is kept.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

DESCRIPTORS = (3, 4, 5, 6, 7)
"""Those to read standard output and error from, those to pass them on to, and the file."""
MOST_LINE = 64 << 10
"""Bytes after which a line counts as one although it has not ended."""
MOST_FILE = 256 << 20
"""Bytes that are kept at most; all is passed on."""
_AT_ONCE = 64 << 10
_DRAW_EVERY = 0.5


class Line:
    """The line that is being printed, as a terminal would show it."""

    def __init__(self) -> None:
        self.shown = b""
        self._returned = False

    def feed(self, data: bytes) -> bytes:
        """Take more output; return the lines that it completes."""
        done = bytearray()
        for part in data.splitlines(keepends=True):
            done += self._part(part)
        return bytes(done)

    def _part(self, part: bytes) -> bytes:
        text = part.rstrip(b"\r\n")
        if self._returned and text:  # a carriage return right before the end of a line takes nothing back
            self.shown, self._returned = b"", False
        self.shown += text
        if part.endswith(b"\n") or len(self.shown) > MOST_LINE:
            done, self.shown, self._returned = self.shown + b"\n", b"", False
            return done
        self._returned = self._returned or part.endswith(b"\r")
        return b""


class Record:
    """The file: whole lines, and behind them the lines that are still being drawn."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._size = 0
        self._drawn = 0.0

    def add(self, lines: bytes, unfinished: bytes, *, now: bool = False) -> None:
        """Keep lines. What is unfinished is written now and then, so that who follows the file sees it."""
        if self._size + len(lines) > MOST_FILE:
            return
        if not lines and not now and time.monotonic() - self._drawn < _DRAW_EVERY:
            return
        self._drawn = time.monotonic()
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, lines + unfinished, self._size)
            self._size += len(lines)
            os.ftruncate(self._fd, self._size + len(unfinished))


def serve(sources: tuple[int, int], targets: tuple[int, int], file: int) -> None:
    """Pass on until nobody has the sources open. When told that the run ends, answer once they are empty."""
    lines = {source: Line() for source in sources}
    towards = dict(zip(sources, targets, strict=True))
    record = Record(file)
    watched = {*sources, 0}
    ending = False
    while watched - {0}:
        ready, _, _ = select.select(list(watched), [], [], 0 if ending else 1.0)
        if ending and not ready:
            record.add(b"", b"".join(line.shown for line in lines.values()), now=True)
            ending = False
            with contextlib.suppress(OSError):
                os.write(1, b"\0")
        for source in ready:
            data = _read(source)
            if source == 0:
                watched.discard(0)
                ending = True
            elif not data:
                watched.discard(source)
            else:
                _pass_on(towards[source], data)
                done = lines[source].feed(data)
                record.add(done, b"".join(line.shown for line in lines.values()))
    record.add(b"", b"".join(line.shown for line in lines.values()), now=True)


def _read(source: int) -> bytes:
    try:
        return os.read(source, _AT_ONCE)
    except OSError:  # a terminal whose other side is closed
        return b""


def _pass_on(target: int, data: bytes) -> None:
    """Nobody may be there any more; it is kept all the same."""
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(target, data) :]


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    first, second, third, fourth, last = DESCRIPTORS
    serve((first, second), (third, fourth), last)
