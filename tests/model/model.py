"""A repository as plain dictionaries: what aidb should do, in the simplest words there are.

Knows nothing of chunks, packs or indexes. Where aidb may choose (an untracked file in the way, a path that is a file
here and a folder there), the model says so instead of guessing; see `Plan.sure`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults.tree import File, Tree

CommitName = str


class Version(NamedTuple):
    """A commit: its files and where it came from."""

    tree: Tree
    parents: tuple[CommitName, ...]


class Plan(NamedTuple):
    """What moving the workspace to another version would do.

    `lost` are the local changes that would be overwritten; `sure` is False where refusing and doing it are both right.
    """

    changes: dict[str, File | None]
    lost: set[str]
    sure: bool


class Merge(NamedTuple):
    """Three-way merge: the paths that are settled, and the conflicts."""

    tree: Tree
    conflicts: set[str]


@dataclass
class Model:
    """The state of a repository and its workspace."""

    commits: dict[CommitName, Version] = field(default_factory=dict)
    branches: dict[str, CommitName] = field(default_factory=dict)
    tags: dict[str, CommitName] = field(default_factory=dict)
    branch: str = "main"
    staged: Tree = field(default_factory=dict)
    files: Tree = field(default_factory=dict)

    @property
    def head(self) -> CommitName | None:
        return self.branches.get(self.branch)

    @property
    def head_tree(self) -> Tree:
        return self.commits[self.head].tree if self.head else {}

    @property
    def clean(self) -> bool:
        """Nothing staged, nothing changed; untracked files do not matter."""
        tracked = {path: self.files.get(path) for path in self.staged}
        return self.staged == self.head_tree and tracked == self.staged

    @property
    def untracked(self) -> set[str]:
        return set(self.files) - set(self.staged)

    def record(self, commit: CommitName, tree: Tree, parents: tuple[CommitName, ...]) -> None:
        """A commit was made on the current branch."""
        self.commits[commit] = Version(dict(tree), parents)
        self.branches[self.branch] = commit

    def plan(self, target: Tree) -> Plan:
        """Going from HEAD's version to `target`, keeping local changes that are not in the way."""
        changes = differences(self.head_tree, target)
        lost = {path for path in changes if self._in_the_way(path, target.get(path))}
        deleted = any(self.files.get(path) is None for path in lost)
        half_staged = {path for path in lost if self.staged.get(path) == target.get(path)}
        sure = not (deleted or half_staged or clashes({*self.files, *target, *self.staged}))
        # Where it is done although the file differs, what is staged is what is wanted, and the file stays as it is.
        kept = {path for path in half_staged if path in self.files}
        return Plan({path: file for path, file in changes.items() if path not in kept}, lost, sure)

    def _in_the_way(self, path: str, wanted: File | None) -> bool:
        here, staged, head = self.files.get(path), self.staged.get(path), self.head_tree.get(path)
        if here == wanted and staged in (head, wanted):
            return False
        return not (here == head and staged == head)

    def apply(self, changes: dict[str, File | None]) -> None:
        """Set these paths in the workspace and in what is staged."""
        for path, file in changes.items():
            _set(self.files, path, file)
            _set(self.staged, path, file)

    def ancestors(self, commit: CommitName) -> set[CommitName]:
        """The commit and all before it."""
        found: set[CommitName] = set()
        pending = [commit]
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(self.commits[name].parents)
        return found

    def merge_bases(self, one: CommitName, other: CommitName) -> set[CommitName]:
        """The best common ancestors; criss-cross merges have several."""
        common = self.ancestors(one) & self.ancestors(other)
        covered = {older for name in common for older in self.ancestors(name) - {name}}
        return common - covered


def _set(tree: Tree, path: str, file: File | None) -> None:
    if file is None:
        tree.pop(path, None)
    else:
        tree[path] = file


def differences(old: Tree, new: Tree) -> dict[str, File | None]:
    """Path by path, what `new` has where it is not what `old` has."""
    return {path: new.get(path) for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def three_way(base: Tree, ours: Tree, theirs: Tree) -> Merge:
    """Per path: who changed it wins; both differently is a conflict (and keeps ours in the tree)."""
    tree = dict(ours)
    conflicts = set()
    for path, file in differences(base, theirs).items():
        if ours.get(path) == base.get(path):
            _set(tree, path, file)
        elif ours.get(path) != file:
            conflicts.add(path)
    return Merge(tree, conflicts)


def clashes(paths: set[str]) -> bool:
    """Whether some path is a folder of another."""
    return any(other.startswith(f"{path}/") for path in paths for other in paths)
