"""Writing through fsspec: every write is part of one of aidb's transactions.

A file that is written by itself is a commit of its own once it is closed. What one call does (`put`, `rm`, `copy`, …)
is one commit, and so is everything in a `with fs.transaction:` block; its `message` may be set before the first write:

    with fs.transaction as together:
        together.message = "Clean the labels"
        fs.pipe("main/labels.csv", b"...")

Where a block writes to several branches, each gets its commit, one after the other.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from fsspec.transaction import Transaction as Together

from aidb.errors import NotFoundError
from aidb.types import Entry, RepoPath
from aidb.versioning.manifest import Child, Totals

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from aidb.repository import Repository
    from aidb.transaction import Transaction


class Group:
    """Changes that are committed together: a transaction for each branch that is written to."""

    def __init__(self, repository: Repository, message: str) -> None:
        self.message = message
        self._repository = repository
        self._transactions: dict[str, Transaction] = {}

    def pending(self, branch: str) -> Transaction | None:
        """The transaction on a branch, if it was written to."""
        return self._transactions.get(branch)

    def on(self, branch: str) -> Transaction:
        """The transaction on a branch, begun when it is first asked for."""
        if branch not in self._transactions:
            self._transactions[branch] = self._repository.transaction(branch, self.message)
        return self._transactions[branch]

    def end(self, *, commit: bool) -> None:
        """Commit everything, or nothing of what is left when a commit fails."""
        transactions, self._transactions = self._transactions, {}
        try:
            for transaction in transactions.values():
                if commit:
                    transaction.commit()
        finally:
            for transaction in transactions.values():
                transaction.abort()


class OneCommit(Together):
    """What `fs.transaction` is."""

    def __init__(self, fs: Any) -> None:
        super().__init__(fs)
        self.group = Group(fs.repository, "Changes through fsspec")

    @property
    def message(self) -> str:
        """The message of the commit, for branches that are not written to yet."""
        return self.group.message

    @message.setter
    def message(self, text: str) -> None:
        self.group.message = text

    def complete(self, commit: bool = True) -> None:
        try:
            self.group.end(commit=commit)
        finally:
            super().complete(
                commit=False
            )  # the files are in the commit, or are open still: then they are half


class WrittenFile(io.BufferedIOBase):
    """What `fs.open(path, "wb")` returns. Leaving a `with` block by an exception leaves everything as it was."""

    def __init__(
        self, fs: Any, path: str, mode: str, sink: BinaryIO, own: Transaction | None, *, autocommit: bool
    ) -> None:
        """`own` is the transaction that ends with this file, or by `commit`; None if it is part of another."""
        super().__init__()
        self.fs = fs
        self.path = path
        self.mode = mode
        self.autocommit = autocommit
        self._sink = sink
        self._own = own

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._sink.tell()

    def write(self, data: ReadableBuffer) -> int:
        return self._sink.write(data)

    def close(self) -> None:
        """The file is whole: store it and, unless it is part of a transaction, commit."""
        if not self.closed:
            try:
                super().close()
                self._sink.close()
                if self.autocommit:
                    self.commit()
            except BaseException:
                self.discard()
                raise

    def commit(self) -> None:
        """Commit the closed file. Nothing to do where that is done already, or another's part."""
        if self._own is not None:
            self._own.commit()
            self._own = None

    def discard(self) -> None:
        """Leave everything as it was. Harmless after `commit`."""
        super().close()
        self._sink.__exit__(InterruptedError, None, None)
        if self._own is not None:
            self._own.abort()
            self._own = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def __del__(self) -> None:
        """What nobody closed is half a file."""
        if not self.closed:
            self.discard()


class PendingTree:
    """What a transaction has come to, asked as a manifest is; it remembers what was asked, as it does with others."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, path: RepoPath) -> Entry | None:
        try:
            return self._transaction.stat(path)
        except NotFoundError:
            return None

    def totals(self, prefix: bytes = b"") -> Totals:
        """Of a folder."""
        try:
            items = self._transaction.ls(prefix)
        except NotFoundError:
            return Totals(0, 0)
        return Totals(sum(item.files for item in items), sum(item.bytes for item in items))

    def children(self, folder: bytes = b"") -> Iterator[Child]:
        for item in self._transaction.ls(folder):
            yield Child(
                item.name.encode("utf-8", "surrogateescape"), item.entry, Totals(item.files, item.bytes)
            )

    def items(self, prefix: bytes = b"") -> Iterator[tuple[RepoPath, Entry]]:
        """Of a folder."""
        for path, entry in self._transaction.walk(prefix):
            yield RepoPath(path.encode("utf-8", "surrogateescape")), entry
