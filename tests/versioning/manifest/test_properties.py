"""Manifests against plain dicts, on trees of many levels: whatever is done, one content is one tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb.errors import InvalidPathError
from aidb.types import Entry, RepoPath
from aidb.versioning.manifest import Change, Manifest, Totals, check, diff, edit, merge
from tests.versioning.manifest.memory import (
    SMALL,
    Content,
    MemoryNodes,
    contents,
    edits,
    is_clean,
    numbered,
    paths,
    store,
)

Edits = list[tuple[RepoPath, Entry | None]]
prefixes = st.one_of(st.just(b""), paths, paths.map(lambda path: path + b"/"))


def applied(content: Content, changes: Edits) -> Content:
    result = dict(content)
    for path, new in changes:
        if new is None:
            result.pop(path, None)
        else:
            result[path] = new
    return result


def below(path: bytes, prefix: bytes) -> bool:
    folder = prefix.rstrip(b"/") + b"/"
    return not prefix or path.startswith(folder) or path == prefix


def differences(old: Content, new: Content, prefix: bytes = b"") -> list[Change]:
    return [
        Change(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and below(path, prefix)
    ]


@given(contents, st.lists(edits, min_size=1, max_size=4))
@settings(max_examples=200)
def test_edits_give_the_tree_that_a_build_gives(content: Content, rounds: list[Edits]) -> None:
    nodes = MemoryNodes()
    manifest = store(content, nodes)
    for changes in rounds:
        wanted = applied(content, changes)
        if not is_clean(wanted):
            before = dict(nodes)
            with pytest.raises(InvalidPathError, match="both a file and a folder"):
                edit(manifest, nodes, changes, shape=SMALL)
            assert nodes == before, "nothing is written before the paths are known to be fine"
            continue
        manifest = Manifest(nodes, edit(manifest, nodes, changes, shape=SMALL))
        content = wanted
        assert manifest.root == store(content).root
        assert dict(manifest.items()) == content


@given(st.integers(0, 400), st.data())
@settings(max_examples=200)
def test_cutting_away_and_adding_long_runs(count: int, data: st.DataObject) -> None:
    nodes = MemoryNodes()
    content = numbered(count)
    manifest = store(content, nodes)
    first, last = sorted((data.draw(st.integers(0, 400)), data.draw(st.integers(0, 400))))
    run = dict(list(numbered(400).items())[first:last])
    gone: Edits = [(path, None) for path in run]
    without = edit(manifest, nodes, gone, shape=SMALL)
    assert without == store(applied(content, gone)).root
    back: Edits = [*run.items()]
    filled = edit(Manifest(nodes, without), nodes, back, shape=SMALL)
    assert filled == store(content | run).root


@given(contents, contents, edits, prefixes)
@settings(max_examples=200)
def test_diff_is_that_of_dicts(left: Content, right: Content, changes: Edits, prefix: bytes) -> None:
    near = applied(left, changes)
    for old, new in ((left, right), (right, left), (left, near if is_clean(near) else left)):
        found = list(diff(store(old), store(new), prefix))
        assert found == differences(old, new, prefix)


@given(contents, prefixes, paths)
@settings(max_examples=200)
def test_reading_is_that_of_dicts(content: Content, prefix: bytes, start: RepoPath) -> None:
    manifest = store(content)
    inside = {path: found for path, found in sorted(content.items()) if below(path, prefix)}
    assert list(manifest.items(prefix)) == list(inside.items())
    assert list(manifest.items(prefix, start)) == [item for item in inside.items() if item[0] >= start]
    assert manifest.totals(prefix) == Totals(len(inside), sum(found.size for found in inside.values()))
    assert (len(manifest), manifest.bytes) == manifest.totals()
    assert manifest.get(start) == content.get(start)
    assert (start in manifest) == (start in content)
    assert list(check(manifest, shape=SMALL)) == []


@given(contents, st.one_of(st.just(b""), paths))
@settings(max_examples=200)
def test_children_are_those_of_dicts(content: Content, folder: bytes) -> None:
    inside = folder + b"/" if folder else b""
    files: dict[bytes, Entry] = {}
    folders: dict[bytes, Content] = {}
    for path, found in content.items():
        if path.startswith(inside):
            name, slash, _ = path[len(inside) :].partition(b"/")
            if slash:
                folders.setdefault(name, {})[path] = found
            else:
                files[name] = found
    children = list(store(content).children(folder))
    assert {child.name: child.entry for child in children if child.entry} == files
    assert {child.name: child.totals for child in children if not child.entry} == {
        name: (len(held), sum(found.size for found in held.values())) for name, held in folders.items()
    }
    keys = [child.name if child.entry else child.name + b"/" for child in children]
    assert keys == sorted(keys)


@given(contents, edits, edits)
@settings(max_examples=200)
def test_merge(base: Content, our_edits: Edits, their_edits: Edits) -> None:
    ours, theirs = applied(base, our_edits), applied(base, their_edits)
    if not is_clean(ours) or not is_clean(theirs):
        return
    nodes = MemoryNodes()
    manifests = [store(content, nodes) for content in (base, ours, theirs)]
    changes, conflicts = merge(*manifests)
    undecided = {conflict.path for conflict in conflicts}
    assert not undecided & {change.path for change in changes}
    assert [change.path for change in changes] == sorted(change.path for change in changes)
    for path, was, mine, other, _ in conflicts:
        assert (was, mine, other) == (base.get(path), ours.get(path), theirs.get(path))
    for path, old, _ in changes:
        assert old == ours.get(path)
    merged = applied(ours, [(change.path, change.new) for change in changes])
    for path in base.keys() | ours.keys() | theirs.keys():
        if path not in undecided and ours.get(path) == base.get(path):
            assert merged.get(path) == theirs.get(path)
        if path in undecided or theirs.get(path) == base.get(path):
            assert merged.get(path) == ours.get(path)
    taking_theirs: Edits = [(conflict.path, conflict.theirs) for conflict in conflicts]
    plan: Edits = [(change.path, change.new) for change in changes]
    for decided in (plan, plan + taking_theirs):  # ours, theirs: both must be manifests
        edit(manifests[1], nodes, decided, shape=SMALL)


@given(contents, edits)
@settings(max_examples=300)
def test_merging_what_only_one_side_changed_takes_that_side(base: Content, changes: Edits) -> None:
    theirs = applied(base, changes)
    if is_clean(theirs):
        a, b = store(base), store(theirs)
        assert merge(a, a, b) == (differences(base, theirs), [])
        assert merge(a, b, a) == ([], [])
        assert merge(a, b, b) == ([], [])
