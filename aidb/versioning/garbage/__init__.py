"""Garbage collection of a repository: what is needed, and the order in which the rest is taken away.

`roots` lists what keeps data alive, `marking` follows it to the last chunk, `collection` ties both to the store's
collector (`aidb.store.garbage`).
"""

from __future__ import annotations

from aidb.versioning.garbage.collection import GRACE, Collection, Garbage, KeptBy, Pruned
from aidb.versioning.garbage.marking import Marker
from aidb.versioning.garbage.roots import Roots, Source, find_all, sources

__all__ = [
    "GRACE",
    "Collection",
    "Garbage",
    "KeptBy",
    "Marker",
    "Pruned",
    "Roots",
    "Source",
    "find_all",
    "sources",
]
