"""Every run ends: with its block, at the exit of the interpreter, by an exception, by SIGTERM.

Handlers are put in place when the first run starts, and hand on to those that were there before.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidb.tracking.run import Run

_open: list[Run] = []
_state = {"installed": False, "interrupted": False}
_lock = threading.RLock()  # reentrant: SIGTERM may come while it is held


def current_run() -> Run | None:
    """The run that was started last in this process and has not ended."""
    return _open[-1] if _open else None


def opened(run: Run) -> None:
    """See that this run ends."""
    with _lock:
        _open.append(run)
        if not _state["installed"]:
            _state["installed"] = True
            _install()


def closed(run: Run) -> None:
    """It has ended."""
    with _lock:
        if run in _open:
            _open.remove(run)


def outcome(error: BaseException | None) -> tuple[str, str]:
    """The status and traceback of a run whose block or program ended like this."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "finished", ""
    import traceback

    text = "".join(traceback.format_exception(error))
    return ("killed" if isinstance(error, KeyboardInterrupt) else "failed"), text


def _install() -> None:
    atexit.register(_at_exit)
    previous = sys.excepthook

    def excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        # First what people see: ending the runs puts the console back.
        previous(kind, error, trace)
        _state["interrupted"] = isinstance(error, KeyboardInterrupt)
        _finish_all(*outcome(error))

    sys.excepthook = excepthook
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def _at_exit() -> None:
    _finish_all("finished", "")
    if _state["interrupted"]:
        # Python tells the shell of an interrupt only if no code was evaluated since; without that, a loop goes on.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        _die(signal.SIGINT)


def _terminated(number: int, _: FrameType | None) -> None:
    _finish_all("killed", f"ended by {signal.Signals(number).name}")
    _die(number)


def _die(number: int) -> None:
    """End as a process does that does not catch the signal."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _finish_all(status: str, error: str) -> None:
    for run in reversed(list(_open)):
        run.finish(status, error=error)


def _forked() -> None:
    """The runs are the parent's to end."""
    global _lock  # noqa: PLW0603 - another thread may have held it at the fork
    _lock = threading.RLock()
    _open.clear()


os.register_at_fork(after_in_child=_forked)
