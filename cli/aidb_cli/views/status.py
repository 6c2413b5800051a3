"""`aidb status`, drawn like Git's, with the next commands to type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aidb.types import show_path
from aidb_cli.output import Json, Output
from aidb_cli.views.changes import MOST_FILES, change_json, tally
from aidb_cli.views.commits import SHORT
from aidb_cli.views.conflicts import conflict_lines, conflicts_json
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.versioning.diff import FileChange
    from aidb.versioning.workspace import Status

FromHere = Callable[[str], str]
"""From a path relative to the root to one that can be typed in the current folder."""

_WORDS = {
    "A": "new file:   ",
    "M": "modified:   ",
    "D": "deleted:    ",
    "R": "renamed:    ",
    "T": "typechange: ",
}


class StatusView:
    """What is staged, changed, unknown and in conflict."""

    def __init__(self, status: Status, from_here: FromHere) -> None:
        self.status = status
        self.from_here = from_here

    def json(self) -> Json:
        """Paths are relative to the repository's root, whatever the current folder."""
        status = self.status
        return {
            "branch": status.head.branch,
            "commit": status.head.commit,
            "clean": status.clean,
            "merging": status.merging,
            "staged": [change_json(change) for change in status.staged],
            "unstaged": [change_json(change) for change in status.unstaged],
            "untracked": list(status.untracked),
            "conflicts": conflicts_json(status.conflicts),
            "notes": list(status.notes),
        }

    def draw(self, out: Output) -> None:
        """Head, sections, and what to do next."""
        self._draw_head(out)
        self._draw_conflicts(out)
        self._draw_section(
            out,
            self.status.staged,
            "added",
            "Changes to be committed:",
            ('use "aidb restore --staged <path>..." to unstage',),
        )
        self._draw_section(
            out,
            self.status.unstaged,
            "removed",
            "Changes not staged for commit:",
            (
                'use "aidb add <path>..." to stage them, or "aidb commit -a" for all',
                'use "aidb restore --force <path>..." to throw them away',
            ),
        )
        self._draw_untracked(out)
        for note in self.status.notes:
            out.line(note)
        self._draw_end(out)

    def draw_short(self, out: Output) -> None:
        """Two letters and a path a line, as `git status --short`."""
        staged = {change.path: change.status for change in self.status.staged}
        unstaged = {change.path: change.status for change in self.status.unstaged}
        for conflict in self.status.conflicts:
            out.line(f"{out.style('conflict', 'UU')} {self._name(conflict.path)}")
            staged.pop(conflict.path, None)
            unstaged.pop(conflict.path, None)
        for path in sorted(staged.keys() | unstaged.keys()):
            left = out.style("added", staged.get(path, " "))
            right = out.style("removed", unstaged.get(path, " "))
            out.line(f"{left}{right} {self._name(path)}")
        for path in self.status.untracked:
            out.line(f"{out.style('removed', '??')} {self._name(path)}")

    def _draw_head(self, out: Output) -> None:
        head = self.status.head
        if head.branch:
            out.line(f"On branch {out.style('branch', head.branch)}")
        elif head.commit:
            out.line(f"{out.style('removed', 'HEAD detached')} at {head.commit[:SHORT]}")
        if head.commit is None:
            out.line()
            out.line("No commits yet")

    def _draw_conflicts(self, out: Output) -> None:
        status = self.status
        if not status.merging:
            return
        out.line()
        if not status.conflicts:
            out.line(f"The {status.merging} is under way and all conflicts are settled.")
            out.line('  (use "aidb commit" to conclude it)')
            return
        out.line(f"The {status.merging} stopped at {count(len(status.conflicts), 'conflict')}.")
        out.line(
            '  (settle each with "aidb restore --ours <path>" or "--theirs", or edit it and "aidb add <path>")'
        )
        if status.merging.startswith("stash "):
            out.line('  ("aidb undo" gives up)')
        else:
            out.line('  (then "aidb commit"; "aidb merge --abort" gives up)')
        out.line()
        out.line("Unmerged paths:")
        for line in conflict_lines(out, status.conflicts, self.from_here):
            out.line(f"        {line}")

    def _draw_section(
        self, out: Output, changes: Sequence[FileChange], style: str, heading: str, hints: tuple[str, ...]
    ) -> None:
        if not changes:
            return
        out.line()
        out.line(heading)
        for hint in hints:
            out.line(f"  ({hint})")
        if len(changes) <= MOST_FILES:
            for change in changes:
                out.line("        " + out.style(style, _WORDS[change.status] + self._change(change)))
        else:
            self._draw_many(out, changes, style)

    def _draw_many(self, out: Output, changes: Sequence[FileChange], style: str) -> None:
        folders: dict[str, list[FileChange]] = {}
        for change in changes:
            folders.setdefault(change.path.rpartition("/")[0], []).append(change)
        for folder, inside in list(folders.items())[:MOST_FILES]:
            name = self._name(folder + "/") if folder else "./"
            out.line(f"        {out.style(style, name)}  {tally(inside).text()}")
        hidden = sum(len(inside) for inside in list(folders.values())[MOST_FILES:])
        if hidden:
            out.line(f"        … and {count(hidden, 'more change')} in other folders")
        out.line(f"        {out.style('dim', 'in all: ' + tally(changes).text())}")

    def _draw_untracked(self, out: Output) -> None:
        paths = self.status.untracked
        if not paths:
            return
        out.line()
        out.line("Untracked files:")
        out.line('  (use "aidb add <path>..." to include them in what will be committed)')
        for path in paths[:MOST_FILES]:
            out.line(f"        {out.style('removed', self._name(path))}")
        if len(paths) > MOST_FILES:
            out.line(f"        … and {len(paths) - MOST_FILES:,} more")

    def _draw_end(self, out: Output) -> None:
        status = self.status
        if status.staged or status.merging:
            return
        out.line()
        if status.unstaged:
            out.line('nothing staged yet (use "aidb add" and "aidb commit", or "aidb commit -a")')
        elif status.untracked:
            out.line('nothing to commit, but there are untracked files (use "aidb add" to track them)')
        elif status.head.commit is None:
            out.line('nothing to commit (put files into this folder and use "aidb add" to track them)')
        else:
            out.line("nothing to commit, working tree clean")

    def _name(self, path: str) -> str:
        return show_path(self.from_here(path))

    def _change(self, change: FileChange) -> str:
        if change.status == "R" and change.old_path is not None:
            return f"{self._name(change.old_path)} → {self._name(change.path)}"
        return self._name(change.path)
