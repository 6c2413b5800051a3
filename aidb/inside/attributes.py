"""`.aidbattributes`: what people say about files by pattern, versioned with them. Git's syntax, a file per folder.

    *.parquet          key=id
    labels/*.csv       merge=table key=path,frame
    *.bin              diff=none

`key` names the columns that tell rows apart, `merge=table` lets `aidb merge` merge rows, and `diff` says how to look
inside: a kind of `aidb.inside`, or `none`. As in Git the last matching line decides, for each attribute by itself, and
a deeper file before one above. Other attributes are left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aidb.errors import InvalidInputError
from aidb.gitignore import compile_patterns
from aidb.types import decode_path, show_path

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE_NAME = b".aidbattributes"
MAX_SIZE = 1 << 20
"""What lies beyond so many bytes of the file is not read."""
DIFFS = ("table", "arrays", "tensors", "image", "json", "text", "bytes", "none")
MERGES = ("table", "none")


@dataclass(frozen=True, slots=True)
class FileAttributes:
    """What is said about one path; None where nothing is."""

    diff: str | None = None
    merge: str | None = None
    key: tuple[str, ...] | None = None


NO_ATTRIBUTES = FileAttributes()


class _Line(NamedTuple):
    pattern: GitIgnoreSpec
    values: dict[str, str]


class Attributes:
    """The attributes of one version."""

    def __init__(self, read: Callable[[bytes], bytes | None]) -> None:
        """`read` gives the content of a path of the version, None if there is no such file."""
        self._read = read
        self._known: dict[bytes, list[_Line]] = {}

    def of(self, path: bytes) -> FileAttributes:
        """What is said about a path. Raises InvalidInputError, naming the file, for a line that cannot be read."""
        found: dict[str, str] = {}
        folder = path
        while folder:
            folder = folder.rpartition(b"/")[0]
            inside = os.fsdecode(path[len(folder) + 1 :] if folder else path)
            for line in reversed(self._lines(folder)):
                if line.pattern.match_file(inside):
                    found = {**line.values, **found}
        key = found.get("key")
        columns = None if key is None else tuple(name for name in key.split(",") if name)
        return FileAttributes(found.get("diff"), found.get("merge"), columns or None)

    def _lines(self, folder: bytes) -> list[_Line]:
        if folder not in self._known:
            place = folder + b"/" + FILE_NAME if folder else FILE_NAME
            self._known[folder] = _parse(self._read(place) or b"", place)
        return self._known[folder]


def _parse(data: bytes, place: bytes) -> list[_Line]:
    lines = []
    for number, text in enumerate(decode_path(data[:MAX_SIZE]).splitlines(), start=1):
        words = text.split()
        if not words or words[0].startswith("#"):
            continue
        values = dict(_value(word, f"{show_path(place)}, line {number}") for word in words[1:])
        lines.append(_Line(_pattern(words[0], f"{show_path(place)}, line {number}"), values))
    return lines


def _value(word: str, where: str) -> tuple[str, str]:
    """`key=id`; `-diff` means `diff=none`, as in Git."""
    name, _, value = word.partition("=")
    if name.startswith("-"):
        name, value = name[1:], "none"
    choices = {"diff": DIFFS, "merge": MERGES}.get(name)
    if choices is not None and value not in choices:
        raise _mistake(f"{where}: {name} is one of {', '.join(choices)}, not {show_path(value)!r}")
    return name, value


def _pattern(text: str, where: str) -> GitIgnoreSpec:
    if text.startswith("!"):
        raise _mistake(f"{where}: a pattern cannot begin with `!`")
    try:
        return compile_patterns([text])
    except ValueError as error:
        raise _mistake(f"{where}: {error}") from None


def _mistake(message: str) -> InvalidInputError:
    return InvalidInputError(
        message, hints=("Correct the line; `*.csv merge=table key=id` shows the syntax.",)
    )
