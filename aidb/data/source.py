"""The samples of a version: files of one folder by number, read in batches.

A source pickles as repository, commit id and what was chosen. In a forked process it opens the repository anew, so
that no file, lock or cache is shared with the parent.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aidb.errors import PathNotFoundError
from aidb.store.blob_reader import wrong_size
from aidb.types import ID_SIZE, Blob, Entry, Kind, ObjectId, RepoPath, decode_path, repo_path, show_path
from aidb.versioning.links import follow

if TYPE_CHECKING:
    from aidb.snapshot import Snapshot
    from aidb.versioning.manifest.node import Leaf

Select = Callable[[str], bool]


class Sample(NamedTuple):
    """One file: its path in the version, and its content."""

    path: str
    data: bytes


_new_sample = partial(tuple.__new__, Sample)


class Located(NamedTuple):
    """Samples that have not been read: columns in the order of paths, and for each one asked for its place in them."""

    paths: list[bytes]
    ids: list[ObjectId]
    sizes: list[int]
    recipes: dict[int, ObjectId]
    places: list[int]


class Source:
    """Samples by number, in the order of their paths."""

    def __init__(self, snapshot: Snapshot, folder: str | os.PathLike[str], select: Select | None) -> None:
        """`select` says of a path whether it is a sample. Raises PathNotFoundError if there is no such folder."""
        self._inside = repo_path(folder) + b"/" if os.fspath(folder) not in ("", ".", "./") else b""
        self._snapshot = snapshot
        self._pid = os.getpid()
        manifest = snapshot.manifest
        self._first = manifest.position(self._inside)
        self._files = manifest.totals(self._inside).files
        if self._inside and not self._files:
            raise _no_folder(snapshot, self._inside)
        self._chosen = None if select is None else self._select(select)

    def __len__(self) -> int:
        return self._files if self._chosen is None else len(self._chosen)

    @property
    def snapshot(self) -> Snapshot:
        """The version, opened by this process."""
        if self._pid != os.getpid():
            self._snapshot = self._snapshot.reopened()
            self._pid = os.getpid()
        return self._snapshot

    def identity(self) -> dict[str, Any]:
        """What decides which sample has which number."""
        from aidb.store.hashing import hash_bytes

        chosen = None if self._chosen is None else hash_bytes(self._chosen.tobytes()).hex()
        return {"commit": self._snapshot.commit.id, "folder": decode_path(self._inside), "chosen": chosen}

    def groups(self, numbers: Sequence[int], most: int) -> Iterator[Located]:
        """Where some samples are, in runs of at most `most` bytes, or of one sample that is larger."""
        located = self.locate(numbers)
        if sum(located.sizes) <= most or len(numbers) < 2:
            yield located
        else:
            half = len(numbers) // 2
            yield from self.groups(numbers[:half], most)
            yield from self.groups(numbers[half:], most)

    def locate(self, numbers: Sequence[int]) -> Located:
        """Where some samples are; links are followed."""
        located = Located([], [], [], {}, [])
        wanted = sorted(set(map(self._place, numbers)))
        while len(located.ids) < len(wanted):
            at = len(located.ids)
            first, leaf = self.snapshot.manifest.leaf_at(wanted[at])
            end = bisect_left(wanted, first + len(leaf), at)
            self._take(located, leaf, [place - first for place in wanted[at:end]])
        places = dict(zip(wanted, range(len(wanted)), strict=True))
        located.places.extend(places[self._place(number)] for number in numbers)
        return located

    def read(self, located: Located) -> list[Sample]:
        """The samples themselves, all in memory, in the order asked for. Neighbours in the store are read together."""
        samples = list(
            map(_new_sample, zip(map(decode_path, located.paths), self._contents(located), strict=True))
        )
        return [samples[place] for place in located.places]

    def _contents(self, located: Located) -> list[bytes]:
        """Not by `ObjectStore.read_blobs`: here what is read has to be put in order, and is small in most datasets."""
        store, ids, sizes, recipes = self.snapshot.store, located.ids, located.sizes, located.recipes
        data = [b""] * len(ids)
        small = [at for at in range(len(ids)) if at not in recipes]
        for number, content in store.read_chunks([ids[at] for at in small]):
            at = small[number]
            if len(content) != sizes[at]:
                raise wrong_size(Blob(ids[at], sizes[at], None), len(content))
            data[at] = bytes(content)
        for at, recipe in recipes.items():
            data[at] = store.read_blob(Blob(ids[at], sizes[at], recipe))
        return data

    def _place(self, number: int) -> int:
        """The number of a sample among all files of the version."""
        return self._first + (number if self._chosen is None else self._chosen[number])

    def _take(self, located: Located, leaf: Leaf, rows: list[int]) -> None:
        """Add some rows of a leaf."""
        begin = len(located.ids)
        names, blobs, prefix, sizes = leaf.names, leaf.blobs, leaf.prefix, leaf.sizes
        located.paths.extend([prefix + names[row] for row in rows])
        located.ids.extend([ObjectId(blobs[row * ID_SIZE : (row + 1) * ID_SIZE]) for row in rows])
        located.sizes.extend([sizes[row] for row in rows])
        if leaf.recipes or Kind.SYMLINK in leaf.kinds:
            for at, row in enumerate(rows, begin):
                self._settle(located, at, leaf.entry(row))

    def _settle(self, located: Located, at: int, entry: Entry) -> None:
        """What not every sample has: a recipe, or a link on the way."""
        if entry.kind is Kind.SYMLINK:
            entry = self._followed(RepoPath(located.paths[at]))
            located.ids[at], located.sizes[at] = entry.blob, entry.size
        if entry.recipe is not None:
            located.recipes[at] = entry.recipe

    def _followed(self, link: RepoPath) -> Entry:
        snapshot = self.snapshot
        where = follow(snapshot.manifest, link, lambda entry: snapshot.store.read_blob(entry.content))
        entry = snapshot.manifest.get(where)
        if entry is None:
            raise PathNotFoundError(
                f"{show_path(link)} is a symbolic link that leads to no file",
                hints=("Leave it out with `select=`.",),
            )
        return entry

    def _select(self, select: Select) -> array[int]:
        paths = (path for path, _ in self._snapshot.manifest.items(self._inside))
        return array("Q", (number for number, path in enumerate(paths) if select(decode_path(path))))


def _no_folder(snapshot: Snapshot, inside: bytes) -> PathNotFoundError:
    folder = show_path(inside[:-1])
    return PathNotFoundError(
        f"there is no folder {folder} in commit {snapshot.commit.id[:10]}",
        hints=(f"`aidb ls {snapshot.commit.id[:10]}:` lists what is there.",),
    )
