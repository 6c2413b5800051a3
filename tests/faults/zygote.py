"""A server that runs `aidb` commands in forked children, under the shim: the imports are paid for once.

    LD_PRELOAD=shim.so python -m tests.faults.zygote

Each line on its standard input is a Request as JSON, each line of its answer the wait status. A child is an ordinary
run of the command from `main()` to what is done `atexit`; only the modules are loaded already, and they are not taken
apart at the end, which would take most of the time. test_shim.py holds that a forked command makes the same steps as a
started one.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import sys
import threading
from pathlib import Path
from typing import NamedTuple, NoReturn

HEAVY = (
    "pygit2",
    "numpy",
    "blake3",
    "pyfastcdc",
    "zstandard",
    "msgspec",
    "pathspec",
    "rich.console",
    "tomlkit",
    "duckdb",
)
TIME_LIMIT = 60.0


class Request(NamedTuple):
    """One command to run: its arguments and folder, where its output goes, and the fault."""

    argv: list[str]
    folder: str
    output: str
    """Prefix of the files `.out`, `.err` and `.log`."""
    root: str
    mode: str
    step: int


def serve() -> Request | None:
    """Answer requests until the input ends (None); in a forked child, return what it has to run."""
    for line in sys.stdin:
        request = Request(**json.loads(line))
        child = os.fork()
        if child == 0:
            return request
        sys.stdout.write(f"{_wait(child)}\n")
        sys.stdout.flush()
    return None


def _wait(child: int) -> int:
    """The wait status of the child, which is killed when it takes too long (then reported as SIGALRM)."""
    ended = os.pidfd_open(child)
    in_time, _, _ = select.select([ended], [], [], TIME_LIMIT)
    os.close(ended)
    if not in_time:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return status if in_time else signal.SIGALRM


def load_everything() -> None:
    """Import what any command could need, so that children fork with it."""
    for name in HEAVY:
        importlib.import_module(name)
    for package in ("aidb", "aidb_cli"):
        folder = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(folder, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def become(request: Request) -> None:
    """Turn this child into the command: own process group, output, folder and arguments; then arm the shim."""
    os.setsid()
    os.chdir(request.folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(f"{request.output}.out", flags, 0o666), 1)
    os.dup2(os.open(f"{request.output}.err", flags, 0o666), 2)
    sys.argv = ["aidb", *request.argv]
    Path(f"{request.output}.log").unlink(missing_ok=True)
    shim = ctypes.CDLL(None)
    shim.arm(
        os.fsencode(request.root),
        request.mode.encode(),
        ctypes.c_long(request.step),
        os.fsencode(f"{request.output}.log"),
    )


def end(code: int) -> NoReturn:
    """What the interpreter does at its end, but for taking apart its modules."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    load_everything()
    from aidb_cli.main import run

    gc.collect()
    gc.freeze()  # what is loaded need not be looked at, and so copied, in each child
    request = serve()
    if request is not None:
        become(request)
        end(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
