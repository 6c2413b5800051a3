"""Asking the `git` command, which understands every repository and every configuration that Git makes."""

from __future__ import annotations

import os
from pathlib import Path

_TIMEOUT = 60.0


def ask_git(root: Path, *arguments: str, feed: bytes | None = None) -> bytes | None:
    """What Git prints, None if it could not say. Its own environment variables (of a hook, say) do not mislead it."""
    import subprocess

    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "-C", os.fspath(root), *arguments]
    try:
        done = subprocess.run(
            command, input=feed, capture_output=True, env=environment, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode in (0, 1) else None
