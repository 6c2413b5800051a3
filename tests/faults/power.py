"""What a disk holds after a power cut, worked out from the log of the shim.

A killed process leaves everything it wrote in the page cache; a power cut does not. The log says what was written,
renamed and fsynced, in which order, so the states that may be found afterwards can be made:

    data    every name is there, but the bytes of files that were not fsynced are gone (delayed allocation)
    names   in addition, names changed since the last fsync of anything are as they were at it (a journalling file
            system such as ext4 or XFS writes its journal in order, whatever was fsynced)

Not modelled: file systems without an ordered journal, disks that lie about having flushed, half-written sectors.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.faults.shim import WRITES, Step

Loss = Literal["data", "names"]


@dataclass(eq=False)
class Node:
    """One file, link or folder, whatever its name is by now."""

    origin: str | None
    """Its path before the command, None if the command made it."""
    dirty: bool = False


class Disk:
    """The names and nodes below a folder while a log is played: as the process sees them, and as they would survive."""

    def __init__(self, original: Path, root: Path) -> None:
        """`original` is a copy from before the command ran in `root`."""
        self._original = original
        self._root = str(root)
        self._names: dict[str, Node] = {path: Node(path) for path in _paths_below(original)}
        self._durable = dict(self._names)

    def play(self, step: Step) -> None:
        """Do what the step did; calls that must have failed (no source, no folder, an existing target) do nothing."""
        path, other = self._relative(step.path), self._relative(step.other)
        if not (self._has_folder(path) and self._has_folder(other)):
            return
        if step.call in ("fsync", "fdatasync"):
            self._fsync(path)
        elif step.call in WRITES or step.call in ("ftruncate", "truncate", "fallocate"):
            self._names[path].dirty = True
        elif step.call in ("open", "mkdir", "symlink"):
            self._make(step.call, path)
        elif step.call == "rename":
            self._rename(path, other)
        elif step.call == "link" and path in self._names:
            self._names.setdefault(other, self._names[path])
        elif step.call in ("unlink", "rmdir"):
            self._names.pop(path, None)

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, self._root) if path else ""

    def _has_folder(self, path: str) -> bool:
        folder = os.path.dirname(path)
        return folder in ("", "..") or folder in self._names

    def _fsync(self, path: str) -> None:
        if path in self._names:
            self._names[path].dirty = False
        self._durable = dict(self._names)

    def _make(self, call: str, path: str) -> None:
        if path not in self._names:
            self._names[path] = Node(None, dirty=call == "open")
        elif call == "open":
            self._names[path].dirty = True

    def _rename(self, path: str, other: str) -> None:
        if path not in self._names:
            return
        moved = {
            name: node for name, node in self._names.items() if name == path or name.startswith(f"{path}/")
        }
        for name, node in moved.items():
            del self._names[name]
            self._names[other + name[len(path) :]] = node

    def write(self, loss: Loss, target: Path) -> None:
        """Make in `target` what is left of the root, which must be as the process left it."""
        names = self._names if loss == "data" else self._durable
        places = {id(node): path for path, node in self._names.items()}
        for path in sorted(names):
            source = self._source(names[path], places)
            self._put(source, target / path, empty=names[path].dirty and names[path].origin is None)

    def _source(self, node: Node, places: dict[int, str]) -> Path | None:
        """Where the surviving bytes of a node can be read; None if it was deleted and nobody has them any more."""
        if node.dirty and node.origin is not None:
            return self._original / node.origin
        if id(node) in places:
            return Path(self._root) / places[id(node)]
        return self._original / node.origin if node.origin is not None else None

    def _put(self, source: Path | None, target: Path, *, empty: bool) -> None:
        if source is None:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir() and not source.is_symlink():
            target.mkdir(exist_ok=True)
        elif empty:
            target.touch()
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def _paths_below(root: Path) -> list[str]:
    found = []
    for folder, folders, files in os.walk(root):
        found += [os.path.relpath(os.path.join(folder, name), root) for name in folders + files]
    return found


def cut_power(original: Path, root: Path, steps: list[Step], loss: Loss, target: Path) -> None:
    """The state in `target` after `steps` were made in `root` and then the power went."""
    disk = Disk(original, root)
    for step in steps:
        disk.play(step)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    disk.write(loss, target)
    for lock in target.rglob("*.lock"):
        # By the time the machine is up again, it is a minute old.
        os.utime(lock, (time.time() - 60, time.time() - 60))
