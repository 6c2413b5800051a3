"""What users of file systems catch: OSErrors, made of aidb's own errors, which stay attached as the cause."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from aidb.errors import AidbError, InvalidPathError, InvalidRevisionError, NotFoundError, RefusedError


@contextlib.contextmanager
def as_os_errors(path: str) -> Iterator[None]:
    """Turn what is not there into FileNotFoundError and what is refused into PermissionError, for `path`."""
    try:
        yield
    except (NotFoundError, InvalidPathError, InvalidRevisionError) as error:
        raise FileNotFoundError(errno.ENOENT, _text(error), path) from error
    except RefusedError as error:
        raise PermissionError(errno.EPERM, _text(error), path) from error


def is_a_folder(path: str) -> IsADirectoryError:
    """The error for reading or writing a folder as if it were a file."""
    return IsADirectoryError(errno.EISDIR, "is a folder", path)


def not_a_folder(path: str) -> NotADirectoryError:
    """The error for a file where a folder is needed."""
    return NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", path)


def exists_already(path: str) -> FileExistsError:
    """The error for making what is there."""
    return FileExistsError(errno.EEXIST, "exists already", path)


def _text(error: AidbError) -> str:
    return ". ".join((error.message, *error.hints[:1]))
