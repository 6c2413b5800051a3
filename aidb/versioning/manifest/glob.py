"""Finding files by a pattern: `train/*/img_0*.png`, `**/*.csv`.

`*` and `?` stand for characters of one name, `[a-z]` and `[!a-z]` for one of some, `**` as a whole component for any
number of folders, none included. Where a pattern begins literally, only that part of the manifest is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aidb.errors import InvalidPathError
from aidb.types import Entry, RepoPath, decode_path, repo_path
from aidb.versioning.manifest.tree import Manifest

_MAGIC = re.compile(r"[*?\[]")
_ANY_DEPTH = "**"


def glob(manifest: Manifest, pattern: str) -> Iterator[tuple[RepoPath, Entry]]:
    """The files and links whose paths match, each once, folder by folder. Raises InvalidPathError for no pattern."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or pattern.startswith("/"):
        raise InvalidPathError(f"{pattern!r} is not a pattern for paths relative to the repository's root")
    return _below(manifest, b"", parts)


def _below(manifest: Manifest, folder: bytes, parts: Sequence[str]) -> Iterator[tuple[RepoPath, Entry]]:
    literal = next((at for at, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    if literal:
        folder = _inside(folder) + bytes(repo_path("/".join(parts[:literal])))
        parts = parts[literal:]
    if not parts:
        entry = manifest.get(RepoPath(folder))
        if entry is not None:
            yield RepoPath(folder), entry
    elif _ANY_DEPTH in parts:
        matches = re.compile(_at_any_depth(parts), re.DOTALL).fullmatch
        inside = _inside(folder)
        for path, entry in manifest.items(inside):
            if matches(decode_path(path[len(inside) :])):
                yield path, entry
    else:
        yield from _by_name(manifest, folder, parts)


def _by_name(manifest: Manifest, folder: bytes, parts: Sequence[str]) -> Iterator[tuple[RepoPath, Entry]]:
    name, rest = parts[0], parts[1:]
    matches = re.compile(_one_name(name), re.DOTALL).fullmatch
    beginning = _MAGIC.split(name, 1)[0]
    for child in manifest.children(folder, repo_path(beginning) if beginning.strip(".") else b""):
        if matches(decode_path(child.name)):
            path = _inside(folder) + child.name
            if rest and child.entry is None:
                yield from _below(manifest, path, rest)
            elif not rest and child.entry is not None:
                yield RepoPath(path), child.entry


def _inside(folder: bytes) -> bytes:
    return folder + b"/" if folder else b""


def _at_any_depth(parts: Sequence[str]) -> str:
    """The expression for the rest of a path. A last `**` stands for everything below."""
    pieces = ["(?:[^/]+/)*" if part == _ANY_DEPTH else _one_name(part) + "/" for part in parts[:-1]]
    return "".join(pieces) + (".+" if parts[-1] == _ANY_DEPTH else _one_name(parts[-1]))


def _one_name(pattern: str) -> str:
    """The expression for one name. A `[` that nothing closes stands for itself, as in a shell."""
    found, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        end = pattern.find("]", at + 1 + (pattern[at : at + 1] == "!")) if char == "[" else -1
        if char == "*":
            found += "[^/]*"
        elif char == "?":
            found += "[^/]"
        elif end >= 0:
            found += _one_of(pattern[at:end])
            at = end + 1
        else:
            found += re.escape(char)
    return found


def _one_of(characters: str) -> str:
    """The expression for `[characters]`."""
    negated = characters.startswith("!")
    inside = characters[negated:].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
    inside = re.sub(r"([&~|])(?=\1)", r"\\\1", inside)
    return f"(?!/)[{'^' if negated else ''}{inside.replace(']', chr(92) + ']')}]"
