"""The guides, pasted into a shell: every block runs, and what is shown is what comes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

GUIDES = sorted((Path(__file__).parents[2] / "docs" / "guides").glob("*.md"))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"\b[0-9a-f]{7,40}\b")


class Step(NamedTuple):
    """A block to run and, if the guide says so, what it prints."""

    language: str
    code: str
    shown: str | None


def steps(guide: Path) -> list[Step]:
    """The blocks of a guide; a `text` block tells what the one before it prints."""
    found: list[Step] = []
    for language, body in _BLOCK.findall(guide.read_text("utf-8")):
        if language == "text":
            found[-1] = found[-1]._replace(shown=body)
        else:
            found.append(Step(language, body, None))
    return found


def test_there_are_guides() -> None:
    known = {guide.stem for guide in GUIDES}
    assert known >= {"getting-started", "coming-from-git-and-dvc", "beside-git", "looking-inside"}


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.stem for guide in GUIDES])
def test_every_block_works(guide: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    aidb = programs / "aidb"
    aidb.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m aidb_cli "$@"\n')
    aidb.chmod(0o755)
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "AIDB_", "XDG_"))
    }
    environ |= {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AIDB_AUTHOR_NAME": "Ada Lovelace",
        "AIDB_AUTHOR_EMAIL": "ada@example.com",
    }
    folder = tmp_path
    for step in steps(guide):
        printed, folder = paste(step, folder, environ)
        if step.shown is not None:
            assert _ID.sub("ID", printed) == _ID.sub("ID", step.shown)


def paste(step: Step, folder: Path, environ: dict[str, str]) -> tuple[str, Path]:
    """Run a block where the one before it ended; what it printed, in order, and where it ended."""
    assert step.language in ("sh", "python")
    script = step.code if step.language == "sh" else f"python - <<'END'\n{step.code}END\n"
    where = folder / ".where"
    ran = subprocess.run(
        ["bash", "-e", "-c", f'{script}\npwd > "{where}"'],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, f"{step.code}\n{ran.stdout}"
    ended = Path(where.read_text().strip())
    where.unlink()
    return ran.stdout, ended
