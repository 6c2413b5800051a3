"""The fault shim itself: that it sees every change below a folder, and does at a step what its mode says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.cases import CASES, Case
from tests.faults.command import Zygote, clean_environment, run_process
from tests.faults.shim import Fault, Step, environment, read_log, why_not
from tests.faults.tree import copy_folder

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

EVERY_CALL = """
import os, shutil
fd = os.open("a", os.O_CREAT | os.O_WRONLY)
os.write(fd, b"1234"); os.pwrite(fd, b"1234", 4); os.writev(fd, [b"12", b"34"]); os.pwritev(fd, [b"1234"], 9)
os.fsync(fd); os.fdatasync(fd); os.ftruncate(fd, 10); os.posix_fallocate(fd, 0, 20); os.fchmod(fd, 0o600)
os.utime(fd); os.close(fd)
open("a", "a").close()
open("a", "w").write("again")
os.truncate("a", 3); os.chmod("a", 0o644); os.utime("a")
os.link("a", "b"); os.symlink("a", "c"); os.mkdir("d"); os.rename("b", "d/b"); os.replace("d/b", "b")
shutil.copyfile("a", "e")
with open("a", "rb") as one, open("f", "wb") as two:
    os.copy_file_range(one.fileno(), two.fileno(), 3)
here = os.open(".", os.O_RDONLY)
os.mkdir("g", dir_fd=here); os.rename("g", "h", src_dir_fd=here, dst_dir_fd=here); os.rmdir("h", dir_fd=here)
os.close(os.open("i", os.O_CREAT | os.O_WRONLY, dir_fd=here)); os.unlink("i", dir_fd=here)
os.remove("b"); os.rmdir("d")
"""

ITS_STEPS = (
    "open write pwrite writev pwritev fsync fdatasync ftruncate fallocate fchmod utimens open write truncate chmod "
    "utimens link symlink mkdir rename rename open sendfile sendfile open copy_file_range mkdir rename rmdir open "
    "unlink unlink rmdir"
)


def run_python(program: str, folder: Path, fault: Fault) -> tuple[int, list[Step]]:
    """Run a program in `folder`/work under the shim; its exit code and steps."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    log = folder / "log"
    log.unlink(missing_ok=True)
    env = clean_environment(folder) | environment(work.resolve(), fault, log)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=work, env=env, start_new_session=True, timeout=60
    )
    return done.returncode, read_log(log)


def test_every_call_is_a_step(tmp_path: Path) -> None:
    code, steps = run_python(EVERY_CALL, tmp_path, Fault("count"))
    assert code == 0
    assert " ".join(step.call for step in steps) == ITS_STEPS
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))


def test_other_folders_do_not_count(tmp_path: Path) -> None:
    outside = tmp_path / "work-not"
    outside.mkdir()
    program = f"open({str(outside / 'x')!r}, 'w').write('x'); open('y', 'w').close()"
    code, steps = run_python(program, tmp_path, Fault("count"))
    assert code == 0
    assert [step.path for step in steps] == [str(tmp_path.resolve() / "work/y")]


def test_kill_comes_before_the_step(tmp_path: Path) -> None:
    code, steps = run_python("open('x', 'wb').write(b'12345678')", tmp_path, Fault("kill", 2))
    assert code == -signal.SIGKILL
    assert len(steps) == 2
    assert (tmp_path / "work/x").read_bytes() == b""


def test_torn_write_leaves_half(tmp_path: Path) -> None:
    code, _ = run_python("open('x', 'wb').write(b'12345678')", tmp_path, Fault("torn", 2))
    assert code == -signal.SIGKILL
    assert (tmp_path / "work/x").read_bytes() == b"1234"


@pytest.mark.parametrize(
    ("mode", "error", "written"),
    [
        ("full", "ENOSPC", b"1234"),
        ("full-once", "ENOSPC", b""),
        ("broken", "EIO", b""),
        ("broken-once", "EIO", b""),
    ],
)
def test_a_disk_that_refuses(tmp_path: Path, mode: str, error: str, written: bytes) -> None:
    program = f"""
import errno, os
fd = os.open("x", os.O_CREAT | os.O_WRONLY)
try:
    os.write(fd, os.write(fd, b"12345678") * b"?")
except OSError as error:
    assert error.errno == errno.{error}, error
else:
    raise SystemExit(1)
"""
    code, _ = run_python(program, tmp_path, Fault(mode, 2))  # type: ignore[arg-type]
    assert code == 0
    assert (tmp_path / "work/x").read_bytes() == written


def test_read_errors(tmp_path: Path) -> None:
    program = "open('x', 'w').write('text'); open('x').read()"
    assert run_python(program, tmp_path, Fault("count-reads"))[0] == 0
    code, steps = run_python(program, tmp_path, Fault("unreadable-once", 2))
    assert code == 1
    assert [step.call for step in steps] == ["open", "read"]


# ---------------------------------------------------------------------------------------- against aidb itself


def prepared(case: Case, folder: Path) -> Path:
    original = folder / "original"
    original.mkdir()
    case.prepare(original)
    return original


SAMPLE = [case for case in CASES if case.name in ("add", "commit", "switch", "merge (clean)")]
SYNONYMS = {
    "openat": "open",
    "pwrite64": "pwrite",
    "pwritev2": "pwritev",
    "renameat2": "rename",
    "renameat": "rename",
    "mkdirat": "mkdir",
    "linkat": "link",
    "symlinkat": "symlink",
    "unlinkat": "unlink",
    "rmdir": "unlink",
    "fchmodat": "chmod",
    "utimensat": "utimens",
}
TRACED = (
    "write,pwrite64,writev,pwritev,pwritev2,copy_file_range,sendfile,splice,fsync,fdatasync,sync_file_range,syncfs,"
    "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat,"
    "ftruncate,truncate,fallocate,chmod,fchmod,fchmodat,utimensat,futimesat,utimes"
)


def traces() -> bool:
    """Whether strace is here and allowed."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode == 0


def traced_calls(output: Path, root: Path) -> Counter[str]:
    """How often each changing system call named something below `root`."""
    calls: Counter[str] = Counter()
    for line in output.read_text(errors="replace").splitlines():
        found = re.match(r"(?:\d+ +)?(\w+)\((.*)", line)
        if found and str(root) in found[2]:
            calls[SYNONYMS.get(found[1], found[1])] += 1
    return calls


@pytest.mark.skipif(not traces(), reason="strace is not installed or not permitted")
@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_nothing_is_missed(case: Case, tmp_path: Path) -> None:
    """The kernel sees the same changes as the shim, so neither libgit2 nor CPython has another way to the disk."""
    root = prepared(case, tmp_path).resolve()
    log, output = tmp_path / "log", tmp_path / "trace"
    env = environment(root, Fault("count"), log)
    preload = [f"--env={name}={value}" for name, value in env.items()]
    strace = ["strace", "-f", "-y", "-s", "0", "-o", str(output), "-e", f"trace={TRACED}", *preload]
    program = "import sys; from aidb_cli.main import main; sys.exit(main())"
    command = [*strace, sys.executable, "-c", program, *case.argv]
    done = subprocess.run(command, cwd=root, env=clean_environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == case.code, done.stderr
    seen = Counter(SYNONYMS.get(step.call, step.call) for step in read_log(log))
    del seen["open"]
    assert traced_calls(output, root) == seen


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_forked_commands_are_like_started_ones(case: Case, tmp_path: Path, zygote: Zygote) -> None:
    """The matrix forks commands to save start-up; the steps must be those of a real process."""
    original = prepared(case, tmp_path)
    started, forked = tmp_path / "started", tmp_path / "forked"
    for folder in (started, forked):
        copy_folder(original, folder)
    one = run_process(list(case.argv), started.resolve(), home=tmp_path)
    two = zygote.run(list(case.argv), forked.resolve())
    assert (one.code, two.code) == (case.code, case.code), one.stderr + two.stderr
    assert calls_but_of_objects(one.steps) == calls_but_of_objects(two.steps)


def calls_but_of_objects(steps: list[Step]) -> Counter[str]:
    """How often each call was made. A commit's id depends on the time, and so does which folders its objects need."""
    return Counter(step.call for step in steps if "/git/objects" not in step.path + step.other)


def test_a_started_command_dies_too(tmp_path: Path) -> None:
    """One kill without the zygote, to see that the whole chain works as a person would have it."""
    case = next(case for case in CASES if case.name == "add")
    root = prepared(case, tmp_path).resolve()
    assert run_process(list(case.argv), root, home=tmp_path, fault=Fault("kill", 5)).killed
    assert run_process(["add", "."], root, home=tmp_path).code == 0
