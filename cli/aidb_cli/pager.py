"""Long answers through the person's pager, as Git does it: `$AIDB_PAGER`, `$PAGER`, or `less -FRX`."""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TextIO


@contextmanager
def pager(environ: Mapping[str, str], terminal: TextIO) -> Iterator[TextIO]:
    """A stream to write to. Without a pager (none installed, or `cat` asked for) it is the terminal itself."""
    words = shlex.split(environ.get("AIDB_PAGER") or environ.get("PAGER") or "less")
    if not words or words[0] == "cat" or shutil.which(words[0]) is None:
        yield terminal
        return
    terminal.flush()
    # F: leave at once if it fits one screen, R: colours, X: do not clear the screen. The person's own LESS wins.
    process = subprocess.Popen(words, stdin=subprocess.PIPE, env={"LESS": "FRX", "LV": "-c", **environ})
    assert process.stdin is not None
    stream = io.TextIOWrapper(process.stdin, encoding=terminal.encoding, errors="backslashreplace")
    try:
        # The person may leave the pager before the end: that is no error.
        with suppress(BrokenPipeError):
            yield stream
    finally:
        with suppress(BrokenPipeError):
            stream.close()
        _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C belongs to the pager while it is open."""
    while True:
        with suppress(KeyboardInterrupt):
            process.wait()
            return
