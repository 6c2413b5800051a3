"""Colour, quiet, JSON, width, the pager and progress."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import aidb
from aidb_cli.output import Output
from aidb_cli.progress import TerminalProgress
from aidb_cli.words import age, count, plus, share, size
from tests.cli.conftest import Shell


class Terminal(io.StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        return True


def output(
    monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str], stream: io.StringIO, color: str = "auto"
) -> Output:
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    out = Output(environ)
    out.configure(color)
    return out


@pytest.mark.parametrize(
    ("environ", "terminal", "color", "colored"),
    [
        ({}, True, "auto", True),
        ({}, False, "auto", False),
        ({"NO_COLOR": "1"}, True, "auto", False),
        ({"NO_COLOR": ""}, True, "auto", True),
        ({"TERM": "dumb"}, True, "auto", False),
        ({"NO_COLOR": "1"}, False, "always", True),
        ({}, True, "never", False),
    ],
)
def test_color(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], terminal: bool, color: str, colored: bool
) -> None:
    out = output(monkeypatch, environ, Terminal() if terminal else io.StringIO(), color)
    assert out.style("added", "x") == ("\x1b[32mx\x1b[0m" if colored else "x")


def test_rows_are_one_json_array(monkeypatch: pytest.MonkeyPatch) -> None:
    for items in ([], [1], [1, 2, 3]):
        stream = io.StringIO()
        out = output(monkeypatch, {}, stream)
        out.configure("auto", json=True)
        out.rows(items, lambda item: {"n": item}, str)
        assert json.loads(stream.getvalue()) == [{"n": item} for item in items]


def test_quiet_and_json_drop_notes_but_not_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    out = output(monkeypatch, {}, stream)
    out.configure("auto", quiet=True)
    out.note("a note")
    out.hint("a hint")
    out.report({}, "a summary")
    out.warn("a warning")
    assert stream.getvalue() == "warning: a warning\n"


def test_width(monkeypatch: pytest.MonkeyPatch) -> None:
    assert output(monkeypatch, {"COLUMNS": "42"}, io.StringIO()).width == 42
    assert output(monkeypatch, {}, io.StringIO()).width == 80


def test_words() -> None:
    assert [size(n) for n in (0, 1023, 1536, 5 << 20)] == ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]
    assert [count(1, "file"), count(4210, "file"), count(2, "copy", "copies")] == [
        "1 file",
        "4,210 files",
        "2 copies",
    ]
    assert [plus(2048), plus(-1)] == ["+2.0 KiB", "-1 B"]
    assert [share(1, 4), share(0, 0)] == ["25%", "0%"]


def test_age() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert age(now - timedelta(seconds=1), now) == "1 second ago"
    assert age(now - timedelta(hours=3), now) == "3 hours ago"
    assert age(now - timedelta(days=800), now) == "2 years ago"


def test_short_work_draws_nothing() -> None:
    stream = Terminal()
    progress = TerminalProgress(stream, color=False)
    task = progress.task("adding", 10)
    task.advance(10)
    task.close()
    progress.close()
    assert stream.getvalue() == ""


def test_long_work_draws_a_bar_and_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb_cli.progress.PATIENCE", 0.0)
    stream = Terminal()
    progress = TerminalProgress(stream, color=False)
    task = progress.task("adding", 2000, "files")
    task.advance(1234)
    wait_for(stream, "1,234 of 2,000 files")
    task.close()
    progress.close()
    assert "adding" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K")


def test_two_pieces_of_work_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aidb_cli.progress.PATIENCE", 0.0)
    stream = Terminal()
    progress = TerminalProgress(stream, color=False)
    progress.task("scanning", None, "folders").advance(3)
    progress.task("reading", 4 << 20, "bytes").advance(1 << 20)
    wait_for(stream, "3 folders")
    wait_for(stream, "1.0 MiB of 4.0 MiB")
    progress.close()
    assert threading.active_count() == 1


def wait_for(stream: Terminal, text: str) -> None:
    """Until the terminal has shown `text`."""
    deadline = time.monotonic() + 20
    while text not in stream.getvalue():
        assert time.monotonic() < deadline, stream.getvalue()
        time.sleep(0.02)


def on_a_terminal(folder: Path, environ: Mapping[str, str], *argv: str) -> str:
    """What a command shows on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "aidb_cli", *argv],
        cwd=folder,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    process.wait()
    os.close(ours)
    return shown.decode()


def test_a_message_from_the_editor(repo: Shell) -> None:
    editor = repo.folder.parent / "editor"
    editor.write_text(
        '#!/bin/sh\ncp "$1" "$1.seen"\ncp "$1" ../seen\nprintf "From the editor\\n# no\\n" > "$1"\n'
    )
    editor.chmod(0o755)
    environ = {**os.environ, "EDITOR": str(editor), "TERM": "xterm"}
    assert "nothing" in on_a_terminal(repo.folder, environ, "commit")
    assert not (repo.folder.parent / "seen").exists()
    repo.write("a.txt", "a")
    repo.ok("add", ".")
    assert "From the editor" in on_a_terminal(repo.folder, environ, "commit")
    assert "# To be committed: 1 added (+1 B)" in (repo.folder.parent / "seen").read_text()
    assert "    From the editor\n" in repo.ok("log")
    on_a_terminal(repo.folder, environ, "commit", "--amend")
    assert (repo.folder.parent / "seen").read_text().startswith("From the editor\n")
    assert "ended with code 1" in on_a_terminal(
        repo.folder, {**environ, "EDITOR": "false"}, "commit", "--amend"
    )
    assert "could not be started" in on_a_terminal(
        repo.folder, {**environ, "EDITOR": "/nowhere"}, "commit", "--amend"
    )
    assert len(repo.ok("log", "--oneline").splitlines()) == 1


def test_binary_content_is_described_on_a_terminal(repo: Shell) -> None:
    repo.write("a.bin", b"\0\1\2")
    repo.commit("first")
    shown = on_a_terminal(repo.folder, {**os.environ, "PAGER": "cat", "TERM": "xterm"}, "show", "HEAD:a.bin")
    assert shown.startswith("file, 3 B, BLAKE3 ")


def test_the_pager(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nsed 's/^/> /'\n")
    pager.chmod(0o755)
    environ = {
        **os.environ,
        "AIDB_PAGER": str(pager),
        "TERM": "xterm",
        "AIDB_AUTHOR_NAME": "A",
        "AIDB_AUTHOR_EMAIL": "a@b",
    }
    for argv in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([sys.executable, "-m", "aidb_cli", *argv], cwd=tmp_path, env=environ, check=True)
    shown = on_a_terminal(tmp_path, environ, "log", "--oneline")
    assert shown.startswith("> \x1b[33m")
    assert shown.endswith(" first\r\n")
    assert not on_a_terminal(tmp_path, environ, "--no-pager", "log", "--oneline").startswith(">")
    assert not on_a_terminal(tmp_path, environ, "branch").startswith(">")


def test_a_table_fits_the_terminal_behind_the_pager(repo: Shell) -> None:
    with aidb.start_run(repo=repo.folder, params={f"param-{at}": at for at in range(9)}, capture=False):
        pass
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    shown = on_a_terminal(
        repo.folder, {**environ, "AIDB_PAGER": "cat", "TERM": "xterm", "NO_COLOR": "1"}, "runs"
    )
    assert "more columns: param-" in shown
    assert max(map(len, shown.splitlines()[:2])) <= 80
