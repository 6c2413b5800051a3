"""What the rest of aidb needs of history, as one small interface.

An engine keeps commits, refs (branches and tags), HEAD and their reflogs. `GitEngine` keeps them in a bare Git
repository; another engine may keep them on a server. Every change of a ref is a compare-and-swap: it names the value
it expects and fails with RefChangedError if somebody else was first.

What is not promised: a transaction over several refs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from aidb.types import CommitId, ObjectId, RefName, branch_ref
from aidb.versioning import ancestry
from aidb.versioning.commits import Commit, Links, Person
from aidb.versioning.head import HEAD, Head
from aidb.versioning.protection import Move, Protections
from aidb.versioning.reflog import ReflogEntry, checkout_reason

__all__ = ["HEAD", "Commit", "Engine", "Head", "Order", "Person", "ReflogEntry"]

Order = Literal["time", "topological"]


class Engine(ABC):
    """Commits and refs. Safe to use from several threads, and from several processes at once."""

    protections: Protections | None = None
    """Which branches are protected; whoever opens the engine says so."""

    # Commits

    @abstractmethod
    def create_commit(
        self,
        root: ObjectId,
        files: int,
        bytes: int,  # noqa: A002 - the same word as in Commit
        parents: Iterable[CommitId],
        message: str,
        author: Person,
        code: str | None = None,
        *,
        time: datetime | None = None,
        committer: Person | None = None,
        commit_time: datetime | None = None,
    ) -> CommitId:
        """Record a version, durably; no ref moves. Times are now, and the committer is the author, unless given.

        Raises InvalidInputError for an empty message, or an author without a name.
        """

    @abstractmethod
    def read_commit(self, commit: CommitId) -> Commit:
        """A commit by its full id. Raises MissingObjectError, DamagedObjectError, UnsupportedFormatError."""

    @abstractmethod
    def expand_prefix(self, prefix: str) -> list[CommitId]:
        """The ids of all commits that begin with these hexadecimal digits, sorted."""

    def links(self, commit: CommitId) -> Links:
        """Parents and commit time only: what walking needs."""
        found = self.read_commit(commit)
        return Links(found.parents, int(found.commit_time.timestamp()))

    # Refs

    @abstractmethod
    def read_ref(self, name: RefName) -> CommitId | None:
        """The commit a branch or tag points to, or None if there is no such ref."""

    @abstractmethod
    def list_refs(self, prefix: str = "refs/") -> dict[RefName, CommitId]:
        """All refs whose name begins with `prefix`, in order of their names."""

    @abstractmethod
    def update_ref(
        self,
        name: RefName,
        expected: CommitId | None,
        new: CommitId | None,
        reason: str,
        person: Person | None = None,
        *,
        move: Move = "commit",
    ) -> None:
        """Move, create (`expected` None) or delete (`new` None) a ref if it still is what is expected.

        Raises RefChangedError with the actual value otherwise. The reason goes to the reflog. The name HEAD means
        the branch that is checked out or, when detached, HEAD itself. `move` says what a protected branch is asked to
        take (ProtectedBranchError if it does not); deleting, and leaving its history, are recognised.
        """

    @abstractmethod
    def rename_ref(
        self, old: RefName, new: RefName, reason: str, person: Person | None = None, *, begun: bool = False
    ) -> None:
        """Give a branch another name; its reflog and, if it is checked out, HEAD go with it.

        `begun`: this was interrupted, so `new` may be there already.
        """

    def refuse_protected(self, name: RefName, move: Move) -> None:
        """Raise ProtectedBranchError if `name` (HEAD: what is checked out) is a branch that does not take `move`.

        `update_ref` and `rename_ref` ask by themselves; a verb asks before it begins what would be in vain.
        """
        if not self.protections:
            return
        if name == HEAD and (branch := self.head().branch) is not None:
            name = branch_ref(branch)
        if self.read_ref(name) is not None:
            self.protections.refuse(name, move)

    def refuse_update(
        self, name: RefName, expected: CommitId | None, new: CommitId | None, move: Move = "commit"
    ) -> None:
        """Raise ProtectedBranchError if `update_ref` would; deleting, and leaving its history, are recognised."""
        if not self.protections or expected is None:
            return
        if new is None:
            move = "delete"
        elif not self.is_ancestor(expected, new):
            move = "force"
        self.refuse_protected(name, move)

    @abstractmethod
    def reflog(self, name: RefName) -> list[ReflogEntry]:
        """The moves of a ref, newest first; empty if none were recorded."""

    @abstractmethod
    def forget_moves(self, before: datetime) -> int:
        """Drop older entries from every reflog; how many there were. Commits that only they named lose their hold."""

    # HEAD

    @abstractmethod
    def head(self) -> Head:
        """What is checked out."""

    @abstractmethod
    def set_head(
        self,
        branch: str | None,
        commit: CommitId | None = None,
        reason: str | None = None,
        person: Person | None = None,
    ) -> None:
        """Check out a branch (which may not have a commit yet) or, if `branch` is None, just a commit."""

    # What follows from these

    @abstractmethod
    def roots(self, since: datetime | None = None) -> list[CommitId]:
        """Every commit that a ref, HEAD or a reflog names: with their ancestors, all that is worth keeping.

        With `since`, as if `forget_moves` had been called.
        """

    def walk(
        self,
        starts: Iterable[CommitId],
        hide: Iterable[CommitId] = (),
        order: Order = "time",
        *,
        first_parent: bool = False,
    ) -> Iterator[Commit]:
        """The history of `starts` without that of `hide`.

        By "time": newest first, streaming. "topological": no parent before all its children, lines kept together.
        """
        walker = ancestry.in_time_order if order == "time" else ancestry.in_topological_order
        parents = (lambda commit: self.links(commit).parents[:1]) if first_parent else None
        return map(self.read_commit, walker(self.links, starts, hide, parents=parents))

    def merge_bases(self, one: CommitId, *others: CommitId) -> list[CommitId]:
        """The best common ancestors, newest first. Several after a criss-cross merge, none if unrelated."""
        return ancestry.merge_bases(self.links, one, others)

    def merge_base(self, one: CommitId, other: CommitId) -> CommitId | None:
        """The best common ancestor (the newest, if there are several)."""
        return next(iter(self.merge_bases(one, other)), None)

    def is_ancestor(self, commit: CommitId, of: CommitId) -> bool:
        """Whether `commit` is `of` or lies in its history."""
        return ancestry.is_ancestor(self.links, commit, of)

    def ahead_behind(self, one: CommitId, other: CommitId) -> tuple[int, int]:
        """How many commits `one` has that `other` lacks, and the other way round."""
        return ancestry.ahead_behind(self.links, one, other)

    def switch_reason(self, branch: str | None, commit: CommitId | None) -> str:
        """The reflog reason of a switch to that branch or commit, as Git words it."""
        head = self.head()
        return checkout_reason(head.branch or head.commit or "HEAD", branch or commit or "HEAD")
