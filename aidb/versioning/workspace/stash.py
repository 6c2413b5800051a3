"""Work that was put aside, as a person sees it: listed, looked into, brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from aidb.notebook import html_table
from aidb.progress import SILENT, Progress
from aidb.versioning.stashes import Stashed, find_stash, stashes
from aidb.versioning.workspace.differences import between
from aidb.versioning.workspace.verbs.stash import push, root_of
from aidb.versioning.workspace.verbs.unstash import Unstashed, unstash
from aidb.versioning.workspace.workspace import Workspace

if TYPE_CHECKING:
    from aidb.versioning.diff import FileChange
    from aidb.versioning.workspace.verbs.merge import ContentMerge


class Stash:
    """The stashes of a repository, newest first: `repo.stash.push()`, `repo.stash.pop()`, `repo.stash[0]`."""

    def __init__(self, workspace: Workspace, merge_content: Callable[[], ContentMerge]) -> None:
        """`merge_content` gives the function that merges inside files, once it is needed."""
        self._workspace = workspace
        self._merge_content = merge_content

    def __iter__(self) -> Iterator[Stashed]:
        return iter(stashes(self._workspace.engine))

    def __len__(self) -> int:
        return len(stashes(self._workspace.engine))

    def __getitem__(self, name: int | str) -> Stashed:
        """The stash of that number or name (`stash@{1}`). Raises NotFoundError (a LookupError)."""
        return find_stash(self._workspace.engine, str(name))

    def push(
        self, message: str | None = None, *, untracked: bool = False, progress: Progress = SILENT
    ) -> Stashed:
        """Put what is staged and changed aside, with `untracked` also untracked files, and go back to HEAD's files."""
        return push(self._workspace, message, untracked=untracked, progress=progress)

    def apply(self, name: str | None = None, *, progress: Progress = SILENT) -> Unstashed:
        """Bring a stash back, the newest if none is named, and keep it."""
        return self._bring_back(name, drop=False, progress=progress)

    def pop(self, name: str | None = None, *, progress: Progress = SILENT) -> Unstashed:
        """Bring a stash back and, unless there are conflicts, remove it."""
        return self._bring_back(name, drop=True, progress=progress)

    def _bring_back(self, name: str | None, *, drop: bool, progress: Progress) -> Unstashed:
        merge_content = self._merge_content()
        return unstash(self._workspace, name, drop=drop, merge_content=merge_content, progress=progress)

    def drop(self, name: str | None = None) -> Stashed:
        """Remove a stash."""
        return _drop(self._workspace, name)

    def changes(self, name: str | None = None) -> list[FileChange]:
        """What a stash holds, compared with the commit it was made on."""
        return _changes(self._workspace, find_stash(self._workspace.engine, name))

    def _repr_html_(self) -> str:
        rows = [(stash.name, f"{stash.time:%Y-%m-%d %H:%M}", stash.message) for stash in self]
        return html_table("stashes", ("name", "time", "message"), rows)


def _drop(workspace: Workspace, name: str | None = None) -> Stashed:
    """Remove a stash; `undo` brings it back."""
    engine = workspace.engine
    stash = find_stash(engine, name)
    with workspace.operation_log.recording("stash drop", f"{stash.name} ({stash.commit[:10]})"):
        engine.update_ref(stash.ref, stash.commit, None, f"stash: dropped {stash.message}")
    return stash


def _changes(workspace: Workspace, stash: Stashed) -> list[FileChange]:
    """What a stash holds, compared with the commit it was made on."""
    from aidb.versioning.diff import file_changes
    from aidb.versioning.manifest import Change

    found = list(between(workspace, root_of(workspace, stash.base), root_of(workspace, stash.commit)))
    if stash.untracked is not None:
        untracked = workspace.manifest(root_of(workspace, stash.untracked))
        found += [Change(path, None, entry) for path, entry in untracked.items()]
    return file_changes(sorted(found))
