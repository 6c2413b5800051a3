"""Running `aidb` under a fault, from the side of a test: as a process of its own, or quickly through the zygote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.faults.shim import Fault, Step, environment, library, read_log
from tests.faults.zygote import Request

NO_FAULT = Fault("count")
PROJECT = Path(__file__).parents[2]


class Outcome(NamedTuple):
    """How a command ended. `code` is None when it was killed."""

    code: int | None
    stdout: str
    stderr: str
    steps: list[Step]

    @property
    def killed(self) -> bool:
        return self.code is None

    @property
    def traceback(self) -> bool:
        """Whether an error came out that nobody had foreseen."""
        return "Traceback (most recent call last)" in self.stderr or "this is a bug in aidb" in self.stderr


def clean_environment(home: Path) -> dict[str, str]:
    """An environment without the settings of whoever runs the tests, and with a name to commit under."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ
    }
    author = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}
    committer = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}
    quiet = {
        "GIT_CONFIG_NOSYSTEM": "1",
        "NO_COLOR": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    places = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'cli'}",
    }
    return kept | author | committer | quiet | places


def run_process(
    argv: list[str], folder: Path, *, home: Path, root: Path | None = None, fault: Fault = NO_FAULT
) -> Outcome:
    """Start `aidb` as a person would, under the shim; calls below `root` (the folder itself by default) are steps."""
    log = home / "process.log"
    log.unlink(missing_ok=True)
    env = clean_environment(home) | environment(root or folder, fault, log)
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from aidb_cli.main import main; sys.exit(main())", *argv],
        cwd=folder,
        env=env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=120,
    )
    code = None if done.returncode == -signal.SIGKILL else done.returncode
    return Outcome(code, _text(done.stdout), _text(done.stderr), read_log(log))


class Zygote:
    """The client of a zygote process; one per test process. Use as a context manager."""

    def __init__(self, home: Path) -> None:
        """`home` stands for the home folder of the commands, and holds their output."""
        self._home = home
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            cwd=PROJECT,
            env=clean_environment(home) | {"LD_PRELOAD": str(library())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Zygote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(
        self, argv: list[str], folder: Path, *, root: Path | None = None, fault: Fault = NO_FAULT
    ) -> Outcome:
        """Run `aidb argv` in `folder`; calls below `root` (the folder itself by default) are steps."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        output = self._home / "command"
        request = Request(argv, str(folder), str(output), str(root or folder), fault.mode, fault.step)
        self._process.stdin.write(json.dumps(request._asdict()) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            raise TimeoutError(f"aidb {' '.join(argv)} did not end under {fault}")
        code = os.waitstatus_to_exitcode(status)
        stdout, stderr = (_text(Path(f"{output}.{kind}").read_bytes()) for kind in ("out", "err"))
        exit_code = None if code == -signal.SIGKILL else code
        return Outcome(exit_code, stdout, stderr, read_log(Path(f"{output}.log")))


def scratch_folder() -> Path:
    """Where repositories of these tests live: in memory where that exists, for many thousands are made."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK) and _free(memory) > 512 << 20
    return Path(tempfile.mkdtemp(prefix="aidb-faults-", dir=memory if usable else None)).resolve()


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
