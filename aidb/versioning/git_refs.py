"""Git's refs on disk: read, compare-and-swap, HEAD, reflogs.

Writers of aidb take turns by a lock of their own (flock, freed by the kernel when a process dies) and, inside it,
follow Git's protocol, so that plain `git` may write at the same time: make `<ref>.lock`, compare, append to the
reflogs, rename. A `.lock` left by a killed aidb is known by the note in `refs.intent` and removed at once; one left by
another program is removed when it is ten seconds old.

What is not promised: the `reftable` format.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from aidb.errors import InvalidNameError, LockedError, RefChangedError, RefusedError
from aidb.files import append_line, file_lock, fsync_directory, storage_errors, write_all
from aidb.types import HEADS, CommitId, RefName
from aidb.versioning.commits import Person
from aidb.versioning.head import (
    HEAD,
    Head,
    is_ref,
    read_loose_ref,
    read_packed_refs,
    ref_value,
    symbolic_target,
)
from aidb.versioning.reflog import ReflogEntry, format_line, parse_lines, without_old_lines

STALE_AFTER = 10.0
"""Seconds after which another program's lock file counts as left behind."""

PACKED = RefName("packed-refs")
_LOGGED = (HEADS, "refs/remotes/", "refs/stash/")
_MAX_SYMBOLIC = 5
_MAX_NOTE = 1 << 16

Moving = Callable[[RefName, str | None, str | None, str], None]
"""Told of a ref just before it moves: its name, its old and its new value, and the reason. HEAD's value is its text."""


def _tell_nobody(ref: RefName, old: str | None, new: str | None, reason: str) -> None:
    """For a history whose moves nobody records."""


class GitRefs:
    """The refs of one Git repository."""

    def __init__(self, git_folder: Path, locks: Path, moving: Moving | None = None) -> None:
        """`locks` is the folder for aidb's own lock files; `moving` is told of every move before it is made."""
        self._moving = moving or _tell_nobody
        self._folder = git_folder
        self._prefix = f"{git_folder}/"
        self._lock_file = locks / "refs.lock"
        self._intent = f"{locks}/refs.intent"
        self._stuck: list[str] = []
        """Of the turn at hand: refs whose lock file could not be removed."""
        self._packed_refs: tuple[tuple[int, int, int], dict[RefName, str]] = ((0, 0, 0), {})

    # Reading

    def read(self, name: RefName) -> CommitId | None:
        """The value of a ref; a symbolic one is followed."""
        _, value = self._follow(name)
        return value

    def _follow(self, name: RefName) -> tuple[RefName, CommitId | None]:
        """The ref that holds the value, and the value."""
        for _ in range(_MAX_SYMBOLIC):
            text = self._text(name)
            if text is None:
                return name, None
            target = symbolic_target(text)
            if target is None:
                return name, ref_value(name, text)
            name = target
        raise RefusedError(f"the ref {name} refers to itself")

    def _text(self, name: RefName) -> str | None:
        if not is_ref(name):
            raise InvalidNameError(f"{name!r} is not the name of a ref")
        with storage_errors(f"reading {name}"):
            text = read_loose_ref(self._folder, name)
            if text is None:
                text = self._packed().get(name)
            # `git pack-refs` may have moved it from its own file to the packed ones between the two looks.
            return read_loose_ref(self._folder, name) if text is None else text

    def values(self, prefix: str) -> dict[RefName, CommitId]:
        """All refs whose name begins with `prefix`, sorted."""
        with storage_errors("listing branches and tags"):
            names = set(self._loose_names(prefix))
            names.update(name for name in self._packed() if name.startswith(prefix))
        values = ((name, self.read(name)) for name in sorted(names))
        return {name: value for name, value in values if value is not None}

    def _loose_names(self, prefix: str) -> Iterator[RefName]:
        # A prefix such as `refs/heads/fea` may end in the middle of a name: walk the folder it lies in.
        start = prefix.rpartition("/")[0]
        for folder, _, files in os.walk(self._folder / start):
            base = os.path.relpath(folder, self._folder)
            for file in files:
                name = f"{base}/{file}"
                if name.startswith(prefix) and not name.endswith(".lock"):
                    yield RefName(name)

    def _packed(self) -> dict[RefName, str]:
        """The packed refs, parsed again only when their file has changed."""
        try:
            stat = os.stat(f"{self._prefix}packed-refs")
        except FileNotFoundError:
            return {}
        version = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if self._packed_refs[0] != version:
            self._packed_refs = (version, read_packed_refs(self._folder))
        return self._packed_refs[1]

    def head(self) -> Head:
        """What HEAD says."""
        holder, value = self._follow(HEAD)
        return Head(holder.removeprefix(HEADS) if holder.startswith(HEADS) else None, value)

    def reflog(self, name: RefName) -> list[ReflogEntry]:
        """The moves of a ref, newest first."""
        with storage_errors(f"reading the reflog of {name}"):
            try:
                return parse_lines((self._folder / "logs" / name).read_bytes())
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return []

    def logged(self) -> Iterator[RefName]:
        """Every ref that has a reflog."""
        for folder, _, files in os.walk(self._folder / "logs"):
            base = os.path.relpath(folder, self._folder / "logs")
            names = (file for file in files if not file.endswith(".lock"))
            yield from (RefName(os.path.normpath(f"{base}/{name}")) for name in names)

    # Writing

    def update(
        self,
        name: RefName,
        expected: CommitId | None,
        new: CommitId | None,
        reason: str,
        person: Person,
        *,
        is_told: bool = False,
    ) -> None:
        """Compare-and-swap. HEAD is followed to the branch it is on.

        `is_told`: history tells of the move, as `new` is a child of `expected`. Then a power cut may take the line of
        the reflog, which names nothing that could not be found without it.
        """
        with self._turn():
            holder, _ = self._follow(name)
            head = symbolic_target(self._text(HEAD) or "")
            if expected is None and new is not None:
                self._refuse_clash(holder)
            with self._lock(holder) as lock:
                actual = self._checked(holder, expected)
                if new != actual:
                    self._moving(holder, actual, new, reason)
                if new is None:
                    self._delete(holder)
                elif new != actual:
                    line = format_line(actual, new, person, _now(), reason)
                    self._log(holder, line, durable=not is_told)
                    if head == holder:
                        # The branch's own reflog says it, or history does: this copy needs no fsync of its own.
                        self._log(HEAD, line, durable=False)
                    self._replace(lock, holder, f"{new}\n".encode())

    def set_head(self, branch: RefName | None, commit: CommitId | None, reason: str, person: Person) -> None:
        """Point HEAD to a branch or, if that is None, to a commit."""
        with self._turn():
            before, text = self.read(HEAD), self._text(HEAD)
            after = commit if branch is None else self.read(branch)
            new = f"{commit}" if branch is None else f"ref: {branch}"
            with self._lock(HEAD) as lock:
                if text is None or text.strip() != new:
                    self._moving(HEAD, text and text.strip(), new, reason)
                self._log(HEAD, format_line(before, after, person, _now(), reason), durable=True)
                self._replace(lock, HEAD, f"{new}\n".encode())

    def copy(self, old: RefName, new: RefName, reason: str, person: Person) -> None:
        """Make `new` with the value and the past of `old`."""
        with self._turn():
            value = self.read(old)
            self._refuse_clash(new)
            with self._lock(new) as lock:
                self._checked(new, None)
                self._moving(new, None, value, reason)
                self._log(new, self._past(old), durable=False)
                self._log(new, format_line(value, value, person, _now(), reason), durable=True)
                self._replace(lock, new, f"{value}\n".encode())

    def expire(self, since: datetime) -> int:
        """Drop the moves before `since` from every reflog; how many there were."""
        return sum(self._expire(name, since) for name in sorted(self.logged()))

    def _expire(self, name: RefName, since: datetime) -> int:
        log = RefName(f"logs/{name}")
        with self._turn(), self._lock(name), self._lock(log, held=(name,)) as lock:
            before = self._past(name)
            after = without_old_lines(before, since)
            if after != before:
                self._replace(lock, log, after)
        return before.count(b"\n") - after.count(b"\n")

    def _past(self, name: RefName) -> bytes:
        try:
            return (self._folder / "logs" / name).read_bytes()
        except FileNotFoundError:
            return b""

    def _checked(self, name: RefName, expected: CommitId | None) -> CommitId | None:
        actual = self.read(name)
        if actual == expected:
            return actual
        shown = name.removeprefix(HEADS)
        if actual is None:
            raise RefChangedError(f"{shown} does not exist any more", actual=None)
        if expected is None:
            raise RefChangedError(f"{shown} exists already, at {actual[:10]}", actual=actual)
        raise RefChangedError(
            f"{shown} was moved by somebody else: it is at {actual[:10]}, not at {expected[:10]}",
            actual=actual,
            hints=("Look at what came in with `aidb log`, then try again.",),
        )

    def _refuse_clash(self, name: RefName) -> None:
        """Git keeps a ref as a file: `a` and `a/b` cannot both exist."""
        parents = [name[:at] for at, char in enumerate(name) if char == "/" and at > len("refs")]
        clash = next((p for p in parents if self._text(RefName(p)) is not None), None)
        clash = clash or next(iter(self.values(f"{name}/")), None)
        if clash is not None:
            mine, other = (n.split("/", 2)[-1] for n in (name, clash))
            raise RefusedError(
                f"{mine} cannot exist beside {other}: one would have to be a folder of the other",
                hints=("Choose another name, or rename the other one first.",),
            )

    def _replace(self, lock: int, name: RefName, data: bytes) -> None:
        path = f"{self._prefix}{name}"
        write_all(lock, data)
        os.fsync(lock)
        with contextlib.suppress(OSError):
            _remove_empty_folders(path)
        os.rename(f"{path}.lock", path)
        fsync_directory(os.path.dirname(path))

    def _delete(self, name: RefName) -> None:
        if name in self._packed():
            self._delete_packed(name)
        path = self._folder / name
        path.unlink(missing_ok=True)
        fsync_directory(path.parent)
        with contextlib.suppress(FileNotFoundError):
            (self._folder / "logs" / name).unlink()

    def _delete_packed(self, name: RefName) -> None:
        packed = self._folder / "packed-refs"
        with self._lock(PACKED, held=(name,)) as lock:
            kept: list[str] = []
            dropping = False
            for line in packed.read_text("utf-8", "surrogateescape").splitlines(keepends=True):
                # A line that starts with ^ belongs to the tag above it.
                dropping = line.partition(" ")[2].rstrip("\n") == name or (dropping and line[0] == "^")
                if not dropping:
                    kept.append(line)
            write_all(lock, "".join(kept).encode("utf-8", "surrogateescape"))
            os.fsync(lock)
            os.rename(f"{packed}.lock", packed)
            fsync_directory(self._folder)

    def _log(self, name: RefName, data: bytes, *, durable: bool) -> None:
        if name != HEAD and not name.startswith(_LOGGED):
            return
        path = f"{self._prefix}logs/{name}"
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
        try:
            fd, new = os.open(path, flags), False
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            _make_way(Path(path), self._folder)
            fd, new = os.open(path, flags | os.O_CREAT, 0o666), True
        try:
            append_line(fd, data)
            if durable or new:
                os.fsync(fd)
        finally:
            os.close(fd)
        if new:
            fsync_directory(os.path.dirname(path))

    # Locks

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with file_lock(self._lock_file, what="the history"), storage_errors("writing the history"):
            self._notes = os.open(self._intent, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                self._remove_left_lock()
                self._stuck.clear()
                yield
            finally:
                try:
                    self._note(*self._stuck)
                finally:
                    os.close(self._notes)

    def _note(self, *names: str) -> None:
        """Say which lock files are about to be made; none when none is held any more.

        Never truncated, because ext4 flushes a file that was cut to nothing and written again: an empty line ends it.
        """
        os.pwrite(self._notes, "".join(f"{name}\n" for name in (*names, "")).encode(), 0)

    def _remove_left_lock(self) -> None:
        """Whoever held the turn before and died has noted the lock files it made. Nothing else is removed."""
        text = os.pread(self._notes, _MAX_NOTE, 0).decode("utf-8", "replace")
        for name in takewhile(bool, text.split("\n")):
            if name == PACKED or is_ref(name):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    os.unlink(f"{self._prefix}{name}.lock")

    @contextlib.contextmanager
    def _lock(self, name: RefName, *, held: tuple[RefName, ...] = ()) -> Iterator[int]:
        """Hold `<name>.lock` as Git does; it is gone afterwards, renamed or removed."""
        path = f"{self._prefix}{name}.lock"
        fd = self._make_lock(path, name, held)
        try:
            yield fd
        finally:
            os.close(fd)
            self._unlock(path, name)

    def _unlock(self, path: str, name: RefName) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError:
            self._stuck.append(name)  # it stays noted, for the next turn to remove
            raise

    def _make_lock(self, path: str, name: RefName, held: tuple[RefName, ...]) -> int:
        deadline = time.monotonic() + STALE_AFTER * 2
        pause = 0.002
        while True:
            # Packed refs are locked while the ref itself is: the note then names both.
            self._note(name, *held)
            try:
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except (FileNotFoundError, NotADirectoryError):
                _make_way(Path(path), self._folder)
            except FileExistsError:
                self._note(*held)
                if time.monotonic() > deadline:
                    raise _locked(name, path) from None
                _remove_if_stale(path)
                time.sleep(pause)
                pause = min(pause * 1.5, 0.1)


def _locked(name: str, path: str) -> LockedError:
    return LockedError(
        f"another program keeps {name} locked",
        hints=(f"If no `git` command is running there, remove {path} and run the same command again.",),
    )


def _remove_if_stale(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if time.time() - os.stat(path).st_mtime > STALE_AFTER:
            os.unlink(path)


def _make_way(path: Path, top: Path) -> None:
    """Make the folders that `path` lies in, durably, and remove empty ones that stand in its place."""
    _remove_empty_folders(path)
    missing = [folder for folder in path.parents if folder.is_relative_to(top) and not folder.is_dir()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        fsync_directory(folder.parent)


def _remove_empty_folders(path: Path | str) -> None:
    """What deleted refs leave behind. A folder that is not empty raises OSError."""
    if os.path.isdir(path):
        for folder, _, _ in os.walk(path, topdown=False):
            os.rmdir(folder)


def _now() -> datetime:
    return datetime.now().astimezone()
