"""What a checkpoint most likely grew out of: what its path held before, or the one before it in a series.

A *series* is paths that differ in a number: `ckpt-0001.safetensors`, `ckpt-0002.safetensors`, or
`checkpoint-500/model.safetensors`, `checkpoint-1000/model.safetensors`. A wrong guess costs a little time and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from aidb.types import Blob, Entry, Kind, RepoPath

if TYPE_CHECKING:
    from aidb.versioning.manifest import Manifest

_SHARD = rb"\d+-of-\d+"
"""Part of a name that tells parts of one checkpoint apart, not checkpoints."""
_NUMBERS = re.compile(_SHARD + rb"|(\d+)")
_MOST_PATHS = 10_000
"""Paths that are looked at for others of a series."""


def is_checkpoint(path: bytes) -> bool:
    """Whether a file of this name may have tensors that can be compared with earlier ones."""
    return path.endswith(b".safetensors")


class Series(NamedTuple):
    """Paths that differ in the numbers of one component: how they all begin, and a pattern of the whole."""

    start: bytes
    pattern: bytes

    def numbers_of(self, path: bytes) -> list[int] | None:
        """By what the paths of a series are ordered; None for a path of another."""
        match = re.fullmatch(self.pattern, path)
        return None if match is None else [int(number) for number in match.groups()]


def series_of(path: bytes) -> Series | None:
    """The series of a path: by the numbers in its name, or else in the name of its folder."""
    above, slash, name = path.rpartition(b"/")
    outer, edge, folder = above.rpartition(b"/")
    return _numbered(above + slash, name, b"") or _numbered(outer + edge, folder, slash + name)


def _numbered(before: bytes, component: bytes, after: bytes) -> Series | None:
    spans = [match.span(1) for match in _NUMBERS.finditer(component) if match.group(1)]
    if not spans:
        return None
    pattern, done = re.escape(before), 0
    for begin, end in spans:
        pattern += re.escape(component[done:begin]) + rb"(\d+)"
        done = end
    return Series(before + component[: spans[0][0]], pattern + re.escape(component[done:] + after))


def ancestor(manifest: Manifest, path: RepoPath, latest: Blob | None = None) -> Blob | None:
    """What a checkpoint may have grown out of: what its path holds in a version, `latest`, or its predecessor."""
    entry = manifest.get(path)
    if entry is not None:
        return None if entry.kind is Kind.SYMLINK else entry.content
    return predecessor(manifest, path) if latest is None else latest


def predecessor(manifest: Manifest, path: RepoPath) -> Blob | None:
    """The nearest before a path in its series that a version holds, or else the nearest after it."""
    series = series_of(path)
    own = None if series is None else series.numbers_of(path)
    if series is None or own is None:
        return None
    others = [(numbers, entry) for numbers, entry in _members(manifest, series) if numbers != own]
    before = [each for each in others if each[0] < own]
    if not others:
        return None
    _, entry = max(before) if before else min(others)
    return entry.content


def _members(manifest: Manifest, series: Series) -> Iterator[tuple[list[int], Entry]]:
    """Files of a series, and by what they are ordered."""
    folder = series.start.rpartition(b"/")[0]
    items = islice(manifest.items(folder + b"/" if folder else b"", series.start), _MOST_PATHS)
    for path, entry in takewhile(lambda item: item[0].startswith(series.start), items):
        numbers = series.numbers_of(path)
        if numbers is not None and entry.kind is not Kind.SYMLINK:
            yield numbers, entry
