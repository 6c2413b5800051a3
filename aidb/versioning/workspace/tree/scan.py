"""Compares the working tree with the index: which tracked files may have changed, which are gone, what is untracked.

Only names and `lstat` are looked at; whether a file that looks changed really is, its content must tell. Folders are
visited one by one and only those with something to tell are reported, so memory is bounded by the largest folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, NamedTuple, Protocol

from aidb.files import storage_errors
from aidb.types import RESERVED
from aidb.versioning.workspace.index.file import Block
from aidb.versioning.workspace.index.glance import AS_KNOWN, Glance, glance
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.index.rows import exact_row, kind_of, special_name
from aidb.versioning.workspace.tree.folders import Folders, join, split
from aidb.versioning.workspace.tree.helpers import Helpers
from aidb.versioning.workspace.tree.ignore import LOCK_FILE, Ignore

Untracked = Literal["files", "folders", "none"]
"""Report untracked files one by one, or a folder of only such as one thing, or not at all."""

_RESERVED = frozenset(name.decode() for name in RESERVED)
_NO_BLOCK = Block(b"", b"")

NESTED = "a repository of its own"


class Foreign(Protocol):
    """Files in the working tree that belong to another tool (Git), and are not ours to take."""

    def __contains__(self, path: bytes) -> bool:
        """Whether the file is one of them."""

    def any_below(self, folder: bytes) -> bool:
        """Whether any lies below a folder."""


class _NothingForeign:
    def __contains__(self, path: bytes) -> bool:
        return False

    def any_below(self, folder: bytes) -> bool:
        return False


NOTHING_FOREIGN: Foreign = _NothingForeign()


class Found(NamedTuple):
    """A file or symlink on disk. `stat` is None when only its type was needed so far."""

    path: bytes
    stat: os.stat_result | None
    is_link: bool
    tracked: bool


# The constructor of a named tuple is a Python function. This one is not: for 100,000 files that counts.
_new_found = partial(tuple.__new__, Found)


def _found(path: bytes, seen: os.stat_result, *, tracked: bool = False) -> Found:
    return Found(path, seen, stat.S_ISLNK(seen.st_mode), tracked)


class Skipped(NamedTuple):
    """A path that cannot be versioned, and why."""

    path: bytes
    why: str


@dataclass(slots=True)
class FolderScan:
    """What there is to tell about one folder."""

    folder: bytes
    changed: list[Found] = field(default_factory=list)
    missing: list[bytes] = field(default_factory=list)
    untracked: list[Found] = field(default_factory=list)
    untracked_folders: list[bytes] = field(default_factory=list)
    ignored: list[bytes] = field(default_factory=list)
    foreign: list[bytes] = field(default_factory=list)
    empty: bool = False
    skipped: list[Skipped] = field(default_factory=list)
    unreadable: list[tuple[bytes, OSError]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.changed
            or self.missing
            or self.untracked
            or self.untracked_folders
            or self.ignored
            or self.foreign
            or self.empty
            or self.skipped
            or self.unreadable
        )


class Scanner:
    """One comparison of a working tree with an index. The index may be changed while scanning goes on."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        index: Index,
        *,
        untracked: Untracked = "files",
        ignoring: bool = True,
        foreign: Foreign = NOTHING_FOREIGN,
    ) -> None:
        """`ignoring=False` reports ignored files as plain untracked ones; `foreign` are files of somebody else's."""
        self._foreign = foreign
        self._root = os.fspath(root)
        self._index = index
        self._untracked = untracked
        self._ignoring = ignoring
        self._folders = Folders(root)
        self._ignore_folders = Folders(root)
        self.ignore = Ignore(self._ignore_folders)
        self._tree = index.subfolders()

    def close(self) -> None:
        self._folders.close()
        self._ignore_folders.close()

    def __enter__(self) -> Scanner:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def scan(self, paths: Iterable[bytes] = (b"",)) -> Iterator[FolderScan]:
        """Look at files and at folders with everything below. `paths` must not lie within each other."""
        with storage_errors("looking at the working tree"):
            for path in paths:
                if path in self._tree or self._is_folder(path):
                    if path and path in self._index:
                        yield FolderScan(split(path)[0], missing=[path])
                    yield from self._walk(path)
                elif report := self._single(path):
                    yield report

    def ignored(self, path: bytes) -> bool:
        """Whether an existing path is left out by `.aidbignore`."""
        return self.ignore.ignores_any(path, is_folder=self._is_folder(path))

    def exists(self, path: bytes) -> bool:
        """Whether there is anything at `path`, reached without following a symlink."""
        return not path or self._lstat(path) is not None

    def _is_folder(self, path: bytes) -> bool:
        found = self._lstat(path) if path else None
        return not path or (found is not None and stat.S_ISDIR(found.st_mode))

    def _lstat(self, path: bytes) -> os.stat_result | None:
        folder, name = split(path)
        try:
            return os.stat(name, dir_fd=self._folders.open(folder), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _single(self, path: bytes) -> FolderScan:
        report = FolderScan(split(path)[0])
        row, found = self._index.row(path), self._lstat(path)
        if found is None:
            if row is not None:
                report.missing.append(path)
        elif kind := special_name(found.st_mode):
            report.skipped.append(Skipped(path, kind))
        elif row is None:
            self._report_untracked(report, _found(path, found), named=True)
        elif row != exact_row(found):
            report.changed.append(_found(path, found, tracked=True))
        return report

    def _walk(self, top: bytes) -> Iterator[FolderScan]:
        helpers = Helpers(self._root, self._index, self._tree, top)
        stack = [top]
        later: list[bytes] = []
        try:
            while stack:
                folder = stack.pop()
                if helpers.asked(folder):
                    later.append(folder)
                else:
                    yield from self._look(folder, stack)
            stack = later[::-1]
            while stack:
                folder = stack.pop()
                glanced = helpers.glance(folder)
                if glanced == AS_KNOWN:
                    stack += self._subfolders(folder)
                else:
                    yield from self._look(folder, stack, glanced)
        finally:
            helpers.close()

    def _look(self, folder: bytes, stack: list[bytes], glanced: Glance | None = None) -> Iterator[FolderScan]:
        report = FolderScan(folder)
        inside = self._visit(folder, report, glanced)
        if report:
            yield report
        stack += sorted(inside, reverse=True)

    def _subfolders(self, folder: bytes) -> list[bytes]:
        return [join(folder, name) for name in self._tree[folder]]

    def _visit(self, folder: bytes, report: FolderScan, glanced: Glance | None) -> list[bytes]:
        """Fill `report`; return the folders to go on with."""
        block = self._index.block(folder) if folder in self._tree else _NO_BLOCK
        subfolders = [os.fsdecode(name) for name in self._tree.get(folder, ())]
        try:
            place = self._folders.open(folder)
            listing, doubtful = glanced or glance(place, block.decoded_names, subfolders, block.rows)
        except (FileNotFoundError, NotADirectoryError):
            self._report_gone(folder, report)
            return []
        except OSError as error:
            report.unreadable.append((folder, error))
            return []
        if listing is None:
            report.empty = bool(folder) and folder not in self._tree
        else:
            names = [name for name in listing if folder or name.lower() not in _RESERVED]
            subfolders = self._compare_listing(place, block, names, subfolders, report)
        subfolders += self._look_again(place, block, doubtful, report)
        return [join(folder, os.fsencode(name)) for name in subfolders]

    def _compare_listing(
        self, place: int, block: Block, listing: list[str], subfolders: list[str], report: FolderScan
    ) -> list[str]:
        """Report what the listing lacks and what is not tracked in it; return the folders to enter."""
        present = frozenset(listing)
        entered = [name for name in subfolders if name in present]
        for name in subfolders:
            if name not in present:
                report.missing.extend(self._index.tracked_below(join(report.folder, os.fsencode(name))))
        if self._untracked != "none":
            extras = present.difference(block.decoded_names, subfolders)
            if extras:
                entered += self._sort_out(place, extras, report, tracked=report.folder in self._tree)
        return entered

    def _look_again(self, place: int, block: Block, doubtful: list[str], report: FolderScan) -> list[str]:
        """Report those of the doubtful tracked names that have changed; return those that are folders to enter now."""
        entered: list[str] = []
        for name in doubtful:
            raw = os.fsencode(name)
            path = join(report.folder, raw)
            found = _lstat_in(place, name)
            if found is None:
                report.missing.append(path)
            elif kind_of(found.st_mode) is not None:
                if exact_row(found) != block.row(raw):
                    report.changed.append(_found(path, found, tracked=True))
            else:
                report.missing.append(path)
                if stat.S_ISDIR(found.st_mode):
                    self._meet_folder(name, path, report, entered)
                elif kind := special_name(found.st_mode):
                    report.skipped.append(Skipped(path, kind))
        return entered

    def _sort_out(
        self, place: int, extras: frozenset[str], report: FolderScan, *, tracked: bool
    ) -> list[str]:
        """Report what is not tracked; return the names of untracked folders to enter."""
        if not tracked and report.folder and any(name.lower() in _RESERVED for name in extras):
            report.skipped.append(Skipped(report.folder, NESTED))
            return []
        entered: list[str] = []
        plain = self._is_plain(report.folder)
        prefix = report.folder + b"/" if report.folder else b""
        with os.scandir(place) as entries:
            for entry in entries:
                name = entry.name
                if name not in extras or name.lower() in _RESERVED:
                    continue
                path = prefix + os.fsencode(name)
                link = entry.is_symlink()
                if not (link or entry.is_file(follow_symlinks=False)):
                    self._sort_out_other(entry, path, report, entered)
                elif plain:
                    report.untracked.append(_new_found((path, None, link, False)))
                else:
                    self._report_untracked(report, _new_found((path, None, link, False)))
        return entered

    def _is_plain(self, folder: bytes) -> bool:
        """Whether no file in a folder can be ignored or somebody else's, as is most often so."""
        ignored = not folder or (self._ignoring and self.ignore.any_in(folder))
        return not ignored and not self._foreign.any_below(folder)

    def _sort_out_other(
        self, entry: os.DirEntry[str], path: bytes, report: FolderScan, entered: list[str]
    ) -> None:
        """An untracked folder, or something that is no file at all."""
        if not entry.is_dir(follow_symlinks=False):
            mode = entry.stat(follow_symlinks=False).st_mode
            report.skipped.append(Skipped(path, special_name(mode) or "not a file"))
        else:
            self._meet_folder(entry.name, path, report, entered)

    def _meet_folder(self, name: str, path: bytes, report: FolderScan, entered: list[str]) -> None:
        """A folder without tracked files: to be entered, to be reported as one thing, or neither."""
        if self._untracked == "none":
            return
        if self._is_ignored(path, is_folder=True):
            report.ignored.append(path)
        elif self._untracked == "files" or self._foreign.any_below(path):
            entered.append(name)
        elif self._holds_files(path, report):
            report.untracked_folders.append(path)

    def _report_untracked(self, report: FolderScan, found: Found, *, named: bool = False) -> None:
        """`named`: asked for by its own name, as even a file that Git tracks may be."""
        if self._untracked == "none":
            return
        if self._is_ignored(found.path, is_folder=False):
            report.ignored.append(found.path)
        elif not named and found.path in self._foreign:
            report.foreign.append(found.path)
        else:
            report.untracked.append(found)

    def _report_gone(self, folder: bytes, report: FolderScan) -> None:
        """A tracked folder that is no more, or that a file or symlink has taken the place of."""
        report.missing.extend(self._index.tracked_below(folder))
        found = self._lstat(folder) if folder else None
        if found is not None and kind_of(found.st_mode) is not None:
            self._report_untracked(report, _found(folder, found))

    def _holds_files(self, folder: bytes, report: FolderScan) -> bool:
        """Whether anything below an untracked folder could be added. Stops at the first find."""
        stack = [folder]
        while stack:
            here = stack.pop()
            try:
                with os.scandir(self._folders.open(here)) as entries:
                    listed = list(entries)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                report.unreadable.append((here, error))
                continue
            if any(entry.name.lower() in _RESERVED for entry in listed):
                report.skipped.append(Skipped(here, NESTED))
            elif any(self._could_be_added(here, entry) for entry in listed):
                return True
            else:
                stack += self._inner_folders(here, listed)
        return False

    def _could_be_added(self, folder: bytes, entry: os.DirEntry[str]) -> bool:
        if not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
            return False
        return not self._is_ignored(join(folder, os.fsencode(entry.name)), is_folder=False)

    def _inner_folders(self, folder: bytes, entries: Iterable[os.DirEntry[str]]) -> list[bytes]:
        inner = (join(folder, os.fsencode(e.name)) for e in entries if e.is_dir(follow_symlinks=False))
        return [path for path in inner if not self._is_ignored(path, is_folder=True)]

    def _is_ignored(self, path: bytes, *, is_folder: bool) -> bool:
        return path == LOCK_FILE or (self._ignoring and self.ignore.ignores(path, is_folder=is_folder))


def _lstat_in(place: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=place, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
