"""Is the tree that a tool gave back, byte for byte, the one it was given?

    python -m benchmarks.verify FOLDER SUMS

prints nothing and ends with 0 when every path of `SUMS` is there with its digest and nothing else is.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from blake3 import blake3

from benchmarks.sums import read_sums

_PIECE = 8 << 20


def differences(folder: Path, expected: dict[str, str]) -> list[str]:
    """What is wrong below `folder`, one line each; empty when all is as expected."""
    found = dict(_digests(folder))
    missing = [f"missing: {path}" for path in sorted(expected.keys() - found.keys())]
    extra = [f"not asked for: {path}" for path in sorted(found.keys() - expected.keys())]
    wrong = [
        f"other bytes: {path}"
        for path in sorted(expected)
        if found.get(path, expected[path]) != expected[path]
    ]
    return missing + extra + wrong


def _digests(folder: Path) -> list[tuple[str, str]]:
    found = []
    for here, _, names in os.walk(folder):
        for name in names:
            path = Path(here, name)
            found.append((path.relative_to(folder).as_posix(), digest(path)))
    return found


def digest(path: Path) -> str:
    """The BLAKE3 of the file at `path`, read a piece at a time."""
    hasher = blake3()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            hasher.update(piece)
    return hasher.hexdigest()


def main() -> int:
    folder, sums = Path(sys.argv[1]), Path(sys.argv[2])
    wrong = differences(folder, read_sums(sums))
    for line in wrong[:20]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
