"""The documentation runs: the blocks of the README and the guides, in order, in a fresh folder.

An ``sh`` or ``python`` block is pasted whole and must succeed; a ``text`` block is what the one before it prints. In a
``console`` block, a line that begins with ``$ `` is typed; what is shown below it is what the command prints, even as
it fails, and if nothing is shown, it must succeed. Commit ids and dates may differ; ``…`` stands for anything.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"\b[0-9a-f]{7,40}\b")
_DATE = re.compile(r"\w{3} \w{3} +\d+ [\d:]{8} \d{4} [+-]\d{4}|\d{4}-\d\d-\d\d \d\d:\d\d")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


class Step(NamedTuple):
    """Something to run and, if the page says so, what it prints."""

    language: str
    code: str
    shown: str | None = None


class Shell:
    """Blocks one after the other, as one person would paste them; `cd` is remembered."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here = folder / "work"
        self.here.mkdir()
        self._mark = folder / "here"
        self._names: dict[str, object] = {}
        self._monkeypatch = monkeypatch
        for name in [name for name in os.environ if name.startswith(("AIDB_", "GIT_", "XDG_"))]:
            monkeypatch.delenv(name)
        for role in ("AIDB_AUTHOR", "GIT_AUTHOR", "GIT_COMMITTER"):
            monkeypatch.setenv(f"{role}_NAME", "Ada Lovelace")
            monkeypatch.setenv(f"{role}_EMAIL", "ada@example.com")
        (folder / "home").mkdir()
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)

    def run(self, step: Step) -> tuple[int, str]:
        """The exit code of a step, and all it printed."""
        return self._call(step.code) if step.language == "python" else self._type(step.code)

    def _type(self, command: str) -> tuple[int, str]:
        script = f"trap \"pwd > '{self._mark}'\" EXIT\n{command}"
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.here,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.here = Path(self._mark.read_text().strip())
        return done.returncode, done.stdout

    def _call(self, code: str) -> tuple[int, str]:
        self._monkeypatch.chdir(self.here)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, "python block", "exec"), self._names)
        return 0, printed.getvalue()


def steps(page: Path) -> Iterator[Step]:
    """What a page says to run."""
    blocks = _BLOCK.findall(page.read_text("utf-8"))
    for (language, code), (following, shown) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "console":
            yield from _typed(code)
        elif language != "text":
            assert language in ("sh", "python"), f"nothing runs a block of {language!r}"
            yield Step(language, code, shown if following == "text" else None)


def _typed(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, shown = re.fullmatch(r"(.*\n(?:> .*\n)*)((?:.|\n)*)", part).groups()  # type: ignore[union-attr]
        yield Step("console", command.replace("\n> ", "\n"), shown or None)


def _pattern(shown: str) -> str:
    return ".*".join(re.escape(part) for part in _masked(shown).split("…"))


def _masked(text: str) -> str:
    lines = (line.rstrip() for line in text.strip().splitlines())
    return _DATE.sub("<date>", _ID.sub("<id>", "\n".join(lines)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(tmp_path, monkeypatch)
    for step in steps(page):
        code, printed = shell.run(step)
        told = f"{step.code}\n{printed}"
        assert code == 0 or (step.language == "console" and step.shown), told
        assert step.shown is None or re.fullmatch(_pattern(step.shown), _masked(printed), re.DOTALL), told


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")],
    ids=lambda p: p.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not missing


def test_design_notes_have_a_number_each() -> None:
    notes = sorted((ROOT / "docs" / "design").glob("*.md"))
    numbers = [note.name.partition("-")[0] for note in notes]
    assert len(set(numbers)) == len(numbers)
    for note, number in zip(notes, numbers, strict=True):
        assert re.match(rf"# {number}: \S", note.read_text("utf-8")), note.name
