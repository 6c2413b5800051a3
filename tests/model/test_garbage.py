"""Garbage collection against a plain model: what is reachable still reads, what is not is gone.

Commits are made without a workspace, on branches that come and go; at any moment the garbage is collected at once,
set aside, brought back, or deleted.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import aidb
from aidb.types import Blob, CommitId, Entry, Kind, ObjectId, RepoPath, branch_ref, tag_ref
from aidb.versioning.identity import fallback_person
from aidb.versioning.manifest import build
from tests.faults.command import scratch_folder
from tests.faults.tree import noise

EXAMPLES = int(os.environ.get("AIDB_MODEL_EXAMPLES", "25"))

CONTENTS = [
    *(b"small %d" % number for number in range(12)),
    *(noise(3000, seed=number) for number in range(6)),
    noise(700_000, seed=50),
    noise(700_000, seed=50)[:400_000] + noise(200_000, seed=51),
]
CONTENT = st.integers(0, len(CONTENTS) - 1)
TREES = st.dictionaries(st.sampled_from(["a", "b", "c/d", "c/e", "f"]), CONTENT, max_size=4)
NAMES = st.sampled_from(["one", "two", "three"])
NOW = timedelta(0)


class Version(NamedTuple):
    """A commit of the model: what its paths hold, and the commit before it."""

    tree: dict[str, int]
    parent: CommitId | None


class Collections(RuleBasedStateMachine):
    """One repository on disk, and dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.root = scratch_folder() / "repo"
        self.repo = aidb.init(self.root)
        self.versions: dict[CommitId, Version] = {}
        self.refs: dict[str, CommitId] = {}
        self.blobs: dict[int, Blob] = {}

    def teardown(self) -> None:
        self.repo.close()
        shutil.rmtree(self.root.parent, ignore_errors=True)

    @initialize(tree=TREES)
    def start(self, tree: dict[str, int]) -> None:
        self.commit("one", tree)

    # What people do

    @rule(name=NAMES, tree=TREES)
    def commit(self, name: str, tree: dict[str, int]) -> None:
        self._record(f"heads/{name}", tree, self.refs.get(f"heads/{name}"))

    @rule(name=NAMES, tree=TREES)
    def start_over(self, name: str, tree: dict[str, int]) -> None:
        """A branch without the history it had."""
        self._delete(f"heads/{name}")
        self._record(f"heads/{name}", tree, None)

    def _record(self, ref: str, tree: dict[str, int], parent: CommitId | None) -> None:
        with self.repo.store.writer() as writer:
            for number in tree.values():
                # Put again, though it may be stored: what was garbage a moment ago is wanted now.
                self.blobs[number] = writer.put_blob(CONTENTS[number])
            items = ((RepoPath(path.encode()), self._entry(tree[path])) for path in sorted(tree))
            root = build(writer, items)
        person = fallback_person()
        size = sum(len(CONTENTS[number]) for number in tree.values())
        parents = [] if parent is None else [parent]
        commit = self.repo.engine.create_commit(root, len(tree), size, parents, "made", person)
        self.repo.engine.update_ref(
            branch_ref(ref.removeprefix("heads/")), self.refs.get(ref), commit, "made"
        )
        self.versions[commit] = Version(tree, parent)
        self.refs[ref] = commit

    def _entry(self, number: int) -> Entry:
        blob = self.blobs[number]
        return Entry(Kind.FILE, blob.size, blob.id, blob.recipe)

    @rule(name=NAMES)
    @precondition(lambda self: self.refs)
    def delete_branch(self, name: str) -> None:
        self._delete(f"heads/{name}")

    def _delete(self, ref: str) -> None:
        if ref in self.refs:
            name = branch_ref(ref.removeprefix("heads/"))
            self.repo.engine.update_ref(name, self.refs.pop(ref), None, "deleted")

    @rule(data=st.data())
    @precondition(lambda self: self.refs)
    def tag(self, data: st.DataObject) -> None:
        commit = data.draw(st.sampled_from(sorted(self.refs.values())))
        if "tags/v" not in self.refs:
            self.repo.engine.update_ref(tag_ref("v"), None, commit, "tagged")
            self.refs["tags/v"] = commit

    @rule()
    def untag(self) -> None:
        if "tags/v" in self.refs:
            self.repo.engine.update_ref(tag_ref("v"), self.refs.pop("tags/v"), None, "untagged")

    @rule(content=CONTENT)
    def stage(self, content: int) -> None:
        """Leave something staged, and nothing else."""
        (self.root / "staged").write_bytes(CONTENTS[content])
        self.repo.add(["staged"])

    @rule()
    def reopen(self) -> None:
        self.repo.close()
        self.repo = aidb.open(self.root)

    # What collects

    @rule(thorough=st.booleans())
    def collect_now(self, thorough: bool) -> None:
        pruned = self.repo.garbage.prune(
            grace=NOW, thorough=thorough, moves_since=datetime.now().astimezone()
        )
        assert not pruned.held_up
        assert self.repo.store.quarantined() == []
        if thorough:
            assert self._stored() == self._needed()

    @rule(back=st.booleans(), reopened=st.booleans())
    def set_aside(self, back: bool, reopened: bool) -> None:
        """As a collection does whose garbage is old, by a process that knows the packs or by one that does not."""
        for path in (self.root / ".aidb/store/packs").iterdir():
            os.utime(path, (1, 1))
        before = self.repo.store.quarantined()
        if reopened:
            self.reopen()
        self.repo.close()  # a live session would be spared
        with aidb.open(self.root) as other:
            other.garbage.prune(grace=timedelta(days=1), moves_since=datetime.now().astimezone())
            batches = {kept.batch for kept in other.store.quarantined()} - {kept.batch for kept in before}
            if back and batches:
                other.garbage.undo()
                assert other.store.quarantined() == before

    # What must hold

    @invariant()
    def what_is_reachable_reads(self) -> None:
        for commit in self._reachable():
            snapshot = self.repo.at(commit)
            files = {path: snapshot.read(path) for path, _ in snapshot.walk()}
            assert files == {path: CONTENTS[number] for path, number in self.versions[commit].tree.items()}

    @rule()
    def fsck(self) -> None:
        assert self.repo.fsck().ok

    def _reachable(self) -> set[CommitId]:
        found: set[CommitId] = set()
        for tip in self.refs.values():
            commit: CommitId | None = tip
            while commit is not None and commit not in found:
                found.add(commit)
                commit = self.versions[commit].parent
        return found

    def _needed(self) -> set[ObjectId]:
        """Every chunk that a reachable version or what is staged consists of, found by walking each in full."""
        store, needed = self.repo.store, set()
        roots = {self.repo.engine.read_commit(commit).root for commit in self._reachable()}
        staged = self.repo.workspace.staged_root()
        for root in roots | ({staged} if staged else set()):
            manifest = self.repo.workspace.manifest(root)
            needed |= set(manifest.node_ids())
            entries = [entry for _, entry in manifest.items()]
            needed.update(id_ for entry in entries for id_ in store.chunk_ids(entry.content))
        return needed

    def _stored(self) -> set[ObjectId]:
        """Every chunk that any index tells of, seen with fresh eyes."""
        with aidb.open(self.root) as repo:
            segments = repo.store.marks().segments
            return {segment.columns.id(row) for segment in segments for row in range(segment.columns.rows)}


TestCollections = Collections.TestCase
TestCollections.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestCollections = pytest.mark.timeout(0 if EXAMPLES > 200 else 300)(TestCollections)
