"""`python -m demo [FOLDER]`: the tour, in a fresh folder."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from demo.stage import Stage, UnexpectedExitError
from demo.tour import play

_NEXT = [
    "aidb log --graph            # who changed what, and why",
    "aidb diff v1..main          # everything since the first version",
    "aidb show HEAD~2            # one commit",
    'aidb switch -c mine         # your own branch: change something, aidb commit -am "..."',
    "aidb --help                 # every command, and aidb COMMAND --help",
]


def main() -> int:
    """Play the tour; 1 if it did not go as the story has it, 2 if the folder is not empty."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A guided tour of aidb on real data.")
    parser.add_argument(
        "folder", nargs="?", type=Path, help="where to play it: new or empty (default: a new one)"
    )
    given = parser.parse_args()
    folder = _fresh(given.folder)
    if folder is None:
        print(
            f"{given.folder} is not empty; name a new folder, and nothing of yours is touched.",
            file=sys.stderr,
        )
        return 2
    if shutil.which("aidb") is None:
        print("The command `aidb` is not on the PATH; `make demo` puts it there.", file=sys.stderr)
        return 1
    return _play(Stage(folder))


def _fresh(folder: Path | None) -> Path | None:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="aidb-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    return None if any(folder.iterdir()) else folder.resolve()


def _play(stage: Stage) -> int:
    print(f"A tour of aidb, in {stage.folder}. Lines that begin with $ are what you would type.")
    try:
        play(stage)
    except UnexpectedExitError as error:
        print(
            f"\nThe tour stops here: {error}.\nThis is a bug in aidb or in the tour; {stage.folder} is as it was left."
        )
        return 1
    print(f"\nThat was the tour, in {stage.seconds:.0f} seconds. It is all still there to play with:")
    stage.listing([f'export PATH="{Path(sys.prefix, "bin")}:$PATH"', f"cd {stage.folder}", *_NEXT])
    return 0


if __name__ == "__main__":
    sys.exit(main())
