"""Which checkpoint comes before which: by the numbers in their names, as a person would read them."""

from __future__ import annotations

import pytest

from aidb.types import Entry, Kind, ObjectId, RepoPath
from aidb.versioning.manifest import Manifest, build
from aidb.versioning.series import is_checkpoint, predecessor, series_of
from tests.versioning.manifest.memory import MemoryNodes


def manifest_of(*paths: str) -> Manifest:
    """Files whose blobs are named by their paths."""
    nodes = MemoryNodes()
    items = [(RepoPath(path.encode()), Entry(Kind.FILE, 1, _name(path), None)) for path in sorted(paths)]
    return Manifest(nodes, build(nodes, items))


def _name(path: str) -> ObjectId:
    return ObjectId(path.encode().ljust(32, b".")[:32])


def before(path: str, *others: str) -> str | None:
    found = predecessor(manifest_of(*others), RepoPath(path.encode()))
    return None if found is None else found.id.rstrip(b".").decode()


@pytest.mark.parametrize(
    ("path", "others", "expected"),
    [
        ("c-3.st", ["c-1.st", "c-2.st", "c-4.st"], "c-2.st"),
        ("c-10.st", ["c-1.st", "c-2.st", "c-9.st", "c-11.st"], "c-9.st"),
        ("c-1.st", ["c-3.st", "c-2.st"], "c-2.st"),
        ("c-1.st", ["d-0.st", "c-0.other", "sub/c-0.st", "c-.st"], None),
        ("model.st", ["model2.st", "other.st"], None),
        ("e3-s5.st", ["e2-s9.st", "e3-s4.st", "e3-s6.st", "e4-s0.st"], "e3-s4.st"),
        ("run/c-2.st", ["run/c-1.st", "run2/c-1.st", "c-1.st"], "run/c-1.st"),
        ("r/c-500/m.st", ["r/c-100/m.st", "r/c-400/m.st", "r/c-1000/m.st", "r/c-400/n.st"], "r/c-400/m.st"),
        (
            "c-2/m-00001-of-00002.st",
            ["c-2/m-00002-of-00002.st", "c-1/m-00001-of-00002.st"],
            "c-1/m-00001-of-00002.st",
        ),
        ("c-2/m-00001-of-00002.st", ["c-2/m-00002-of-00002.st"], None),
        ("run1/model.st", [], None),
        ("a.b+1/(c)-2.st", ["a.b+1/(c)-1.st", "aXb+1/(c)-1.st"], "a.b+1/(c)-1.st"),
    ],
)
def test_predecessors(path: str, others: list[str], expected: str | None) -> None:
    assert before(path, *others) == expected


def test_a_link_is_no_checkpoint() -> None:
    nodes = MemoryNodes()
    link = Entry(Kind.SYMLINK, 1, _name("x"), None)
    manifest = Manifest(nodes, build(nodes, [(RepoPath(b"c-1.st"), link)]))
    assert predecessor(manifest, RepoPath(b"c-2.st")) is None


def test_series() -> None:
    assert series_of(b"a/c-1.st") == series_of(b"a/c-22.st") != series_of(b"b/c-1.st")
    assert series_of(b"plain.st") is None
    assert is_checkpoint(b"a/model.safetensors")
    assert not is_checkpoint(b"a/safetensors")
