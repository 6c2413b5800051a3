"""Keeping both sides of a conflict, each as a file: `labels.csv` and, beside it, `labels.clean.csv`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aidb.types import Entry, RepoPath
from aidb.versioning.manifest import Change, Conflict, Manifest, Reason

_LONGEST = 255
"""Bytes in a file name, on the file systems people use."""


class SideNames:
    """Finds names that nothing in either version has."""

    def __init__(self, ours: Manifest, theirs: Manifest, changes: Iterable[Change]) -> None:
        """`changes` are those that will be made of `ours` anyway."""
        self._versions = (ours, theirs)
        self._taken = {change.path for change in changes if change.new is not None}

    def keep_both(self, conflicts: list[Conflict], our_label: str, their_label: str) -> list[Change]:
        """The changes of ours that leave both sides of every conflict in the version.

        A file that the other side removed is kept. Where a file meets a folder, the file moves aside.
        """
        changes: list[Change] = []
        for conflict in conflicts:
            path, ours, theirs = conflict.path, conflict.ours, conflict.theirs
            if conflict.reason is Reason.FILE_FOLDER and self._is_folder_side(conflict):
                changes += [] if ours == theirs or theirs is None else [Change(path, ours, theirs)]
            elif ours is None:
                changes += self._aside_of_folder(conflict, their_label, theirs) if theirs else []
            elif theirs is not None:
                changes.append(Change(self.beside(path, their_label), None, theirs))
            elif conflict.reason is Reason.FILE_FOLDER:
                changes.append(Change(path, ours, None))
                changes.append(Change(self.beside(path, our_label), None, ours))
        return changes

    def _is_folder_side(self, conflict: Conflict) -> bool:
        """Whether the conflict is of a path inside the folder, not of the file in its way."""
        inside = conflict.path + b"/"
        return not any(version.totals(inside).files for version in self._versions)

    def _aside_of_folder(self, conflict: Conflict, label: str, theirs: Entry) -> list[Change]:
        aside = conflict.reason is Reason.FILE_FOLDER
        path = self.beside(conflict.path, label) if aside else conflict.path
        return [Change(path, None, theirs)]

    def beside(self, path: RepoPath, label: str) -> RepoPath:
        """`a/labels.csv` with the label `team/clean` → `a/labels.team-clean.csv`, or with a number if that is taken."""
        folder, slash, name = path.rpartition(b"/")
        stem, dot, suffix = name.rpartition(b".")
        if not stem:
            stem, dot, suffix = name, b"", b""
        mark = re.sub(rb"[^\w.-]+", b"-", label.encode("utf-8", "replace"))[:60] or b"theirs"
        number = 1
        while True:
            tail = b"." + mark + (b"-%d" % number if number > 1 else b"") + dot + suffix
            found = RepoPath(folder + slash + stem[: max(1, _LONGEST - len(tail))] + tail)
            if not self._is_taken(found):
                self._taken.add(found)
                return found
            number += 1

    def _is_taken(self, path: RepoPath) -> bool:
        # As a folder too: a path without a slash at its end means both.
        return path in self._taken or any(version.totals(path).files for version in self._versions)
