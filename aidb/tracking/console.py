"""What a run prints, its children included: passed on as before, and kept in `<writer>.log` of the run's folder.

Descriptors 1 and 2 lead to a helper process, which passes everything on at once. It is a process and not a thread, so
that the last words of a program that crashes or is killed are shown and kept, too. Where output goes to a terminal,
programs still see one.

Not promised: the order between standard output and standard error within a few milliseconds. In a notebook, only what
child processes print is kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.processes import HelperProcess
from aidb.tracking import console_script
from aidb.tracking.journal.folder import CONSOLE
from aidb.tracking.journal.writer import JournalWriter

if TYPE_CHECKING:
    from aidb.tracking.run import Run

_LOG = logging.getLogger("aidb")
_OUTPUTS = (1, 2)
_HIGH = 64
"""Above the numbers that the helper has its descriptors under."""
_state = {"recording": False}


def record_console(run: Run) -> Console | None:
    """Keep what is printed from now on; None if this process does that for another run, or has no output."""
    journal = run._journal
    if _state["recording"] or not isinstance(journal, JournalWriter):
        return None
    try:
        return Console(run.folder / (journal.name + CONSOLE))
    except OSError as error:
        _LOG.info("what the run prints is not recorded: %s", error)
        return None


class Console:
    """The helper, and where output went before."""

    def __init__(self, path: Path) -> None:
        """Raises OSError if there is no output, or no helper can be started."""
        _flush()
        self._saved: list[int] = []
        opened: list[int] = []
        try:
            for output in _OUTPUTS:
                self._saved.append(fcntl.fcntl(output, fcntl.F_DUPFD_CLOEXEC, _HIGH))
            ends = [_channel(output) for output in _OUTPUTS]
            opened += [fd for pair in ends for fd in pair]
            log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            opened.append(fcntl.fcntl(log, fcntl.F_DUPFD_CLOEXEC, _HIGH))
            os.close(log)
            ours = (*[reading for reading, _ in ends], *self._saved, opened[-1])
            inherit = dict(zip(ours, console_script.DESCRIPTORS, strict=True))
            self._helper = HelperProcess(console_script.__file__, inherit=inherit)
            for (_, writing), output in zip(ends, _OUTPUTS, strict=True):
                os.dup2(writing, output)
        except OSError:
            _close(self._saved)
            raise
        finally:
            _close(opened)
        self._pid = os.getpid()
        _state["recording"] = True

    def close(self) -> None:
        """Let output go where it went before, when all that was printed has been kept."""
        if self._pid != os.getpid():
            return
        _flush()
        for saved, output in zip(self._saved, _OUTPUTS, strict=True):
            os.dup2(saved, output)
        _close(self._saved)
        _state["recording"] = False
        with contextlib.suppress(OSError):
            os.write(self._helper.questions.fileno(), b"\0")
            self._helper.answers.read(1)
        # A child in the background may still print: the helper passes it on, and ends with it.
        self._helper.questions.close()
        self._helper.answers.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._helper.pid, os.WNOHANG)


def _channel(output: int) -> tuple[int, int]:
    """Where the helper reads, and where programs write: a terminal if `output` is one."""
    if not os.isatty(output):
        reading, writing = os.pipe()
    else:
        import pty
        import termios
        import tty

        reading, writing = pty.openpty()
        tty.setraw(writing)
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(output, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(writing, termios.TIOCSWINSZ, size)
    high = tuple(fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH) for fd in (reading, writing))
    _close([reading, writing])
    return high[0], high[1]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()


def _close(descriptors: list[int]) -> None:
    for fd in descriptors:
        with contextlib.suppress(OSError):
            os.close(fd)


def _forked() -> None:
    """The console is the parent's; what a child prints still goes there."""
    _state["recording"] = False


os.register_at_fork(after_in_child=_forked)
