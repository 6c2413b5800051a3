"""The numbers behind `aidb stats`: history, files, chunks, packs, and how the repository grew."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from aidb.progress import SILENT, Progress
from aidb.store import PackKind
from aidb.store.garbage.marks import Amount
from aidb.store.packs.layout import PACKS
from aidb.types import HEADS, TAGS, decode_path
from aidb.versioning.garbage.marking import Marker
from aidb.versioning.garbage.roots import find_all, sources
from aidb.versioning.manifest import Manifest
from aidb.versioning.shares import CommitShare, added_by

if TYPE_CHECKING:
    from aidb.store import ObjectStore, StoreUsage
    from aidb.store.garbage.marks import Marks
    from aidb.versioning.engine import Engine
    from aidb.versioning.workspace import Workspace

SMALL_PACK = 1 << 20
"""A pack below this is small: many of them slow down whoever copies the store."""
_LARGEST = 10


class Sized(NamedTuple):
    """A file or folder of HEAD; bytes are of its content."""

    path: str
    files: int
    bytes: int


class Grown(NamedTuple):
    """A month: its commits, and what they added, as stored."""

    month: str
    commits: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Measured from the indexes, the history and the lists of files: no file's content is read."""

    commits: int
    versions: int
    """How many of the commits' file lists differ."""
    branches: int
    tags: int
    files: int
    """In HEAD,"""
    file_bytes: int
    """and their bytes."""
    version_bytes: int
    """The sizes of all commits' files together, as if each were a copy."""
    store: StoreUsage
    small_packs: int
    garbage: Amount
    """What nothing needs, young or old,"""
    needed: Amount
    """and what something does."""
    largest_files: tuple[Sized, ...]
    largest_folders: tuple[Sized, ...]
    growth: tuple[Grown, ...]

    @property
    def content_bytes(self) -> int:
        """The distinct content of files, before compression."""
        return self.store.by_kind[PackKind.DATA].raw_bytes

    @property
    def deduplication(self) -> float:
        """How many times the distinct content all commits' files together are."""
        return self.version_bytes / self.content_bytes if self.content_bytes else 1.0


def statistics(
    engine: Engine, store: ObjectStore, workspace: Workspace, *, progress: Progress = SILENT
) -> Statistics:
    """Measure. Raises IntegrityError if part of the history or of the lists of files is missing."""
    roots = find_all(sources(engine, workspace))
    tips = [commit for each in roots for commit in each.commits]
    commits = list(engine.walk(dict.fromkeys(tips), order="topological"))
    marks = store.marks()
    with Marker(engine, store, marks, progress) as marker:
        growth = _by_month(added_by(marker, commits))
        for each in roots:
            marker.mark(each)
    usage = store.usage()
    head = engine.head().commit
    manifest = None if head is None else Manifest(store, engine.read_commit(head).root)
    refs = engine.list_refs()
    return Statistics(
        commits=len(commits),
        versions=len({commit.root for commit in commits}),
        branches=sum(name.startswith(HEADS) for name in refs),
        tags=sum(name.startswith(TAGS) for name in refs),
        files=0 if manifest is None else manifest.files,
        file_bytes=0 if manifest is None else manifest.bytes,
        version_bytes=sum(commit.bytes for commit in commits),
        store=usage,
        small_packs=sum(stored.size < SMALL_PACK for stored in store.backend.list(PACKS)),
        garbage=_garbage(marks),
        needed=Amount(marks.chunks, marks.bytes),
        largest_files=() if manifest is None else _largest_files(manifest),
        largest_folders=() if manifest is None else _largest_folders(manifest),
        growth=growth,
    )


def _garbage(marks: Marks) -> Amount:
    parts = [division.garbage for division in marks.by_pack().values()]
    return Amount(sum(part.chunks for part in parts), sum(part.bytes for part in parts))


def _by_month(shares: Iterable[CommitShare]) -> tuple[Grown, ...]:
    """By the months in which the commits were made; a month without any is left out."""
    months: dict[str, list[int]] = {}
    for share in shares:
        month = months.setdefault(f"{share.commit.commit_time:%Y-%m}", [0, 0])
        month[0] += 1
        month[1] += share.bytes
    return tuple(Grown(month, *amounts) for month, amounts in sorted(months.items()))


def _largest_files(manifest: Manifest) -> tuple[Sized, ...]:
    largest = heapq.nlargest(_LARGEST, manifest.items(), key=lambda item: item[1].size)
    return tuple(Sized(decode_path(path), 1, entry.size) for path, entry in largest)


def _largest_folders(manifest: Manifest) -> tuple[Sized, ...]:
    """Of the folders directly in the root: those further down are for `aidb du REV:PATH`."""
    folders = [child for child in manifest.children() if child.entry is None]
    largest = heapq.nlargest(_LARGEST, folders, key=lambda child: child.totals.bytes)
    return tuple(Sized(decode_path(child.name), *child.totals) for child in largest)
