"""Names that some file systems take for the same: `Data` and `data`, or `é` in its two Unicode spellings."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Sequence

from aidb.types import show_path
from aidb.versioning.workspace.index.index import Index
from aidb.versioning.workspace.tree.folders import join, parents


def folded(name: str) -> str:
    """Equal for names that a file system without case or with Unicode normalisation takes for the same."""
    lowered = name.casefold()
    return lowered if lowered.isascii() else unicodedata.normalize("NFC", lowered)


def clashing(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of different names that fold to the same."""
    if "".join(names).isascii() and len(set(map(str.casefold, names))) == len(names):
        return []  # the usual case, decided without a loop
    first: dict[str, str] = {}
    pairs = []
    for name in names:
        known = first.setdefault(folded(name), name)
        if known != name:
            pairs.append((known, name))
    return pairs


def case_clashes(index: Index, folders: Iterable[bytes]) -> list[str]:
    """A note for each pair of clashing names in these folders, or of the folders themselves."""
    grown = set(folders)
    if not grown:
        return []
    tree = index.subfolders()
    notes = []
    for folder in sorted(grown.union(*map(parents, grown), [b""])):
        names = index.block(folder).decoded_names + [os.fsdecode(name) for name in tree.get(folder, ())]
        for one, other in clashing(names):
            paths = [show_path(join(folder, os.fsencode(name))) for name in (one, other)]
            notes.append(
                f"{paths[0]} and {paths[1]} are one name on file systems that ignore case (macOS, Windows)"
            )
    return notes
