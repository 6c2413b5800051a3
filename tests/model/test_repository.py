"""Hypothesis plays with a repository and with dictionaries, and the two must agree at every step.

AIDB_MODEL_EXAMPLES sets how many games are played (a nightly run may ask for thousands).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

import aidb
from aidb.errors import AidbError, NothingToDoError, PathNotFoundError, RefusedError, WouldOverwriteError
from aidb.types import Kind
from tests.faults.command import scratch_folder
from tests.faults.tree import File, Tree, link, noise, read_tree, write_file
from tests.model.model import Model, Plan, clashes, differences, three_way

EXAMPLES = int(os.environ.get("AIDB_MODEL_EXAMPLES", "60"))

PATHS = [
    "a",
    "b.txt",
    "d/x",
    "d/y",
    "d/e/z",
    "k",
    "k/in",
    "naïve é",
    os.fsdecode(b"raw\xff"),
    "with\nnewline",
]
# Equal sizes on purpose: a change within one tick of the clock must be noticed without help from the size.
SMALL = st.sampled_from([b"one", b"two", b"six", b"", b"longer text\n"])
LARGE = st.sampled_from([150_000, 150_001, 900_000]).map(lambda size: noise(size, seed=7))
KINDS = st.sampled_from([Kind.FILE, Kind.EXECUTABLE])
FILES = st.one_of(
    st.builds(File, SMALL, KINDS),
    st.builds(File, LARGE, st.just(Kind.FILE)),
    st.sampled_from([link("a"), link("d"), link("nowhere")]),
)
NAMES = st.sampled_from(["main", "clean", "team/labels", "try"])


class Repositories(RuleBasedStateMachine):
    """One repository on disk and its model."""

    commits = Bundle("commits")

    def __init__(self) -> None:
        super().__init__()
        self.root = scratch_folder() / "repo"
        aidb.init(self.root).close()
        self.repo = self.open()
        self.model = Model()

    def open(self) -> aidb.Repository:
        return aidb.open(self.root)

    def teardown(self) -> None:
        self.repo.close()
        shutil.rmtree(self.root.parent, ignore_errors=True)

    @initialize(target=commits, tree=st.dictionaries(st.sampled_from(["a", "b.txt", "d/x", "d/e/z"]), FILES))
    def start(self, tree: Tree) -> Any:
        """Most games begin with a history of two branches, some with nothing at all."""
        if not tree:
            return multiple()
        for path, file in tree.items():
            self.write(path, file)
        self.add_everything()
        commit = self.commit("start", everything=False)
        self.make_branch("clean", commit)
        return commit

    # The user's own hands

    @rule(path=st.sampled_from(PATHS), file=FILES)
    def write(self, path: str, file: File) -> None:
        self._make_way(path)
        write_file(self.root / path, file)
        self.model.files[path] = file

    @rule(data=st.data())
    @precondition(lambda self: self.model.files)
    def delete(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.model.files)))
        self._remove(path)

    @rule(data=st.data(), to=st.sampled_from(PATHS))
    @precondition(lambda self: self.model.files)
    def rename(self, data: st.DataObject, to: str) -> None:
        source = data.draw(st.sampled_from(sorted(self.model.files)))
        if source != to and not clashes({source, to}):
            self._make_way(to)
            (self.root / to).parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.root / source, self.root / to)
            self.model.files[to] = self.model.files.pop(source)

    def _make_way(self, path: str) -> None:
        """Remove what stands where the folders of `path` or `path` itself have to be."""
        for other in sorted(self.model.files):
            if path.startswith(f"{other}/") or other.startswith(f"{path}/"):
                self._remove(other)
        if (self.root / path).is_dir() and not (self.root / path).is_symlink():
            shutil.rmtree(self.root / path)

    def _remove(self, path: str) -> None:
        (self.root / path).unlink()
        del self.model.files[path]

    # Recording

    @rule()
    def add_everything(self) -> None:
        self.repo.add(["."])
        self.model.staged = dict(self.model.files)

    @rule()
    def add_update(self) -> None:
        self.repo.add(["."], update=True)
        self._stage_tracked()

    @rule(path=st.sampled_from(PATHS))
    def add_one(self, path: str) -> None:
        model = self.model
        if path not in model.files and path not in model.staged:
            below = {name for name in model.files.keys() | model.staged.keys() if name.startswith(f"{path}/")}
            if not below and not (self.root / path).is_dir():
                with pytest.raises(PathNotFoundError):
                    self.repo.add([path])
            return
        if clashes(model.files.keys() | model.staged.keys()):
            return
        self.repo.add([path])
        model.staged.pop(path, None)
        if path in model.files:
            model.staged[path] = model.files[path]

    def _stage_tracked(self) -> None:
        model = self.model
        model.staged = {path: model.files[path] for path in model.staged if path in model.files}

    @rule(target=commits, message=st.sampled_from(["change", "zwei\n\nmore", "ü"]), everything=st.booleans())
    def commit(self, message: str, everything: bool) -> Any:
        model = self.model
        if everything:
            self._stage_tracked()
        if model.staged == model.head_tree and (model.head is not None or not model.staged):
            with pytest.raises(NothingToDoError):
                self.repo.commit(message, all=everything)
            return multiple()
        commit = self.repo.commit(message, all=everything)
        model.record(commit.id, model.staged, (model.head,) if model.head else ())
        assert commit.message.strip() == message
        assert commit.files == len(model.staged)
        assert commit.bytes == sum(len(file.data) for file in model.staged.values())
        return commit.id

    @rule(name=st.sampled_from(["v1", "v2"]))
    @precondition(lambda self: self.model.head)
    def tag(self, name: str) -> None:
        if name not in self.model.tags:
            assert self.model.head is not None
            self.repo.tags.create(name)
            self.model.tags[name] = self.model.head

    # Moving

    @rule(name=NAMES, commit=commits)
    def make_branch(self, name: str, commit: str) -> None:
        if name not in self.model.branches:
            self.repo.branches.create(name, commit)
            self.model.branches[name] = commit

    @rule(data=st.data())
    @precondition(lambda self: len(self.model.branches) > 1 and self.model.head)
    def switch(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(set(self.model.branches) - {self.model.branch})))
        plan = self.model.plan(self.model.commits[self.model.branches[name]].tree)
        if self._moves(plan, lambda: self.repo.switch(name)):
            self.model.apply(plan.changes)
            self.model.branch = name

    def _moves(self, plan: Plan, move: Callable[[], object]) -> bool:
        """Whether it was done. Refusals must be right, and change nothing (the invariants look)."""
        try:
            move()
        except WouldOverwriteError:
            assert plan.lost or not plan.sure, "refused without need"
            return False
        assert not plan.lost or not plan.sure, f"overwrote {plan.lost}"
        return True

    @rule(commit=commits, mode=st.sampled_from(["soft", "mixed", "hard"]))
    @precondition(lambda self: self.model.head)
    def reset(self, commit: str, mode: Any) -> None:
        model = self.model
        tree = model.commits[commit].tree
        tracked = model.head_tree.keys() | model.staged.keys() | tree.keys()
        if mode == "hard" and clashes(model.files.keys() | tracked):
            return
        self.repo.reset(commit, mode=mode, force=True)
        model.branches[model.branch] = commit
        if mode != "soft":
            was_staged, model.staged = model.staged, dict(tree)
        if mode == "hard":
            kept = {path: file for path, file in model.files.items() if path not in was_staged}
            model.files = kept | tree

    @rule(data=st.data(), staged=st.booleans())
    @precondition(lambda self: self.model.staged and self.model.head)
    def restore(self, data: st.DataObject, staged: bool) -> None:
        model = self.model
        path = data.draw(st.sampled_from(sorted(model.staged)))
        if clashes({path, *model.files, *model.head_tree}):
            return
        self.repo.restore([path], staged=staged, worktree=not staged, force=True)
        if not staged:
            model.files[path] = model.staged[path]
        elif path in model.head_tree:
            model.staged[path] = model.head_tree[path]
        else:
            del model.staged[path]

    @rule(data=st.data(), commit=commits)
    def restore_from(self, data: st.DataObject, commit: str) -> None:
        tree = self.model.commits[commit].tree
        if tree:
            path = data.draw(st.sampled_from(sorted(tree)))
            if not clashes({path, *self.model.files, *self.model.staged}):
                self.repo.restore([path], source=commit, force=True)
                self.model.files[path] = tree[path]

    # Bringing together

    @rule(target=commits, data=st.data(), strategy=st.sampled_from([None, "ours", "theirs", "both"]))
    @precondition(lambda self: len(self.model.branches) > 1 and self.model.head and self.model.clean)
    def merge(self, data: st.DataObject, strategy: Any) -> Any:
        model = self.model
        name = data.draw(st.sampled_from(sorted(set(model.branches) - {model.branch})))
        ours, theirs = model.head, model.branches[name]
        assert ours is not None
        bases = model.merge_bases(ours, theirs)
        before = dict(model.files)
        try:
            outcome = self.repo.merge(name, strategy=strategy)
        except WouldOverwriteError:
            assert model.untracked, "refused on a clean workspace"
            return multiple()
        if theirs in bases:
            assert outcome.kind == "up-to-date"
            return multiple()
        if ours in bases:
            assert outcome.kind == "fast-forward"
            model.apply(differences(model.head_tree, model.commits[theirs].tree))
            model.branches[model.branch] = theirs
            return multiple()
        base = self._base_tree(bases)
        return self._merged(base, theirs, strategy, before)

    def _base_tree(self, bases: set[str]) -> Tree | None:
        """None when there are several: then only the invariants judge the result."""
        if len(bases) > 1:
            return None
        return self.model.commits[bases.pop()].tree if bases else {}

    def _merged(self, base: Tree | None, theirs: str, strategy: str | None, before: Tree) -> Any:
        model, status = self.model, self.repo.status()
        their_tree = model.commits[theirs].tree
        guess = None if base is None else three_way(base, model.head_tree, their_tree)
        simple = guess is not None and not clashes(guess.tree.keys() | their_tree.keys() | model.files.keys())
        if status.conflicts:
            assert strategy is None, f"{strategy} left conflicts"
            if guess is not None and simple:
                assert {str(conflict.path) for conflict in status.conflicts} == guess.conflicts
            self.repo.abort_merge()
            assert read_tree(self.root) == before
            return multiple()
        commit = self.repo.commit_at()
        tree = self._tree_of(commit.id)
        if guess is not None and simple:
            settled = {path: file for path, file in tree.items() if path not in guess.conflicts}
            extra = differences({p: f for p, f in guess.tree.items() if p not in guess.conflicts}, settled)
            self._check_strategy(strategy, guess.conflicts, their_tree, tree, extra)
        assert model.head is not None
        assert set(commit.parents) == {model.head, theirs}
        model.apply(differences(model.head_tree, tree))
        model.record(commit.id, tree, tuple(commit.parents))
        return commit.id

    def _check_strategy(
        self,
        strategy: str | None,
        conflicts: set[str],
        theirs: Tree,
        tree: Tree,
        extra: dict[str, File | None],
    ) -> None:
        """Conflicts are settled as asked; every other path is as the three-way merge says."""
        ours = self.model.head_tree
        if strategy != "both":
            assert not extra, f"not what a merge gives: {extra}"
            assert strategy is not None or not conflicts
            side = theirs if strategy == "theirs" else ours
            assert {path: tree.get(path) for path in conflicts} == {
                path: side.get(path) for path in conflicts
            }
            return
        for path in conflicts:
            for file in (ours.get(path), theirs.get(path)):
                assert file is None or file in tree.values(), f"keep-both lost a version of {path}"

    @rule(target=commits, commit=commits)
    @precondition(lambda self: self.model.head and self.model.clean)
    def revert(self, commit: str) -> Any:
        model = self.model
        version = model.commits[commit]
        if len(version.parents) != 1 or model.head is None:
            return multiple()
        guess = three_way(version.tree, model.head_tree, model.commits[version.parents[0]].tree)
        simple = not clashes(guess.tree.keys() | model.files.keys() | model.head_tree.keys())
        try:
            outcome = self.repo.revert(commit)
        except RefusedError:
            assert guess.tree == model.head_tree or model.untracked or not simple
            return multiple()
        if outcome.kind == "up-to-date":
            assert guess.tree == model.head_tree
            return multiple()
        if self.repo.status().conflicts:
            assert guess.conflicts or not simple
            self.repo.abort_merge()
            return multiple()
        made = self.repo.commit_at()
        tree = self._tree_of(made.id)
        if simple:
            assert (tree, guess.conflicts) == (guess.tree, set())
        model.apply(differences(model.head_tree, tree))
        model.record(made.id, tree, (model.head,))
        return made.id

    # Looking

    @rule(commit=commits)
    def read_back(self, commit: str) -> None:
        assert self._tree_of(commit) == self.model.commits[commit].tree

    def _tree_of(self, commit: str) -> Tree:
        snapshot = self.repo.at(commit)
        return {path: File(snapshot.read(path), entry.kind) for path, entry in snapshot.walk()}

    @rule()
    def reopen(self) -> None:
        self.repo.close()
        self.repo = self.open()

    @rule()
    def fsck(self) -> None:
        assert self.repo.fsck().ok

    @rule()
    def status(self) -> None:
        model, status = self.model, self.repo.status()
        staged = {path for change in status.staged for path in (change.path, change.old_path) if path}
        unstaged = {path for change in status.unstaged for path in (change.path, change.old_path) if path}
        present = {path: model.files[path] for path in model.staged if path in model.files}
        assert staged == differences(model.head_tree, model.staged).keys()
        assert unstaged == differences(model.staged, present).keys()
        for path in model.untracked:
            assert any(
                path == item or (item.endswith("/") and path.startswith(item)) for item in status.untracked
            )
        for item in status.untracked:
            assert any(path.startswith(item) for path in model.untracked)

    @rule()
    def refuse_nonsense(self) -> None:
        for attempt in (lambda: self.repo.switch("no-such"), lambda: self.repo.add(["../outside"])):
            with pytest.raises(AidbError):
                attempt()

    @invariant()
    def workspace_agrees(self) -> None:
        assert read_tree(self.root) == self.model.files

    @invariant()
    def refs_agree(self) -> None:
        refs = self.repo.engine.list_refs("refs/heads/")
        assert refs == {f"refs/heads/{name}": commit for name, commit in self.model.branches.items()}
        assert self.repo.head.branch == self.model.branch


TestRepositories = Repositories.TestCase
TestRepositories.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestRepositories = pytest.mark.timeout(0 if EXAMPLES > 200 else 300)(TestRepositories)
