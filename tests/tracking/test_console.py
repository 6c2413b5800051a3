"""What a run prints is shown as before, and kept."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from aidb.repository import Repository
from aidb.tracking.console_script import MOST_LINE, Line
from tests.tracking.reading import only_run, program


def kept(repo: Repository) -> str:
    return next(only_run(repo.root).glob("*.log")).read_text()


def test_output_of_the_program_and_its_children(repo: Repository) -> None:
    script = """
import aidb, subprocess, sys
print("before", flush=True)
with aidb.start_run("e", capture=False):
    print("own", flush=True)
    subprocess.run(["sh", "-c", "echo child; echo wrong >&2"], check=True)
    print("25%\\r50%\\r75%\\r", end="", flush=True)
    print("100%")
    print("no end", end="")
print("\\nafter")
"""
    out, err = program(script, repo.root).communicate(timeout=60)
    # Text mode reads a carriage return as the end of a line.
    assert out == "before\nown\nchild\n25%\n50%\n75%\n100%\nno end\nafter\n"
    assert err == "wrong\n"
    assert sorted(kept(repo).splitlines()) == sorted(["own", "child", "wrong", "100%", "no end"])


def test_last_words_before_a_crash_are_kept(repo: Repository) -> None:
    script = """
import aidb, os
run = aidb.start_run("e", capture=False)
os.write(1, b"last words")
os.kill(os.getpid(), 9)
"""
    out, _ = program(script, repo.root).communicate(timeout=60)
    assert out == "last words"
    assert kept(repo) == "last words"


def test_a_child_that_stays_does_not_hold_up_the_end(repo: Repository) -> None:
    script = """
import aidb, subprocess, time
begin = time.monotonic()
with aidb.start_run("e", capture=False):
    subprocess.Popen(["sh", "-c", "sleep 3; echo late"])
assert time.monotonic() - begin < 2.5
"""
    out, err = program(script, repo.root).communicate(timeout=60)
    assert (out, err) == ("late\n", "")


def test_a_terminal_stays_one(repo: Repository) -> None:
    script = """
import aidb, os, sys
with aidb.start_run("e", capture=False):
    print(sys.stdout.isatty(), os.isatty(2))
"""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repo.root, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    assert done.returncode == 0
    assert os.read(ours, 100) == b"True True\r\n"
    os.close(ours)
    assert kept(repo) == "True True\n"


def test_no_console_where_it_is_not_wanted(repo: Repository) -> None:
    program("import aidb; aidb.start_run()", repo.root, AIDB_CONSOLE="off").communicate(timeout=60)
    assert not list(only_run(repo.root).glob("*.log"))


@given(
    lines=st.lists(st.lists(st.text("ab \t", min_size=1), min_size=1, max_size=4), max_size=5),
    data=st.data(),
)
def test_lines_show_what_a_terminal_would(lines: list[list[str]], data: st.DataObject) -> None:
    raw = "".join("\r".join(states) + data.draw(st.sampled_from(["\n", "\r\n"])) for states in lines).encode()
    line, done, at = Line(), b"", 0
    while at < len(raw):
        step = data.draw(st.integers(1, 5))
        done += line.feed(raw[at : at + step])
        at += step
    assert done.decode() == "".join(states[-1] + "\n" for states in lines)
    assert line.shown == b""


def test_a_line_without_an_end_is_bounded() -> None:
    line = Line()
    done = b"".join(line.feed(b"x" * 10_000) for _ in range(20))
    assert len(line.shown) <= MOST_LINE + 10_000
    assert len(done.replace(b"\n", b"")) + len(line.shown) == 200_000
