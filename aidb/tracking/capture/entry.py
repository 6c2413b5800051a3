"""Captures the command at once, and has everything else found out beside training."""

from __future__ import annotations

import marshal
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aidb.processes import HelperProcess
from aidb.tracking.capture.secrets import harmless
from aidb.tracking.journal.events import Captured

if TYPE_CHECKING:
    from aidb.tracking.run import Run


def captured_at_once() -> Captured:
    """The command, which the program itself may change a moment later."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    values = {
        "command": list(harmless(getattr(sys, "orig_argv", sys.argv))),
        "arguments": list(harmless(sys.argv[1:])),
        "script": os.path.abspath(main) if main else None,
        "folder": os.getcwd(),
        "python": sys.version.split()[0],
        "executable": sys.executable,
    }
    return Captured(time=time.time(), about="command", values=values)


def record_surroundings(run: Run, command: Captured) -> None:
    """Record the command and everything around it, found out by a helper process."""
    run.record(command)
    folder = (
        Path(command.values["script"]).parent if command.values["script"] else Path(command.values["folder"])
    )
    helper = HelperProcess(os.fspath(Path(__file__).with_name("script.py")))
    try:
        marshal.dump(
            ([str(place) for place in sys.path], os.fspath(run.folder), os.fspath(folder)), helper.questions
        )
        helper.questions.close()
        answer = helper.answers.read()
    finally:
        helper.stop()
    for captured in msgspec.msgpack.decode(answer, type=list[Captured]) if answer else ():
        run.record(captured)
