"""The words of the design as types, validated where they enter and where they leave.

Paths are raw bytes inside, so that a name in any encoding, or in none, survives a round trip; their order is plain
byte order everywhere. Ids are raw bytes inside and hexadecimal outside. Nothing here touches a disk.
"""

from __future__ import annotations

import os
import re
from enum import IntEnum
from functools import partial
from typing import NamedTuple, NewType

from aidb.errors import InvalidNameError, InvalidPathError

ObjectId = NewType("ObjectId", bytes)
"""BLAKE3-256 of some bytes: 32 raw bytes."""

CommitId = NewType("CommitId", str)
"""A Git commit id: 40 lower-case hexadecimal digits."""

RepoPath = NewType("RepoPath", bytes)
"""A path inside a version: relative, separated by `/`, no empty, `.` or `..` component."""

RefName = NewType("RefName", str)
"""A full ref name, such as `refs/heads/main`."""

ID_SIZE = 32
MAX_PATH = 4096
"""Longest path in bytes; more does not fit a system call on Linux."""

RESERVED = (b".aidb", b".git")
"""Components that never belong to a version, at any depth: a version must not bring hooks into a repository that lies
in a folder of the workspace. Compared without case, as some file systems do."""


class Kind(IntEnum):
    """What a path is. The numbers are part of the manifest format."""

    FILE = 0
    EXECUTABLE = 1
    SYMLINK = 2


class Blob(NamedTuple):
    """The content of one file: its id (`b3sum` agrees), its size in bytes and, if it was chunked, its recipe."""

    id: ObjectId
    size: int
    recipe: ObjectId | None


class Entry(NamedTuple):
    """What a manifest holds for a path. A symlink's blob is the bytes of its target."""

    kind: Kind
    size: int
    blob: ObjectId
    recipe: ObjectId | None

    @property
    def content(self) -> Blob:
        return _new_blob((self.blob, self.size, self.recipe))


_new_blob = partial(tuple.__new__, Blob)


def object_id(raw: bytes) -> ObjectId:
    """Check that `raw` can be an object id."""
    if len(raw) != ID_SIZE:
        raise InvalidNameError(f"an object id has {ID_SIZE} bytes, not {len(raw)}")
    return ObjectId(bytes(raw))


def object_id_from_hex(text: str) -> ObjectId:
    """Read a full object id as `b3sum` prints it."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise InvalidNameError(f"{text!r} is not an object id: 64 hexadecimal digits are expected")
    return ObjectId(bytes.fromhex(text))


def commit_id(text: str) -> CommitId:
    """Check that `text` is a full commit id."""
    if not re.fullmatch(r"[0-9a-f]{40}", text):
        raise InvalidNameError(f"{text!r} is not a commit id: 40 hexadecimal digits are expected")
    return CommitId(text)


def repo_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> RepoPath:
    """Check and canonicalise a relative path: `./a//b/` becomes `a/b`.

    Raises InvalidPathError for what could leave the workspace or touch aidb's own files.
    """
    raw = os.fsencode(path)
    if raw.startswith(b"/"):
        raise InvalidPathError(
            f"{show_path(raw)} is absolute: paths in a repository are relative to its root"
        )
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    if not parts:
        raise InvalidPathError("the empty path names no file")
    clean = b"/".join(parts)
    if problem := path_problem(clean):
        raise InvalidPathError(f"{show_path(raw)} {problem}")
    return RepoPath(clean)


def folder_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> bytes:
    """`repo_path` for where the root is meant, too: that is empty."""
    return b"" if os.fsencode(path) in (b"", b".", b"./") else repo_path(path)


def path_problem(path: bytes) -> str | None:
    """Why `path` may not stand in a manifest, or None if it may. Cheap: called for every path that is decoded."""
    if not path or path[0] == 47 or path[-1] == 47 or b"//" in path:
        return "is not a canonical relative path"
    if b"\0" in path:
        return "contains a NUL byte"
    if len(path) > MAX_PATH:
        return f"is longer than {MAX_PATH} bytes"
    if b"." in path:
        return _dotted_problem(path)
    return None


def _dotted_problem(path: bytes) -> str | None:
    parts = path.split(b"/")
    if b".." in parts:
        return "contains `..`, which could leave the workspace"
    if b"." in parts:
        return "is not a canonical relative path"
    reserved = next((part for part in parts if part.lower() in RESERVED), None)
    if reserved is not None:
        return f"lies inside {reserved.decode()}, which is not versioned"
    return None


def decode_path(path: bytes) -> str:
    """The path as Python's file functions take it; undecodable bytes become lone surrogates (round-trips)."""
    return os.fsdecode(path)


def show_path(path: str | bytes) -> str:
    """The path as it is safe to print: control characters and undecodable bytes are escaped."""
    text = os.fsdecode(path)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


HEADS = "refs/heads/"
TAGS = "refs/tags/"

# Git's rules for ref names (git help check-ref-format), plus: no leading dash, so that a name is never an option.
_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|\.$|/$|^/|^-|^@$|\.lock(/|$)|(^|/)\.")


def branch_ref(name: str) -> RefName:
    """`main` → `refs/heads/main`, if Git would allow it as a branch."""
    return RefName(HEADS + _checked(name, "branch"))


def tag_ref(name: str) -> RefName:
    """`v1` → `refs/tags/v1`, if Git would allow it as a tag."""
    return RefName(TAGS + _checked(name, "tag"))


def _checked(name: str, what: str) -> str:
    if not name or name == "HEAD" or len(name) > 200 or _BAD_REF.search(name) or not name.isprintable():
        raise InvalidNameError(
            f"{name!r} cannot be the name of a {what}",
            hints=("Use letters, digits, '-', '_', '.' and '/', for example: clean-labels or team/clean.",),
        )
    return name
