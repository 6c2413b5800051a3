"""What an `aidb://` address says.

    aidb://REVISION/PATH                   in the repository of the option `repo`, or of the current folder
    aidb://REVISION@/FOLDER:PATH           in the repository /FOLDER

The revision is everything up to the first `/`, so one with slashes is written with `%2F` (`aidb://feature%2Fx/a.csv`),
a literal percent sign with `%25`. The folder ends at the first `:`; the path may hold any character, and is taken as it
is. Inside fsspec, where the protocol is stripped, a path is always `REVISION/PATH`, so that parents and patterns work.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PROTOCOL = "aidb"

_WITH_FOLDER = re.compile(r"([^/]*)@(/[^:]*)(?::(.*))?", re.DOTALL)


class Place(NamedTuple):
    """A path in a version; the path is empty at the top."""

    revision: str
    path: str


def strip(address: str) -> str:
    """`aidb://main@/data/pets:train/` → `main/train`."""
    _, revision, path = _parts(address)
    return f"{revision}/{path}".rstrip("/")


def folder_of(address: str) -> str | None:
    """The repository that an address names."""
    return _parts(address)[0]


def split(stripped: str) -> Place:
    """`feature%2Fx/train/a.csv` → (`feature/x`, `train/a.csv`)."""
    revision, _, path = stripped.partition("/")
    return Place(_unquoted(revision), path.strip("/"))


def join(revision: str, path: str = "") -> str:
    """The stripped form of a path in a version."""
    quoted = revision.replace("%", "%25").replace("/", "%2F")
    if quoted.endswith("@"):
        quoted = quoted[:-1] + "%40"
    return f"{quoted}/{path}" if path else quoted


def _parts(address: str) -> tuple[str | None, str, str]:
    text = address.removeprefix(f"{PROTOCOL}://")
    if match := _WITH_FOLDER.fullmatch(text):
        revision, folder, path = match.groups()
        return folder.rstrip("/") or "/", revision, (path or "").lstrip("/")
    revision, _, path = text.partition("/")
    return None, revision, path


def _unquoted(revision: str) -> str:
    from urllib.parse import unquote

    return unquote(revision, errors="surrogateescape")
