"""Branches and tags as mappings from names.

repo.branches["main"].commit
repo.branches.create("clean")          # at HEAD
repo.branches.delete("clean")          # refused if that would lose commits
repo.tags.create("v1", "main~3")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar, overload

from aidb.errors import InvalidNameError, RefusedError, RevisionNotFoundError
from aidb.notebook import html_table
from aidb.types import HEADS, TAGS, CommitId, RefName, branch_ref, tag_ref
from aidb.versioning.engine import Engine
from aidb.versioning.operations import interrupted
from aidb.versioning.protection import Protections
from aidb.versioning.revisions import close_names, resolve
from aidb.versioning.stashes import PREFIX

if TYPE_CHECKING:
    from aidb.versioning.operations import Operation, OperationLog


class Branch(NamedTuple):
    """A branch, its tip and whether it is checked out."""

    name: str
    commit: CommitId
    is_current: bool


class Tag(NamedTuple):
    """A tag and its commit."""

    name: str
    commit: CommitId


_Ref = TypeVar("_Ref", Branch, Tag)
_Other = TypeVar("_Other")


class _Refs(Mapping[str, _Ref]):
    """What branches and tags have in common."""

    _prefix: str
    _word: str

    def __init__(self, engine: Engine, operations: OperationLog) -> None:
        self._engine = engine
        self._operations = operations

    def __iter__(self) -> Iterator[str]:
        return (ref.removeprefix(self._prefix) for ref in self._engine.list_refs(self._prefix))

    def __len__(self) -> int:
        return len(self._engine.list_refs(self._prefix))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._read(name) is not None

    @overload
    def get(self, name: str, default: None = None, /) -> _Ref | None: ...

    @overload
    def get(self, name: str, default: _Ref | _Other, /) -> _Ref | _Other: ...

    def get(self, name: str, default: _Other | None = None, /) -> _Ref | _Other | None:
        """The branch or tag, or `default`."""
        try:
            return self[name]
        except RevisionNotFoundError:
            return default

    def _ref(self, name: str) -> RefName:
        return branch_ref(name) if self._prefix == HEADS else tag_ref(name)

    def _read(self, name: str) -> CommitId | None:
        try:
            return self._engine.read_ref(self._ref(name))
        except InvalidNameError:
            return None

    def _tip(self, name: str) -> CommitId:
        """Raises RevisionNotFoundError (a LookupError), naming what is similar."""
        found = self._read(name)
        if found is None:
            close = close_names(name, list(self))
            hint = f"Did you mean {close}?" if close else f"`aidb {self._word}` lists what there is."
            raise RevisionNotFoundError(f"there is no {self._word} {name!r}", hints=(hint,))
        return found

    def _put(self, name: str, start: str, *, force: bool) -> CommitId:
        ref = self._ref(name)
        commit = resolve(self._engine, start)
        before = self._engine.read_ref(ref)
        if before is not None and not force:
            raise RefusedError(
                f"the {self._word} {name!r} exists already, at {before[:10]}",
                hints=(f"Choose another name, or move it: `aidb {self._word} --force {name} {start}`.",),
            )
        word = self._word if before is None else f"{self._word}: Reset to"
        reason = f"{word}: Created from {start}" if before is None else f"{word} {start}"
        with self._operations.recording(self._word, name if before is None else f"{name} to {start}"):
            self._engine.update_ref(ref, before, commit, reason, move="force")
        return commit

    def __repr__(self) -> str:
        names = ", ".join(self)
        return f"<{type(self).__name__}: {names or 'none'}>"


class Branches(_Refs[Branch]):
    """The branches of a repository."""

    _prefix = HEADS
    _word = "branch"

    def __getitem__(self, name: str) -> Branch:
        return Branch(name, self._tip(name), name == self.current)

    @property
    def current(self) -> str | None:
        """The branch that is checked out, also before its first commit; None when detached."""
        return self._engine.head().branch

    def create(self, name: str, start: str = "HEAD", *, force: bool = False) -> Branch:
        """Make a branch at a revision. `force` moves one that exists, but never the current one."""
        if force and name == self.current:
            raise RefusedError(
                f"{name} is checked out: moving it would leave the workspace behind",
                hints=(f"Use `aidb reset {start}`, which moves both.",),
            )
        return Branch(name, self._put(name, start, force=force), False)

    def delete(self, name: str, *, force: bool = False) -> CommitId:
        """Remove a branch and return where it was.

        Refused for the current branch, a protected one and, unless `force`, if no other branch, tag or HEAD holds its
        commits.
        """
        tip = self._tip(name)
        if name == self.current:
            raise RefusedError(
                f"{name} is checked out", hints=("Switch to another branch first: `aidb switch BRANCH`.",)
            )
        if not force and not self._held_elsewhere(name, tip):
            raise RefusedError(
                f"the branch {name!r} holds commits that no other branch has",
                hints=(
                    f"Bring them in: `aidb merge {name}`.",
                    f"Or give them up: `aidb branch -D {name}`; they stay at {tip[:10]}.",
                ),
            )
        with self._operations.recording("branch", f"--delete {name}"):
            self._engine.update_ref(self._ref(name), tip, None, "branch: deleted")
        return tip

    @property
    def protections(self) -> Protections:
        """The protected branches: `repo.branches.protections.protect("main")`."""
        if self._engine.protections is None:
            raise RefusedError("this engine protects no branches")
        return self._engine.protections

    def rename(self, old: str, new: str, *, force: bool = False) -> None:
        """Give a branch another name; `force` replaces a branch of that name.

        One that was interrupted when the branch had both names goes on where it was.
        """
        source, target = self._ref(old), self._ref(new)
        if self._read(old) is None and old != self.current:
            self._tip(old)
        taken = self._read(new)
        if old == new:
            return
        begun = self._begun(old, new)
        if taken is not None and begun is None and (not force or new == self.current):
            raise RefusedError(
                f"the branch {new!r} exists already, at {taken[:10]}", hints=("Choose another name.",)
            )
        self._engine.refuse_protected(source, "delete")
        with self._operations.recording("branch", f"--move {old} {new}", resume=begun):
            if taken is not None and begun is None:
                self._engine.update_ref(target, taken, None, "branch: replaced")
            reason = f"Branch: renamed {source} to {target}"
            self._engine.rename_ref(source, target, reason, begun=begun is not None)

    def _begun(self, old: str, new: str) -> Operation | None:
        """The same renaming, if it was the last thing done, was interrupted, and had come to the new name."""
        last = interrupted(self._operations.read(), "branch")
        same = last is not None and last.about == f"--move {old} {new}"
        return last if same and self._read(new) is not None and self._read(new) == self._read(old) else None

    def _held_elsewhere(self, name: str, tip: CommitId) -> bool:
        mine = self._ref(name)
        refs = self._engine.list_refs().items()
        others = {commit for ref, commit in refs if ref != mine and not ref.startswith(PREFIX)}
        if (head := self._engine.head().commit) is not None:
            others.add(head)
        return tip in others or any(self._engine.is_ancestor(tip, other) for other in others)

    def _repr_html_(self) -> str:
        rows = [(("* " if b.is_current else "") + b.name, b.commit[:10]) for b in self.values()]
        return html_table("branches", ("branch", "commit"), rows)


class Tags(_Refs[Tag]):
    """The tags of a repository."""

    _prefix = TAGS
    _word = "tag"

    def __getitem__(self, name: str) -> Tag:
        return Tag(name, self._tip(name))

    def create(self, name: str, start: str = "HEAD", *, force: bool = False) -> Tag:
        """Give a commit a name that stays. `force` moves a tag that exists."""
        return Tag(name, self._put(name, start, force=force))

    def delete(self, name: str) -> CommitId:
        """Remove a tag and return the commit it named; the commit itself stays."""
        tip = self._tip(name)
        with self._operations.recording("tag", f"--delete {name}"):
            self._engine.update_ref(self._ref(name), tip, None, "tag: deleted")
        return tip

    def _repr_html_(self) -> str:
        return html_table("tags", ("tag", "commit"), [(tag.name, tag.commit[:10]) for tag in self.values()])
