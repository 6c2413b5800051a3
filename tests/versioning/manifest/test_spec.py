"""The bytes printed in docs/spec/manifest.md are the bytes that are written."""

from __future__ import annotations

import re
from pathlib import Path

from aidb.store.hashing import hash_bytes
from aidb.types import Entry, Kind
from aidb.versioning.manifest import PRODUCTION
from aidb.versioning.manifest.codec import MAX_LEVEL, MAX_NODE, encode_leaf

SPEC = (Path(__file__).parents[3] / "docs" / "spec" / "manifest.md").read_text()


def test_the_examples() -> None:
    blocks = [bytes.fromhex(block) for block in re.findall(r"(?m)((?:^    [0-9a-f ]+\n)+)", SPEC)]
    hello = hash_bytes(b"hello\n")
    file, script = (Entry(kind, 6, hello, None) for kind in (Kind.FILE, Kind.EXECUTABLE))
    leaves = [encode_leaf([], []), encode_leaf([b"train/a.txt", b"train/run.sh"], [file, script])]
    assert blocks == leaves
    assert re.findall(r"`([0-9a-f]{64})`", SPEC) == [hash_bytes(leaf).hex() for leaf in leaves]


def test_the_shape() -> None:
    leaf, inner = PRODUCTION.leaf, PRODUCTION.inner
    assert f"| 0 | {leaf.modulus} | {leaf.least} | {leaf.most} |" in SPEC
    assert f"| 1 and above | {inner.modulus} | {inner.least} | {inner.most} |" in SPEC
    assert f"more than {PRODUCTION.path_bytes:,} bytes" in SPEC
    assert f"1 to {MAX_LEVEL} |" in SPEC
    assert MAX_NODE == 2**20
