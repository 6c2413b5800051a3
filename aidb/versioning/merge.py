"""Merging two versions: which files change, which need a decision. Nothing here touches a workspace or moves a ref.

The version both sides came from is their merge base. After a criss-cross merge there are several: they are merged with
one another first, where they disagree their own base stands, and the outcome is the base (as Git does it).

A file changed on both sides is a conflict, unless the caller brings a function that can merge its content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from aidb.types import CommitId, Entry, ObjectId, RepoPath
from aidb.types import Kind as EntryKind
from aidb.versioning.keep_both import SideNames
from aidb.versioning.manifest import (
    Change,
    Conflict,
    Manifest,
    NodeCache,
    NodeReader,
    NodeWriter,
    Reason,
    edit,
    merge,
)
from aidb.versioning.overlay import Overlay
from aidb.versioning.renames import follow_renames

if TYPE_CHECKING:
    from aidb.versioning.engine import Engine

Strategy = Literal["ours", "theirs", "both"]
"""How conflicts are decided: by one side, or by keeping both files, theirs under a name of its own."""

Kind = Literal["up-to-date", "fast-forward", "merged", "conflicts"]

MergeContent = Callable[[Conflict], Entry | str | None]
"""Tries to merge a file that both sides changed: the merged entry, already stored; why it stays a conflict; or None, if
it is not one of those it merges."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What the two sides are called; part of the name of a file that is kept beside another."""

    ours: str = "ours"
    theirs: str = "theirs"


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What a merge comes to.

    up-to-date: ours holds theirs already. fast-forward: theirs holds ours, take it as it is. merged: `root` is the
    result. conflicts: `root` has every change that needed no decision, and ours where one is needed.

    `changes` lead from ours to `root`; `resolved` are the conflicts that the strategy decided, `merged_inside` the
    changes that were merged within a file, and `notes` say why others could not be. `files` and `bytes` are the totals
    of `root`. The nodes of `root` can be read once the writer has been flushed.
    """

    kind: Kind
    base: CommitId | None
    root: ObjectId
    files: int
    bytes: int
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    resolved: tuple[Conflict, ...] = ()
    merged_inside: tuple[Change, ...] = ()
    notes: Mapping[RepoPath, str] = field(default_factory=dict)


def merge_commits(
    engine: Engine,
    reader: NodeReader,
    writer: NodeWriter,
    ours: CommitId | None,
    theirs: CommitId,
    *,
    strategy: Strategy | None = None,
    labels: Labels = Labels(),
    merge_content: MergeContent | None = None,
) -> MergeOutcome:
    """Merge the version of `theirs` into that of `ours` (None: a branch without commits).

    Histories that have nothing in common are merged as if they had come from an empty version.
    """
    bases = [] if ours is None else engine.merge_bases(ours, theirs)
    base = bases[0] if bases else None
    if ours is not None and bases == [theirs]:
        tip = engine.read_commit(ours)
        return MergeOutcome("up-to-date", base, tip.root, tip.files, tip.bytes)
    if ours is None or bases == [ours]:
        tip = engine.read_commit(theirs)
        return MergeOutcome("fast-forward", ours, tip.root, tip.files, tip.bytes)
    nodes = Overlay(reader)
    cache = NodeCache(nodes)
    mine, other = (Manifest(cache, engine.read_commit(commit).root) for commit in (ours, theirs))
    common = Manifest(cache, _base_root(engine, nodes, cache, bases))
    outcome = merge_manifests(
        writer, common, mine, other, strategy=strategy, labels=labels, merge_content=merge_content
    )
    return replace(outcome, base=base)


def merge_manifests(
    writer: NodeWriter,
    base: Manifest,
    ours: Manifest,
    theirs: Manifest,
    *,
    strategy: Strategy | None = None,
    labels: Labels = Labels(),
    merge_content: MergeContent | None = None,
) -> MergeOutcome:
    """Bring what `theirs` changed since `base` into `ours`. Content is merged first, the strategy decides the rest."""
    found = follow_renames(merge(base, ours, theirs), base, ours, theirs)
    inside, notes = _merge_inside(found.conflicts, merge_content)
    settled = {change.path for change in inside}
    conflicts = [conflict for conflict in found.conflicts if conflict.path not in settled]
    changes = [*found.changes, *inside]
    if strategy is not None and conflicts:
        changes += _decide(conflicts, strategy, SideNames(ours, theirs, changes), labels)
    undecided = conflicts if strategy is None else []
    decided = conflicts if strategy is not None else []
    root = edit(ours, writer, ((change.path, change.new) for change in changes)) if changes else ours.root
    return MergeOutcome(
        kind="conflicts" if undecided else "merged",
        base=None,
        root=root,
        files=ours.files + sum((c.new is not None) - (c.old is not None) for c in changes),
        bytes=ours.bytes + sum(_size(c.new) - _size(c.old) for c in changes),
        changes=tuple(sorted(changes, key=itemgetter(0))),
        conflicts=tuple(undecided),
        resolved=tuple(decided),
        merged_inside=tuple(inside),
        notes=notes,
    )


def merge_step(
    engine: Engine,
    reader: NodeReader,
    writer: NodeWriter,
    before: CommitId | None,
    after: CommitId | None,
    onto: CommitId,
    *,
    merge_content: MergeContent | None = None,
) -> MergeOutcome:
    """Bring what leads from one commit to another into the version of a third; None is a version without files.

    The outcome is "up-to-date" if that changes nothing.
    """
    nodes = Overlay(reader)
    cache = NodeCache(nodes)
    base, ours, theirs = (
        Manifest(cache, nodes.empty if commit is None else engine.read_commit(commit).root)
        for commit in (before, onto, after)
    )
    outcome = merge_manifests(writer, base, ours, theirs, merge_content=merge_content)
    if outcome.kind == "merged" and outcome.root == ours.root:
        outcome = replace(outcome, kind="up-to-date")
    return replace(outcome, base=before)


def _merge_inside(
    conflicts: Iterable[Conflict], merge_content: MergeContent | None
) -> tuple[list[Change], dict[RepoPath, str]]:
    """The changes that merging the content of files makes, and why it could not be done for others."""
    changes: list[Change] = []
    notes: dict[RepoPath, str] = {}
    for conflict in conflicts:
        merged = merge_content(conflict) if merge_content and _both_changed_content(conflict) else None
        if isinstance(merged, Entry):
            changes.append(Change(conflict.path, conflict.ours, merged))
        elif merged is not None:
            notes[conflict.path] = merged
    return changes, notes


def _both_changed_content(conflict: Conflict) -> bool:
    entries = (conflict.base, conflict.ours, conflict.theirs)
    files = all(entry is not None and entry.kind is not EntryKind.SYMLINK for entry in entries)
    return files and conflict.reason is Reason.MODIFIED_BOTH


def _base_root(engine: Engine, nodes: Overlay, cache: NodeCache, bases: list[CommitId]) -> ObjectId:
    """The root of the version to compare with: of the only base, of all bases merged, or of nothing."""
    if not bases:
        return edit(Manifest(cache, nodes.empty), nodes, ())
    root = engine.read_commit(bases[0]).root
    for number, base in enumerate(bases[1:], start=1):
        older = _base_root(engine, nodes, cache, engine.merge_bases(base, *bases[:number]))
        root = _virtual_base(nodes, cache, older, root, engine.read_commit(base).root)
    return root


def _virtual_base(
    nodes: Overlay, cache: NodeCache, older: ObjectId, one: ObjectId, other: ObjectId
) -> ObjectId:
    base, ours, theirs = (Manifest(cache, root) for root in (older, one, other))
    found = merge(base, ours, theirs)
    # Where the bases disagree, what both came from stands, so that each side's choice shows up as a change.
    settled = ((conflict.path, conflict.base) for conflict in found.conflicts)
    return edit(ours, nodes, [*((change.path, change.new) for change in found.changes), *settled])


def _decide(
    conflicts: Iterable[Conflict], strategy: Strategy, names: SideNames, labels: Labels
) -> list[Change]:
    """The changes of ours that settle all conflicts."""
    if strategy == "ours":
        return []
    if strategy == "theirs":
        return [Change(c.path, c.ours, c.theirs) for c in conflicts if c.ours != c.theirs]
    return names.keep_both(list(conflicts), labels.ours, labels.theirs)


def _size(entry: Entry | None) -> int:
    return 0 if entry is None else entry.size


def merge_message(what: str, into: str | None) -> str:
    """The usual message of a merge commit; `what` is a branch name or a revision."""
    return f"Merge {what}" if into is None else f"Merge {what} into {into}"
