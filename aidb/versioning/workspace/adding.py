"""Reading candidates of a scan into what is staged: the working part of `add`."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aidb.errors import AidbError, FileChangedError, InvalidPathError, StorageError
from aidb.progress import Task
from aidb.store.ingest.source import Ingested, Source, new_source
from aidb.types import MAX_PATH, Entry, Kind, RepoPath, show_path
from aidb.versioning.workspace.ancestors import Ancestors
from aidb.versioning.workspace.index.rows import row_of, rows_of
from aidb.versioning.workspace.report import counted, some
from aidb.versioning.workspace.staging import Staging
from aidb.versioning.workspace.tree.folders import Folders, split
from aidb.versioning.workspace.tree.scan import FolderScan, Found

if TYPE_CHECKING:
    from aidb.store.ingest.source import FileStat

CHECKPOINT_SECONDS = 5.0
CHECKPOINT_FILES = 250_000
ATTEMPTS = 4
RETRY_SECONDS = 0.05
_LOOSE = 20

# The constructor of a named tuple is a Python function. This one is not: for 100,000 files that counts.
_new_entry = partial(tuple.__new__, Entry)


@dataclass(slots=True)
class PassedOver:
    """What was passed over, for the notes."""

    special: dict[str, list[bytes]] = field(default_factory=dict)
    empty: list[bytes] = field(default_factory=list)
    foreign: list[bytes] = field(default_factory=list)

    def notes(self) -> list[str]:
        notes = [f"left out, {why}: {some(paths)}" for why, paths in self.special.items()]
        if self.empty:
            notes.append(
                f"left out, as in Git, {counted(len(self.empty), 'empty folder')}: {some(self.empty)}"
            )
        if self.foreign:
            notes.append(
                f"left to Git, which tracks {counted(len(self.foreign), 'file')}: {some(self.foreign)}"
            )
        return notes


class Adding:
    """One `add` at work."""

    def __init__(self, root: Path, staging: Staging, task: Task) -> None:
        self.added = self.removed = self.bytes_read = 0
        self.passed_over = PassedOver()
        self.grown: set[bytes] = set()
        """Folders with files that were not tracked before."""
        self.loose: list[bytes] = []
        """The first few files that were added to the workspace's root itself."""
        self._root = os.fsencode(root) + b"/"
        self._staging = staging
        self._ancestors = Ancestors(staging) if staging.writer.takes_bases else None
        self._folders = Folders(root)
        self._task = task
        self._again: list[Found] = []
        self._failed: dict[RepoPath, AidbError] = {}
        self._interval = CHECKPOINT_SECONDS
        self._is_due = False

    def __enter__(self) -> Adding:
        return self

    def __exit__(self, *exc: object) -> None:
        self._folders.close()

    def run(self, reports: Iterable[FolderScan]) -> None:
        """Stage what the reports tell, with a checkpoint whenever one is due."""
        candidates = self._candidates(reports)
        self._ingest(self._until_due(candidates))
        while self._is_due:
            self._checkpoint()
            self._ingest(self._until_due(candidates))
        self._retry()

    def raise_failures(self) -> None:
        """Raise the error that kept a file from being added, if there is one; everything else was."""
        if self._failed:
            raise _summary(self._failed, self.added + self._staging.modified + self.removed)

    def _candidates(self, reports: Iterable[FolderScan]) -> Iterator[Found]:
        for report in reports:
            self._note(report)
            for path in report.missing:
                self._remove(RepoPath(path))
            yield from report.changed
            yield from report.untracked

    def _note(self, report: FolderScan) -> None:
        for path, why in report.skipped:
            self.passed_over.special.setdefault(why, []).append(path)
        for path, error in report.unreadable:
            self._failed[RepoPath(path)] = StorageError.from_os_error(error, f"reading {show_path(path)}")
        if report.empty:
            self.passed_over.empty.append(report.folder + b"/")
        self.passed_over.foreign += report.foreign

    def _until_due(self, candidates: Iterator[Found]) -> Iterator[Found]:
        due = time.monotonic() + self._interval
        self._is_due = False
        for count, found in enumerate(candidates, start=1):
            yield found
            if count >= CHECKPOINT_FILES or time.monotonic() > due:
                self._is_due = True
                return

    def _ingest(self, candidates: Iterator[Found]) -> None:
        """Stage candidates until the iterator ends."""
        began = time.time_ns()
        sources = _Sources(self._root, candidates, self._ancestors)
        for results in self._staging.writer.ingest_batches(sources):
            self._task.advance(len(results))
            self._take(results, began)
        for link in sources.links:
            self._take_link(link, began)

    def _take(self, results: list[Ingested], began: int) -> None:
        plain, executable, by_owner = Kind.FILE, Kind.EXECUTABLE, stat.S_IXUSR
        read: list[Found] = []
        stats: list[FileStat] = []
        entries: list[Entry] = []
        for found, blob, seen, changed, error in results:
            if changed:
                self._again.append(found)
            elif error is not None:
                self._cannot_read(found, error)
            elif blob is not None and seen is not None:
                id_, size, recipe = blob
                read.append(found)
                stats.append(seen)
                kind = executable if seen.st_mode & by_owner else plain
                entries.append(_new_entry((kind, size, id_, recipe)))
                self.bytes_read += size
        if read:
            self._stage(read, entries, rows_of(stats, began))
        if self._ancestors is not None:
            self._ancestors.note(zip([found.path for found in read], entries, strict=True))

    def _take_link(self, link: Found, began: int) -> None:
        folder, name = split(link.path)
        self._task.advance()
        try:
            place = self._folders.open(folder)
            seen = os.stat(name, dir_fd=place, follow_symlinks=False)
            destination = os.readlink(name, dir_fd=place)
        except OSError as error:
            doing = f"reading the symlink {show_path(link.path)}"
            self._cannot_read(link, StorageError.from_os_error(error, doing))
            return
        blob = self._staging.writer.put_blob(destination)
        entry = Entry(Kind.SYMLINK, blob.size, blob.id, blob.recipe)
        self._stage([link], [entry], [row_of(seen, began)])

    def _stage(self, found: list[Found], entries: list[Entry], rows: list[bytes]) -> None:
        new: list[tuple[RepoPath, Entry, bytes]] = []
        for (raw, _, _, tracked), entry, row in zip(found, entries, rows, strict=True):
            path = cast("RepoPath", raw)
            if tracked:
                self._staging.update(path, entry, row)
            elif len(path) > MAX_PATH:
                self._failed[path] = InvalidPathError(f"{show_path(path)} is longer than {MAX_PATH} bytes")
            else:
                new.append((path, entry, row))
        self.added += len(new)
        folders = self._staging.set_all(new)
        self.grown.update(folders)
        if b"" in folders:
            self.loose += [path for path, _, _ in new if not split(path)[0]][: _LOOSE - len(self.loose)]

    def _remove(self, path: RepoPath) -> None:
        self.removed += 1
        self._staging.remove(path)

    def _cannot_read(self, found: Found, error: AidbError) -> None:
        if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR):
            # Gone since it was seen; what is gone before it was ever tracked is nobody's loss.
            if found.tracked:
                self._remove(RepoPath(found.path))
            return
        self._failed[RepoPath(found.path)] = error

    def _retry(self) -> None:
        """Files that changed while they were read get a few more chances."""
        for attempt in range(1, ATTEMPTS):
            if not self._again:
                return
            time.sleep(RETRY_SECONDS * attempt)
            again, self._again = self._again, []
            self._ingest(found._replace(stat=None) for found in again)
        for found in self._again:
            path = RepoPath(found.path)
            self._failed[path] = kept_changing(path)

    def _checkpoint(self) -> None:
        began = time.monotonic()
        self._staging.save()
        self._interval = max(CHECKPOINT_SECONDS, 10 * (time.monotonic() - began))


class _Sources:
    """Candidates as the store takes them; symlinks are put aside, for they are not opened."""

    def __init__(self, root: bytes, candidates: Iterator[Found], ancestors: Ancestors | None) -> None:
        self._root = root
        self._candidates = candidates
        self._ancestors = ancestors
        self.links: list[Found] = []

    def __iter__(self) -> Iterator[Source]:
        for found in self._candidates:
            if found.is_link:
                self.links.append(found)
            else:
                base = None if self._ancestors is None else self._ancestors.base_of(found.path)
                yield new_source((self._root + found.path, found, found.stat, base))


def kept_changing(path: bytes) -> FileChangedError:
    """The error for a file that was never the same before and after it was read."""
    return FileChangedError(
        f"{show_path(path)} changed each time it was read",
        hints=("Wait until the program that writes it has finished, then add it again.",),
    )


def _summary(failed: dict[RepoPath, AidbError], staged: int) -> AidbError:
    """One error for all files that could not be added."""
    first = next(iter(failed.values()))
    rest = f"; {counted(staged, 'other change')} staged" if staged else ""
    if len(failed) == 1:
        first.message += rest
        return first
    kind = type(first) if len({type(error) for error in failed.values()}) == 1 else StorageError
    return kind(
        f"{counted(len(failed), 'file')} could not be added: {some(list(failed))} ({first.message}){rest}",
        hints=first.hints,
    )
