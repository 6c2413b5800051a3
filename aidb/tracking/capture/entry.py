"""Captures one part of the surroundings after the other; what one part cannot tell does not keep the others."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aidb.tracking.capture.secrets import harmless
from aidb.tracking.journal.events import Captured, Stored

if TYPE_CHECKING:
    from aidb.tracking.run import Run

_LOG = logging.getLogger("aidb")
Part = Callable[["Run", Path], tuple[dict[str, Any], tuple[Stored, ...]]]


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


def surroundings_of(run: Run, command: Captured) -> None:
    """Record the command and everything around it."""
    from aidb.tracking.capture.code import code
    from aidb.tracking.capture.host import environment, hardware, host
    from aidb.tracking.capture.packages import packages

    run.record(command)
    folder = Path(command.values["script"] or command.values["folder"])
    folder = folder.parent if command.values["script"] else folder
    parts: dict[str, Part] = {
        "code": code,
        "host": host,
        "environment": environment,
        "hardware": hardware,
        "packages": packages,
    }
    for about, part in parts.items():
        try:
            values, files = part(run, folder)
        except Exception as error:  # noqa: BLE001 - one part must not hide the others
            _LOG.info("capturing the %s of the run: %s", about, error)
            continue
        if values:
            run.record(Captured(time=time.time(), about=about, values=values, files=files))
