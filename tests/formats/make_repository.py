"""Make a repository to be kept in these tests, with the version of aidb that is imported.

    python -m tests.formats.make_repository tests/formats/NAME.tar.gz

Run it once for a format that comes, never again for one that has been: what lies here is what that version wrote.
The content is in `tests.formats.content`, which must not change.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import aidb
from tests.formats.content import VERSIONS


def make(root: Path) -> None:
    """One commit for each version, on main; the last one tagged."""
    repo = aidb.init(root)
    for number, files in enumerate(VERSIONS):
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        repo.add(["."])
        repo.commit(f"Version {number}")
    repo.tags.create("last")
    repo.store.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "repo"
        make(root)
        shutil.rmtree(root / ".aidb" / "tmp", ignore_errors=True)
        with tarfile.open(sys.argv[1], "w:gz") as archive:
            archive.add(root / ".aidb", ".aidb")


if __name__ == "__main__":
    main()
