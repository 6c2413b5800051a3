"""Walks and merge bases on random histories, against definitions that are slow and obvious."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aidb.types import CommitId
from aidb.versioning.ancestry import (
    ahead_behind,
    in_time_order,
    in_topological_order,
    is_ancestor,
    merge_bases,
)
from aidb.versioning.commits import Links

Graph = dict[CommitId, Links]


@st.composite
def graphs(draw: st.DrawFn, *, skewed: bool = False) -> Graph:
    """Commits with up to three parents among the ones before; many of the same second; clocks that lie if `skewed`."""
    count = draw(st.integers(1, 12))
    graph: Graph = {}
    clock = 100
    for number in range(count):
        before = list(graph)
        parents = draw(st.lists(st.sampled_from(before), max_size=3, unique=True)) if before else []
        clock = draw(st.integers(0, 200)) if skewed else clock + draw(st.integers(0, 2))
        graph[CommitId(f"c{number:02}")] = Links(tuple(parents), clock)
    return graph


def reached(graph: Graph, *starts: CommitId) -> set[CommitId]:
    found: set[CommitId] = set()
    stack = list(starts)
    while stack:
        commit = stack.pop()
        if commit not in found:
            found.add(commit)
            stack.extend(graph[commit].parents)
    return found


def pick(data: st.DataObject, graph: Graph) -> CommitId:
    return data.draw(st.sampled_from(sorted(graph)))


@given(st.booleans().flatmap(lambda skewed: graphs(skewed=skewed)), st.data())
def test_merge_bases_are_the_best_common_ancestors(graph: Graph, data: st.DataObject) -> None:
    one, other = pick(data, graph), pick(data, graph)
    common = reached(graph, one) & reached(graph, other)
    best = {c for c in common if not any(c in reached(graph, o) for o in common if o != c)}
    found = merge_bases(graph.__getitem__, one, [other])
    assert set(found) == best
    assert found == sorted(found, key=lambda c: (-graph[c].time, c))
    assert is_ancestor(graph.__getitem__, one, other) == (one in reached(graph, other))


@given(graphs(), st.data())
def test_merge_bases_with_a_merge_of_several(graph: Graph, data: st.DataObject) -> None:
    one, two, three = (pick(data, graph) for _ in range(3))
    common = reached(graph, one) & reached(graph, two, three)
    best = {c for c in common if not any(c in reached(graph, o) for o in common if o != c)}
    assert set(merge_bases(graph.__getitem__, one, [two, three])) == best


@given(graphs(), st.data())
def test_ahead_behind(graph: Graph, data: st.DataObject) -> None:
    one, other = pick(data, graph), pick(data, graph)
    left, right = reached(graph, one), reached(graph, other)
    assert ahead_behind(graph.__getitem__, one, other) == (len(left - right), len(right - left))


@given(graphs(), st.data())
def test_time_order(graph: Graph, data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.sampled_from(sorted(graph)), max_size=3))
    hide = data.draw(st.lists(st.sampled_from(sorted(graph)), max_size=2))
    found = list(in_time_order(graph.__getitem__, starts, hide))
    assert len(found) == len(set(found))
    assert set(found) == reached(graph, *starts) - reached(graph, *hide)
    assert [graph[c].time for c in found] == sorted((graph[c].time for c in found), reverse=True)
    assert_children_first(graph, found)


@given(graphs(skewed=True), st.data())
def test_topological_order_does_not_need_the_times(graph: Graph, data: st.DataObject) -> None:
    starts = data.draw(st.lists(st.sampled_from(sorted(graph)), max_size=3))
    found = list(in_topological_order(graph.__getitem__, starts))
    assert set(found) == reached(graph, *starts)
    assert len(found) == len(set(found))
    assert_children_first(graph, found)


def assert_children_first(graph: Graph, commits: list[CommitId]) -> None:
    place = {commit: at for at, commit in enumerate(commits)}
    for commit in commits:
        assert all(place[parent] > place[commit] for parent in graph[commit].parents if parent in place)


def test_lines_are_kept_together() -> None:
    ids = [CommitId(name) for name in ("root", "a1", "b1", "a2", "b2", "merge")]
    root, a1, b1, a2, b2, merge = ids
    graph = {
        root: Links((), 0),
        a1: Links((root,), 1),
        b1: Links((root,), 2),
        a2: Links((a1,), 3),
        b2: Links((b1,), 4),
        merge: Links((a2, b2), 5),
    }
    assert list(in_time_order(graph.__getitem__, [merge])) == [merge, b2, a2, b1, a1, root]
    assert list(in_topological_order(graph.__getitem__, [merge])) == [merge, b2, b1, a2, a1, root]
    first = list(in_time_order(graph.__getitem__, [merge], parents=lambda c: graph[c].parents[:1]))
    assert first == [merge, a2, a1, root]


def test_a_log_of_a_long_history_reads_no_more_than_it_shows() -> None:
    reads = 0

    def read(commit: CommitId) -> Links:
        nonlocal reads
        reads += 1
        number = int(commit)
        return Links((CommitId(str(number - 1)),) if number else (), number)

    walk = in_time_order(read, [CommitId("1000000")])
    assert [next(walk) for _ in range(10)] == [str(1_000_000 - back) for back in range(10)]
    assert reads < 50
    assert merge_bases(read, CommitId("1000000"), [CommitId("999990")]) == ["999990"]
    assert reads < 150
