"""Empty folders. A version holds files only, so a folder that somebody makes is remembered by one filesystem object."""

from __future__ import annotations

from collections.abc import Iterator


class MadeFolders:
    """Stripped paths of folders that were made and need hold nothing."""

    def __init__(self) -> None:
        self._paths: set[str] = set()

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def add(self, path: str) -> None:
        """Remember a folder, and those it lies in. The first component is a branch, not a folder."""
        while "/" in path:
            self._paths.add(path)
            path = path.rpartition("/")[0]

    def remove(self, path: str) -> None:
        """Forget a folder and all below."""
        self._paths = {each for each in self._paths if each != path and not each.startswith(path + "/")}

    def directly_in(self, path: str) -> Iterator[str]:
        """The folders whose parent is `path`."""
        return (each for each in self._paths if each.rpartition("/")[0] == path)

    def below(self, path: str) -> Iterator[str]:
        """The folders in `path` at any depth."""
        return (each for each in self._paths if each.startswith(path + "/"))
