"""Folders that the working tree lacks are filled aside and appear whole: their files need no renaming one by one."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from aidb.versioning.workspace.tree.folders import Folders, parents, split


class NewFolders:
    """Gives places aside for the files of new folders, until `publish` puts the folders where they belong."""

    def __init__(self, folders: Folders, aside: Path) -> None:
        """`folders` are those of the working tree; `aside` is a folder to be made in the scratch folder."""
        self._folders = folders
        self._path = aside
        self._aside: Folders | None = None
        self._tops: set[bytes] = set()
        self._known: dict[bytes, bool] = {b"": False}

    def place(self, folder: bytes) -> int | None:
        """The open folder to write the files of `folder` to; None if they go to the working tree directly."""
        known = self._known.get(folder)
        if known is None:
            known = self._known[folder] = self._is_new(folder)
        if not known:
            return None
        if self._aside is None:
            self._path.mkdir()
            self._aside = Folders(self._path)
        return self._aside.open(folder, make=True)

    def publish(self) -> None:
        """Move the new folders into the working tree, each in one step. They are ordinary ones from here on."""
        if self._aside is not None:
            for top in sorted(self._tops):
                parent, name = split(top)
                source, target = self._aside.open(parent), self._folders.open(parent)
                os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
                self._aside.forget()
        self._tops.clear()
        self._known = {b"": False}

    def close(self) -> None:
        """Remove what was not published."""
        if self._aside is not None:
            self._aside.close()
            shutil.rmtree(self._path, ignore_errors=True)

    def _is_new(self, folder: bytes) -> bool:
        for path in (*parents(folder), folder):
            if path in self._tops:
                return True
            parent, name = split(path)
            place = self._folders.open(parent)
            try:
                if not stat.S_ISDIR(os.stat(name, dir_fd=place, follow_symlinks=False).st_mode):
                    return False
            except FileNotFoundError:
                return self._can_be_moved_to(place, path)
        return False

    def _can_be_moved_to(self, place: int, top: bytes) -> bool:
        """Whether the folder `top`, missing in `place`, can be renamed to there: only within a file system."""
        if os.fstat(place).st_dev != os.stat(self._path.parent).st_dev:
            return False
        self._tops.add(top)
        return True
