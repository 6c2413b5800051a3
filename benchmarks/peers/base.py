"""What the benchmark asks of a tool: the commands a person would type for each step.

A tool never runs anything itself. It answers with commands, which are measured, logged and can be read.
Every tool works in `place/tree`, with the data in `place/tree/data`; a tool that keeps its store elsewhere (a backup
tool) has it in `place/store`. `HOME` is a folder of the tool's own, so that no setting of the person who measures
comes in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.measure import Command

SMALL, LARGE, CHECKPOINTS, TABLES = "small", "large", "checkpoints", "tables"
ALL = frozenset({SMALL, LARGE, CHECKPOINTS})
"""What every tool can do; nobody but aidb looks inside tables."""
DRIVERS = Path(__file__).resolve().parent.parent / "drivers"

Commands = list[Command]


class Programs:
    """Where programs are: in the environment of the peers first, then on the PATH."""

    def __init__(self, peers: Path | None) -> None:
        self._peers = peers / "bin" if peers else None

    def find(self, name: str) -> str | None:
        """The full path of the program `name`, or None."""
        own = shutil.which(name, path=str(self._peers)) if self._peers else None
        return own or shutil.which(name)

    def python_with(self, module: str) -> str | None:
        """The peers' Python, if it has `module`."""
        python = shutil.which("python", path=str(self._peers)) if self._peers else None
        if python is None:
            return None
        probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
        found = subprocess.run([python, "-c", probe], check=False, capture_output=True)
        return python if found.returncode == 0 else None


class Tool(ABC):
    """One way to keep versions of a folder."""

    name: ClassVar[str]
    note: ClassVar[str]
    workloads: ClassVar[frozenset[str]] = ALL

    def __init__(self, place: Path, programs: Programs) -> None:
        self.place = place
        self.tree = place / "tree"
        self.data = self.tree / "data"
        self.store = place / "store"
        self.home = place / "home"
        self._programs = programs

    @classmethod
    @abstractmethod
    def version_command(cls, programs: Programs) -> list[str] | None:
        """The command that prints the version; None where the tool is not installed."""

    @abstractmethod
    def create(self) -> Commands:
        """Make an empty repository."""

    @abstractmethod
    def save(self, version: str) -> Commands:
        """Add and commit everything in `data` as `version`."""

    @abstractmethod
    def status(self) -> Commands:
        """Say what has changed since the last version."""

    @abstractmethod
    def switch(self, version: str) -> Commands:
        """Bring `data`, which holds another version, to `version`."""

    @abstractmethod
    def restore(self, version: str) -> Commands:
        """Write all of `version`, which is the current one, into a tree whose `data` is gone."""

    @abstractmethod
    def stores(self) -> Sequence[Path]:
        """The folders that hold the versions."""

    def mark(self, version: str) -> Commands:
        """What `switch` needs to find `version` again; not part of any timed step."""
        return []

    def inside(self, old: str, new: str, key: str) -> Commands:
        """Say which rows of tables, told apart by the column `key`, differ between two versions; not all tools can."""
        return []

    def environment(self) -> dict[str, str]:
        """The environment of every command."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.home),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def prepare(self) -> None:
        """Make the folders, and a Git configuration that names an author."""
        for folder in (self.tree, self.home):
            folder.mkdir(parents=True)
        (self.home / ".gitconfig").write_text(
            "[user]\n\tname = Bench\n\temail = bench@example.invalid\n[init]\n\tdefaultBranch = main\n"
        )

    def _program(self, name: str) -> str:
        found = self._programs.find(name)
        if found is None:
            raise FileNotFoundError(f"{self.name} needs the program '{name}', which is not installed")
        return found

    def _here(self, *argv: str) -> Command:
        return Command(argv, self.tree)


def installed_version(tool: type[Tool], programs: Programs) -> str | None:
    """The version number that `tool` prints; None where it is not installed."""
    command = tool.version_command(programs)
    if command is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if done.returncode == 0 and found else None
