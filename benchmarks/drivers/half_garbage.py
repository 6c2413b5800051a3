"""A repository of which every other file belongs to no version any more: `half_garbage.py FOLDER BYTES`.

The files are stored together, so that every pack is half garbage. What is left is checked out in FOLDER.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import aidb
from aidb.versioning.identity import fallback_person

SIZE = 1 << 20
SEED = 20


def main(folder: Path, amount: int) -> None:
    count = max(2, amount // SIZE)
    with aidb.init(folder) as repo:
        rng = np.random.default_rng([SEED, 5])
        for number in range(count):
            (folder / f"{number:06}.bin").write_bytes(rng.bytes(SIZE))
        repo.add()
        repo.commit("everything")
        repo.branches.create("everything")
        repo.remove([f"{number:06}.bin" for number in range(1, count, 2)])
        root = repo.workspace.staged_root()
        assert root is not None
        half = repo.workspace.manifest(root)
        author = fallback_person()
        made = repo.engine.create_commit(
            root, half.files, half.bytes, [], "half of it, without a past", author
        )
        repo.reset(made, mode="hard", force=True)
        repo.branches.delete("everything", force=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
