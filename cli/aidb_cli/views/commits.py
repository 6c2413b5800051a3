"""Commits as `log` and `show` draw them, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb_cli.output import Json, Output
from aidb_cli.words import count, size, when

if TYPE_CHECKING:
    from aidb.repository import Repository
    from aidb.types import CommitId
    from aidb.versioning.commits import Commit

SHORT = 10
"""Digits of a commit id that are shown; more are never needed, fewer usually suffice to type."""


class Names:
    """Which branches and tags point at a commit."""

    def __init__(self, repo: Repository) -> None:
        head = repo.head
        self._by_commit: dict[CommitId, list[tuple[str, str]]] = {}
        if head.commit is not None:
            self._by_commit[head.commit] = [
                ("head", "HEAD" if head.branch is None else f"HEAD -> {head.branch}")
            ]
        for branch in repo.branches.values():
            if branch.name != head.branch:
                self._by_commit.setdefault(branch.commit, []).append(("branch", branch.name))
        for tag in repo.tags.values():
            self._by_commit.setdefault(tag.commit, []).append(("tag", f"tag: {tag.name}"))

    def text(self, out: Output, commit: CommitId) -> str:
        """` (HEAD -> main, tag: v1)`, or nothing."""
        found = self._by_commit.get(commit)
        if not found:
            return ""
        return f" ({', '.join(out.style(style, name) for style, name in found)})"

    def json(self, commit: CommitId) -> list[str]:
        """`["HEAD -> main", "tag: v1"]`"""
        return [name for _, name in self._by_commit.get(commit, ())]


def one_line(out: Output, commit: Commit, names: Names) -> str:
    """`1f3c9a2b7e (HEAD -> main) the first line of the message`"""
    return f"{out.style('commit', commit.id[:SHORT])}{names.text(out, commit.id)} {printable(commit.subject)}"


def full(out: Output, commit: Commit, names: Names) -> list[str]:
    """The lines of `log` and `show` for one commit, without an empty line at the end."""
    lines = [f"{out.style('commit', f'commit {commit.id}')}{names.text(out, commit.id)}"]
    if commit.is_merge:
        lines.append("Merge:  " + " ".join(parent[:SHORT] for parent in commit.parents))
    lines.append(f"Author: {printable(str(commit.author))}")
    lines.append(f"Date:   {when(commit.time)}")
    lines.append(f"Data:   {count(commit.files, 'file')}, {size(commit.bytes)}")
    if commit.code:
        lines.append(f"Code:   {commit.code}")
    lines.append("")
    lines += [f"    {printable(line)}".rstrip() for line in commit.message.rstrip("\n").split("\n")]
    return lines


def commit_json(commit: Commit, names: Names | None = None) -> Json:
    """A commit as data."""
    value = {
        "id": commit.id,
        "parents": list(commit.parents),
        "message": commit.message,
        "author": {"name": commit.author.name, "email": commit.author.email},
        "time": commit.time.isoformat(),
        "files": commit.files,
        "bytes": commit.bytes,
        "code": commit.code,
        "manifest": commit.root.hex(),
    }
    return value if names is None else {**value, "refs": names.json(commit.id)}


def printable(text: str) -> str:
    """A line of a message without what would move the cursor."""
    return "".join(char if char.isprintable() or char == "\t" else "�" for char in text)
