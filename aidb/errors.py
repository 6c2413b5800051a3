"""Every error aidb raises on purpose, in one tree.

A handler decides by class, a script by `code`, a person by the message and its hints:

    AidbError
    ├── InvalidInputError (ValueError)     the request itself is wrong
    │   ├── InvalidPathError               a path that is hostile, or both file and folder
    │   ├── InvalidNameError               a branch, tag, id or setting that cannot be one
    │   ├── InvalidRevisionError           a revision or range that cannot be read
    │   ├── FilterError                    a filter of runs that cannot be read; points at a character
    │   ├── QueryError                     SQL that is wrong, not allowed, or takes too much
    │   └── UnreadableContentError         a file that is not what its format says, when looking inside it
    ├── NotFoundError (LookupError)        what was named does not exist
    │   ├── RepositoryNotFoundError
    │   ├── RevisionNotFoundError
    │   └── PathNotFoundError
    ├── RefusedError                       doing it would lose something, or is not allowed in this state
    │   ├── WouldOverwriteError            uncommitted work stands in the way
    │   ├── CheckFailedError               a check or hook does not let the version pass
    │   ├── ProtectedBranchError           the branch takes no such move
    │   └── NothingToDoError               an empty commit, a merge that is not under way
    ├── MergeConflictError                 a merge stopped and waits for a decision
    ├── ConcurrencyError                   somebody else was first
    │   ├── RefChangedError                a compare-and-swap was lost
    │   ├── LockedError                    another command holds the lock
    │   └── FileChangedError               a file kept changing while it was read
    ├── IntegrityError                     bytes are not what their name says
    │   ├── DamagedObjectError
    │   ├── MissingObjectError (LookupError)
    │   └── UnsupportedFormatError         written by another version of aidb
    └── StorageError (OSError)             the disk or the bucket said no

Codes are stable: they may be added to, never changed.
"""

from __future__ import annotations

import errno
from typing import NamedTuple


class AidbError(Exception):
    """Root of the tree.

    `message` is one line that names what is wrong; `hints` are the next things to do, most useful first.
    """

    code = "error"

    def __init__(self, message: str, *, hints: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints

    def __str__(self) -> str:
        return self.message


class InvalidInputError(AidbError, ValueError):
    """The request cannot be carried out as it is written."""

    code = "invalid-input"


class InvalidPathError(InvalidInputError):
    """A path that aidb does not store: absolute, escaping, reserved, or both a file and a folder."""

    code = "invalid-path"


class InvalidNameError(InvalidInputError):
    """A name that cannot be a branch, a tag, an object id or a setting."""

    code = "invalid-name"


class InvalidRevisionError(InvalidInputError):
    """A revision expression that cannot be read."""

    code = "invalid-revision"


class FilterError(InvalidInputError):
    """A filter of runs that cannot be read: `at` is the character of `source` that is wrong."""

    code = "invalid-filter"

    def __init__(self, message: str, *, source: str = "", at: int = 0, hints: tuple[str, ...] = ()) -> None:
        super().__init__(f"{message} (character {at + 1} of the filter)", hints=hints)
        self.source = source
        self.at = at

    def pointing(self) -> tuple[str, str]:
        """The line of the filter that is wrong, and below it a caret."""
        start = self.source.rfind("\n", 0, self.at) + 1
        line = self.source[start:].partition("\n")[0].replace("\t", " ")
        return line, " " * (self.at - start) + "^"


class QueryError(InvalidInputError):
    """SQL that is wrong, that is not allowed because it does more than read, or that takes too long or too much."""

    code = "invalid-query"


class UnreadableContentError(InvalidInputError):
    """The content of a file is not what its format says, is hostile, or is too large to look inside."""

    code = "unreadable-content"


class NotFoundError(AidbError, LookupError):
    """What was named does not exist."""

    code = "not-found"


class RepositoryNotFoundError(NotFoundError):
    """No `.aidb` folder here or above."""

    code = "repository-not-found"


class RevisionNotFoundError(NotFoundError):
    """No branch, tag or commit of that name."""

    code = "revision-not-found"


class PathNotFoundError(NotFoundError):
    """No such path in the workspace or in that version."""

    code = "path-not-found"


class RefusedError(AidbError):
    """Carrying it out would lose something, or makes no sense in the present state."""

    code = "refused"


class WouldOverwriteError(RefusedError):
    """Uncommitted work stands in the way; `paths` lists it (as shown to people)."""

    code = "would-overwrite"

    def __init__(self, message: str, *, paths: tuple[str, ...] = (), hints: tuple[str, ...] = ()) -> None:
        super().__init__(message, hints=hints)
        self.paths = paths


class Finding(NamedTuple):
    """One thing that a rule of a check found wrong. `path` is as shown to people, empty if it is about no single file.

    `examples` are the first of the offending rows, values or lines of output.
    """

    check: str
    rule: str
    path: str
    problem: str
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return f"{place}{self.problem} [{self.check}: {self.rule}]"


class CheckFailedError(RefusedError):
    """A version does not pass the checks; `findings` says why, `more` how many findings are not among them."""

    code = "check-failed"

    def __init__(
        self,
        message: str,
        *,
        findings: tuple[Finding, ...] = (),
        more: int = 0,
        hints: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hints=hints)
        self.findings = findings
        self.more = more


class ProtectedBranchError(RefusedError):
    """The branch is protected, and this move is not among those it takes."""

    code = "protected-branch"


class NothingToDoError(RefusedError):
    """There is nothing to commit, to abort or to continue."""

    code = "nothing-to-do"


class MergeConflictError(AidbError):
    """A merge or revert stopped at conflicts; `paths` lists them (as shown to people)."""

    code = "merge-conflict"

    def __init__(self, message: str, *, paths: tuple[str, ...] = (), hints: tuple[str, ...] = ()) -> None:
        super().__init__(message, hints=hints)
        self.paths = paths


class ConcurrencyError(AidbError):
    """Somebody else was first; trying again is safe."""

    code = "concurrency"


class RefChangedError(ConcurrencyError):
    """A ref no longer had the expected value; `actual` is the commit it has now, or None if it is gone."""

    code = "ref-changed"

    def __init__(self, message: str, *, actual: str | None = None, hints: tuple[str, ...] = ()) -> None:
        super().__init__(message, hints=hints)
        self.actual = actual


class LockedError(ConcurrencyError):
    """Another command holds the lock for longer than we were willing to wait."""

    code = "locked"


class FileChangedError(ConcurrencyError):
    """A file changed each time it was read, so no consistent version of it could be recorded."""

    code = "file-changed"


class IntegrityError(AidbError):
    """Bytes are not what their name says. Never handed out as good."""

    code = "integrity"


class DamagedObjectError(IntegrityError):
    """An object, pack, index or commit that does not match its hash or cannot be parsed."""

    code = "damaged-object"


class MissingObjectError(IntegrityError, LookupError):
    """An object that something refers to is in no pack."""

    code = "missing-object"


class UnsupportedFormatError(IntegrityError):
    """The repository or an object was written in a format this version does not know."""

    code = "unsupported-format"


class StorageError(AidbError, OSError):
    """The file system or bucket failed: full, unreadable, read-only, not permitted."""

    code = "storage"

    @classmethod
    def from_os_error(cls, error: OSError, doing: str) -> StorageError:
        """Say what was being done when `error` came, and what helps. `doing` reads like "writing a pack"."""
        reason = (error.strerror or str(error) or type(error).__name__).lower()
        where = f" ({_name(error.filename)})" if error.filename else ""
        wrapped = cls(f"{doing} failed: {reason}{where}", hints=_STORAGE_HINTS.get(error.errno or 0, ()))
        wrapped.errno = error.errno
        return wrapped


def _name(filename: str | bytes | int) -> str:
    text = filename.decode("utf-8", "backslashreplace") if isinstance(filename, bytes) else str(filename)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


_FULL = ("Free some disk space and run the same command again: everything already recorded is kept.",)
_PERMISSION = ("Check who owns the file or folder and its permissions, then run the same command again.",)
_STORAGE_HINTS: dict[int, tuple[str, ...]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: ("The file system is read-only: remount it for writing, or work on a copy.",),
    errno.EIO: ("The disk reported a read or write fault: run `aidb fsck` to see what is affected.",),
    errno.EMFILE: ("Too many open files: raise `ulimit -n` and run the same command again.",),
}
