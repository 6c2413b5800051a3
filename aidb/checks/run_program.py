"""Running somebody else's program, with what it may want to know, and catching what it prints."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aidb.files import storage_errors

if TYPE_CHECKING:
    from aidb.versioning.manifest import Change

LINES = 12
"""So many of the last lines are kept of what a program prints."""

_TAIL = 16 * 1024


class Ran(NamedTuple):
    """What a program came to: its exit code (None if it took too long), and the end of what it printed."""

    code: int | None
    lines: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """How it ended, in words."""
        if self.code is None:
            return "took too long and was stopped"
        return f"exit code {self.code}" if self.code >= 0 else f"killed by signal {-self.code}"


def run_program(
    command: Sequence[str | Path],
    *,
    folder: Path,
    scratch: Path,
    variables: Mapping[str, str],
    changes: Iterator[Change] | None = None,
    timeout: float | None = None,
) -> Ran:
    """Run a command in `folder`. It finds the paths that were added or changed, NUL-separated, on standard input, and
    in the file $AIDB_CHANGES `A`, `M` or `D` and the path of every change, as `git diff --name-status -z` has them.
    """
    with contextlib.ExitStack() as stack, storage_errors(f"running {command[0]}"):
        base = scratch / f"program-{os.urandom(6).hex()}"
        paths, listed, output = (Path(f"{base}-{part}") for part in ("paths", "changes", "output"))
        for file in (paths, listed, output):
            stack.callback(file.unlink, missing_ok=True)
        _write(changes or iter(()), paths, listed)
        stdin = stack.enter_context(open(paths, "rb"))
        stdout = stack.enter_context(open(output, "w+b"))
        # The child inherits the environment, as from any shell.
        environment = {**os.environ, **variables, "AIDB_CHANGES": str(listed)}
        child = subprocess.Popen(
            [os.fspath(word) for word in command],
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            code = child.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _stop(child)
        return Ran(code, _tail(stdout.fileno()))


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a program that still runs, and what it has started."""
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _write(changes: Iterator[Change], paths: Path, listed: Path) -> None:
    with open(paths, "xb") as present, open(listed, "xb") as every:
        for path, old, new in changes:
            letter = b"D" if new is None else b"A" if old is None else b"M"
            every.write(b"%s\0%s\0" % (letter, path))
            if new is not None:
                present.write(path + b"\0")


def _tail(fd: int) -> tuple[str, ...]:
    size = os.fstat(fd).st_size
    text = os.pread(fd, _TAIL, max(0, size - _TAIL)).decode("utf-8", "replace")
    return tuple(line.rstrip() for line in text.splitlines() if line.strip())[-LINES:]
