"""What fuzzing has found, each by a name and the smallest input that shows it. None may come back."""

from __future__ import annotations

import warnings

import pytest

from aidb.store.hashing import hash_bytes
from aidb.store.indexes.columns import encode_records
from aidb.store.packs.layout import INDEX_HEADER
from aidb.store.recipes import _HEADER as RECIPE_HEADER
from aidb.versioning.workspace.index.state import encode_state
from tests.fuzz.target import run
from tests.fuzz.targets import TARGETS
from tests.fuzz.workspace_targets import STATE


def seed(name: str, number: int = 0) -> bytes:
    return TARGETS[name].seeds()[number]


def changed(data: bytes, at: int, value: int) -> bytes:
    return data[:at] + bytes([value]) + data[at + 1 :]


_COMMIT = seed("git-commit")
_MERGED = seed("merged-index")
_ID = b"ab" * 20
_FLAG_AT = encode_state(STATE).rindex(b"\1" + hash_bytes(b""))

FINDINGS: dict[str, tuple[str, bytes]] = {
    "marks of bisect that are not UTF-8": ("bisect", b'{"origin":"\xff"}'),
    "marks of bisect without a bottom": ("bisect", b'{"x":' + b"[" * 100_000),
    "an operation without a bottom": ("operations", b'{"x":' + b"[" * 100_000),
    "an operation at a time of nowhere": ("operations", b'{"id":"1","time":"2026-11-25T00:00:00"}'),
    "a commit in an encoding with a NUL": ("git-commit", _COMMIT.replace(b"\n\n", b"\nencoding a\0b\n\n", 1)),
    "a commit in an encoding that fails in its own way": (
        "git-commit",
        _COMMIT.replace(b"\n\n", b"\nencoding undefined\n\n", 1),
    ),
    "a commit from after the end of time": (
        "git-commit",
        _COMMIT.replace(b" 1767323045 ", b" 67768036191694800 "),
    ),
    "a commit whose parent is no id": (
        "git-commit",
        _COMMIT.replace(b"\nauthor", b"\nparent ../../a\0b\nauthor", 1),
    ),
    "a commit without a blank before its time": (
        "git-commit",
        _COMMIT.replace(b"<ada@example.com> ", b"<ada> 7>"),
    ),
    "a tag of something with a NUL": ("git-tag", b"object " + bytes(40) + b"\n"),
    "settings that are no TOML, to be changed": ("config", b"[user"),
    "settings with a value where a table should be": ("config", b"user = 3\n"),
    "settings with lists in lists in lists": ("config", b"a = " + b"[" * 5000),
    "a lock file with lists in lists in lists": ("aidb-lock", b"a = " + b"[" * 5000),
    "attributes with a range that goes backwards": ("attributes", b"[z-a] diff=none\n"),
    "a reflog from after the end of time": (
        "reflog",
        _ID + b" " + _ID + b" A <a> 67768036191694800 +0000\tx\n",
    ),
    "a HEAD with a NUL": ("head", b"ref: refs/heads/a\0b\n"),
    "lock notes that are no text": ("refs-intent", b"\xff\n"),
    "lock notes with a NUL": ("refs-intent", b"refs/heads/a\0b\n"),
    "lock notes that name a file elsewhere": ("refs-intent", b"../precious\nrefs/../../precious\n"),
    "an index section with reserved bits": (
        "index-section",
        changed(encode_records([]), INDEX_HEADER.size - 5, 1),
    ),
    "a merged index with reserved bits": ("merged-index", changed(_MERGED, 10, 1)),
    "a merged index with a pad that is not zero": ("merged-index", changed(_MERGED, 31, 1)),
    "a merged index with a gap that is not zero": (
        "merged-index",
        changed(_MERGED, len(_MERGED) - 4 * 9 - 1, 1),
    ),
    "a recipe with reserved bits": ("recipe", changed(seed("recipe"), RECIPE_HEADER.size - 1, 1)),
    "a state with a flag that is neither 0 nor 1": (
        "index-state",
        changed(encode_state(STATE), _FLAG_AT, 7),
    ),
    "an index table of no folders, with names": ("index-table", bytes(4) + b"\1\0\0\0x"),
    "an ignore file with a range that goes backwards": ("ignore-file", b"[z-a]\n"),
    "an ignore file with a bracket in brackets": ("ignore-file", b"[[a]\n"),
}


@pytest.mark.parametrize(("target", "data"), FINDINGS.values(), ids=list(FINDINGS))
def test_finding(target: str, data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(TARGETS[target], data)
