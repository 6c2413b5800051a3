"""Living in the working tree of a Git repository of code.

What Git tracks is Git's; what aidb tracks should be ignored by Git. Everything here asks the `git` command, the only
one that understands every repository Git makes; where there is none, there is no Git to live beside.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from aidb.files import storage_errors
from aidb.versioning.git_command import ask_git
from aidb.versioning.workspace.report import some
from aidb.versioning.workspace.tree.folders import parents
from aidb.versioning.workspace.tree.scan import NOTHING_FOREIGN, Foreign


def in_git(root: Path) -> bool:
    """Whether the workspace lies in a working tree of Git."""
    folder, above = "", os.path.abspath(root)
    while above != folder:
        folder = above
        if os.path.lexists(f"{folder}/.git"):
            return True
        above = os.path.dirname(folder)
    return False


def git_files(root: Path) -> Foreign:
    """The files that Git tracks in the workspace. Git is asked when the first question comes."""
    return GitFiles(root) if in_git(root) else NOTHING_FOREIGN


class GitFiles:
    """Paths below the workspace that Git tracks."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __contains__(self, path: bytes) -> bool:
        at = bisect_left(self._paths, path)
        return at < len(self._paths) and self._paths[at] == path

    def any_below(self, folder: bytes) -> bool:
        at = bisect_left(self._paths, folder + b"/")
        return at < len(self._paths) and self._paths[at].startswith(folder + b"/")

    @cached_property
    def _paths(self) -> list[bytes]:
        listed = ask_git(self._root, "ls-files", "-z")
        return sorted(set(listed.split(b"\0"))) if listed else []


def code_commit(root: Path) -> str | None:
    """The commit of the code, with `-dirty` if tracked files have changed; None outside Git or before a commit."""
    if not in_git(root):
        return None
    commit = ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    # aidb.lock is written by every commit, so it cannot count as a change of the code.
    changes = ask_git(
        root, "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top,glob)**/aidb.lock"
    )
    return commit.decode("ascii").strip() + ("-dirty" if changes else "")


def gitignore_lines(root: Path, paths: Iterable[bytes]) -> list[str]:
    """The lines of a `.gitignore` in the workspace root that would hide these paths from Git.

    Leaves out what Git ignores or tracks already. Empty outside of Git.
    """
    wanted = [path for path in paths if path and b"\n" not in path]  # Git has no way to write those
    if not wanted or not in_git(root):
        return []
    answer = ask_git(root, "check-ignore", "-z", "--stdin", feed=b"\0".join(wanted))
    if answer is None:
        return []
    tracked = GitFiles(root)
    ignored = set(answer.split(b"\0"))
    return [
        _line(root, path)
        for path in wanted
        if path not in ignored and path not in tracked and not tracked.any_below(path)
    ]


def gitignore_note(root: Path, foreign: Foreign, grown: Iterable[bytes], loose: Iterable[bytes]) -> list[str]:
    """What to say when files were added to the folders `grown`, and to the root: which lines hide them from Git."""
    if foreign is NOTHING_FOREIGN:
        return []
    tops = {_highest_without(foreign, folder) for folder in grown if folder}
    lines = gitignore_lines(root, [*sorted(path for path in tops if path), *loose])
    if not lines:
        return []
    return [f"Git sees these files too; add to .gitignore: {some(lines)}"]


def _highest_without(foreign: Foreign, folder: bytes) -> bytes | None:
    """The outermost folder around `folder` in which Git tracks nothing; None if it tracks files in `folder` itself."""
    return next((path for path in (*parents(folder), folder) if not foreign.any_below(path)), None)


def ignore_in_git(root: Path, paths: Iterable[bytes]) -> list[str]:
    """Append what `gitignore_lines` says to the workspace's `.gitignore`; return the lines."""
    lines = gitignore_lines(root, paths)
    if lines:
        file = root / ".gitignore"
        with storage_errors("writing .gitignore"):
            old = file.read_bytes() if file.exists() else b""
            gap = b"" if not old or old.endswith(b"\n") else b"\n"
            with open(file, "ab") as out:
                out.write(gap + "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape"))
    return lines


def _line(root: Path, path: bytes) -> str:
    text = os.fsdecode(path)
    escaped = "".join("\\" + char if char in "\\*?[" else char for char in text)
    if escaped.endswith(" "):
        escaped = escaped[:-1] + "\\ "
    folder = os.path.isdir(root / text) and not os.path.islink(root / text)
    return f"/{escaped}" + ("/" if folder else "")
