"""The manifest: the sorted map path → entry of one whole version, stored as a tree of content-addressed nodes.

A *leaf* holds some hundred entries in columns, an *inner* node some hundred subtrees, each with its first path, its id
and what it holds in files and bytes. Where nodes end is decided by hashes of paths, so the same content is the same
tree whatever the history, and a commit, a diff or a merge costs what changed, not what is there.

Nodes are chunks of the store, and stores do for readers and writers:

    root = build(store_writer, sorted_items)
    manifest = Manifest(store, root)
    manifest.get(b"train/0001.png"), manifest.totals(b"train/"), list(manifest.children(b"train"))
    root2 = edit(manifest, store_writer, [(b"train/0001.png", None)])
    list(diff(manifest, Manifest(store, root2)))

Not promised: that what was written can be read before the writer's flush; that a hostile manifest's counts are true
where nobody looked, or that it names no path as file and as folder (`check` finds out). The bytes are described in
`docs/spec/manifest.md`.
"""

from __future__ import annotations

from aidb.versioning.manifest.build import build, empty_root
from aidb.versioning.manifest.check import NodeDamage, check
from aidb.versioning.manifest.diff import Change, diff
from aidb.versioning.manifest.edit import edit
from aidb.versioning.manifest.glob import glob
from aidb.versioning.manifest.merge import Conflict, Reason, ThreeWay, merge, merge_changes
from aidb.versioning.manifest.node import Totals
from aidb.versioning.manifest.nodes import NodeCache, NodeReader, NodeWriter
from aidb.versioning.manifest.shape import PRODUCTION, LevelShape, Shape
from aidb.versioning.manifest.tree import Child, Manifest

__all__ = [
    "PRODUCTION",
    "Change",
    "Child",
    "Conflict",
    "LevelShape",
    "Manifest",
    "NodeCache",
    "NodeDamage",
    "NodeReader",
    "NodeWriter",
    "Reason",
    "Shape",
    "ThreeWay",
    "Totals",
    "build",
    "check",
    "diff",
    "edit",
    "empty_root",
    "glob",
    "merge",
    "merge_changes",
]
