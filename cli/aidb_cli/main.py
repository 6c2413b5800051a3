"""The entry point `aidb`: reads the command line, runs one command, turns what happened into an exit code.

Start-up is part of speed. `aidb --version` imports nothing but this module; any other well-formed line imports the
command it names and what that command uses; typer is imported for help, mistakes and completion.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from aidb_cli.lone_numpy import load_numpy_alone

if TYPE_CHECKING:
    from aidb_cli.output import Output
    from aidb_cli.syntax import Invocation


_GARBAGE = 100_000
"""How many more objects than before make Python look for cycles: what a short command never reaches."""


def main() -> NoReturn:
    """Run the command line of this process, and end the process.

    It ends at once, without taking the interpreter apart: by then every file, helper and thread has been closed by
    whoever opened it, and freeing objects one by one costs as long as a small command.
    """
    gc.set_threshold(_GARBAGE)
    load_numpy_alone()
    code = run(sys.argv[1:])
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def run(argv: Sequence[str]) -> int:
    """Run a command line and return its exit code. Changes the current folder for `-C`."""
    if list(argv) in (["--version"], ["-V"]):
        from aidb import __version__

        with contextlib.suppress(OSError):  # the long way below says what is wrong
            sys.stdout.write(f"aidb {__version__}\n")
            sys.stdout.flush()
            return 0
    from aidb_cli.output import Output

    return _guarded(Output(os.environ), argv)


def _guarded(out: Output, argv: Sequence[str]) -> int:
    """The one try block: everything that a command may raise ends here."""
    from aidb_cli import failures
    from aidb_cli.syntax import NOTHING_CHANGED

    kept = NOTHING_CHANGED
    try:
        # Until the line is read, this is the best guess of how errors are wanted.
        out.configure("auto", json="--json" in argv)
        invocation = _understand(argv)
        if isinstance(invocation, int):
            code = invocation
        else:
            kept = invocation.command.kept
            code = _execute(out, invocation)
        out.stdout.flush()
    except BrokenPipeError:
        return _nobody_listens()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 — a person must never see a traceback
        return failures.tell(out, error, kept=kept)
    return code


def _understand(argv: Sequence[str]) -> Invocation | int:
    from aidb_cli.reading import read

    return read(argv, os.environ)


def _execute(out: Output, invocation: Invocation) -> int:
    from aidb_cli.context import Context

    out.obey(invocation)
    context = Context(out, os.environ, invocation.after_dashes)
    try:
        return invocation.command.run(context, **invocation.values) or 0
    finally:
        out.stop_progress()
        context.close()


def _nobody_listens() -> int:
    """`aidb log | head`: the reader has what it wanted. Python would complain when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
