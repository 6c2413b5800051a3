"""The narrator: says one line, types a command, shows what it prints."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import textwrap
import time
from pathlib import Path

_WIDTH = 100
_BOLD, _DIM, _CYAN, _GREEN, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[32m", "\x1b[0m"


class UnexpectedExitError(Exception):
    """A command of the tour ended otherwise than the story has it."""


class Stage:
    """Where the tour plays: a folder, and the person's screen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._chapter = 0
        self._began = time.monotonic()

    def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._chapter += 1
        print(f"\n{self._paint(_BOLD + _CYAN, f'── {self._chapter}. {title} ')}", flush=True)

    def say(self, text: str) -> None:
        """One narrating line, before a command."""
        print()
        print(self._paint(_CYAN, textwrap.fill(" ".join(text.split()), _WIDTH)), flush=True)

    def run(self, command: str, *, ends_with: int = 0) -> None:
        """Type `command` and show its output. `ends_with` is the exit code that the story has it end with."""
        print(self._paint(_BOLD, f"$ {command}"), flush=True)
        done = subprocess.run(
            shlex.split(command), cwd=self.folder, env=_environment(), stderr=subprocess.STDOUT, check=False
        )
        if done.returncode != ends_with:
            raise UnexpectedExitError(f"`{command}` ended with {done.returncode}, not {ends_with}")
        if ends_with:
            print(self._paint(_DIM, f"(exit code {ends_with})"), flush=True)

    def did(self, text: str) -> None:
        """What a script of the story, not aidb, just did."""
        print(self._paint(_GREEN, f"# {text}"), flush=True)

    def listing(self, lines: list[str]) -> None:
        """Commands to try, as they are typed."""
        print()
        for line in lines:
            print(f"    {line}")

    @property
    def seconds(self) -> float:
        """How long the tour has taken."""
        return time.monotonic() - self._began

    def _paint(self, style: str, text: str) -> str:
        return f"{style}{text}{_OFF}" if self._colour else text


def _environment() -> dict[str, str]:
    """The person's own, with an author, so that the tour works where Git knows no name, and without a pager."""
    person = {"AIDB_AUTHOR_NAME": "Ada Lovelace", "AIDB_AUTHOR_EMAIL": "ada@example.org"}
    return {**os.environ, **person, "AIDB_PAGER": "cat", "GIT_PAGER": "cat"}
