"""The documentation runs: the shell and Python blocks of the README and the guides, in order, in a fresh folder.

An ``sh`` block is pasted whole and must succeed. In a ``console`` block, a line that begins with ``$ `` is typed; if
output is shown below it, it must be what the command prints, where commit ids and dates may differ and ``…`` stands
for anything; if none is shown, the command must succeed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"\b[0-9a-f]{40}\b|\b[0-9a-f]{10}\b")
_DATE = re.compile(r"\w{3} \w{3} +\d+ [\d:]{8} \d{4} [+-]\d{4}|\d{4}-\d\d-\d\d \d\d:\d\d")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@dataclass
class Typed:
    """A command of a console block, and what is shown below it."""

    command: str
    shown: list[str] = field(default_factory=list)


class Shell:
    """Commands one after the other, as one person would type them; `cd` is remembered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder / "home"
        home.mkdir()
        self.here = folder / "work"
        self.here.mkdir()
        self._mark = folder / "here"
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIDB_AUTHOR_NAME": "Ada Lovelace",
            "AIDB_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_NAME": "Ada Lovelace",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada Lovelace",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
        }

    def type(self, command: str) -> tuple[int, str]:
        """The exit code of `command`, and all it printed."""
        script = f"trap \"pwd > '{self._mark}'\" EXIT\n{command}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.here,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.here = Path(self._mark.read_text().strip())
        return done.returncode, done.stdout


def _typed(block: str) -> list[Typed]:
    commands: list[Typed] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append(Typed(line[2:]))
        elif line.startswith("> ") and commands and not commands[-1].shown:
            commands[-1].command += "\n" + line[2:]
        else:
            commands[-1].shown.append(line)
    return commands


def _pattern(shown: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in shown).strip()
    return ".*".join(re.escape(_masked(part)) for part in text.split("…"))


def _masked(text: str) -> str:
    return _DATE.sub("<date>", _ID.sub("<id>", text))


def _check(shell: Shell, typed: Typed) -> None:
    code, printed = shell.type(typed.command)
    if not typed.shown:
        assert code == 0, f"$ {typed.command}\n{printed}"
        return
    got = _masked("\n".join(line.rstrip() for line in printed.splitlines()).strip())
    assert re.fullmatch(_pattern(typed.shown), got, re.DOTALL), f"$ {typed.command}\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(tmp_path)
    names: dict[str, object] = {}
    for name in ("HOME", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, shell.environment[name])
    for language, block in _BLOCK.findall(page.read_text("utf-8")):
        if language == "sh":
            _check(shell, Typed(f"set -e\n{block}"))
        elif language == "console":
            for typed in _typed(block):
                _check(shell, typed)
        elif language == "python":
            monkeypatch.chdir(shell.here)
            exec(compile(block, f"{page.name} (python block)", "exec"), names)


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")],
    ids=lambda p: p.name,
)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not missing
