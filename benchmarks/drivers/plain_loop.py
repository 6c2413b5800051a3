"""What the small files cost in a plain Python loop: `plain_loop.py save|status|restore DATA STORE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from blake3 import blake3


def files_below(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every file below `folder`."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(entry.path)
            else:
                yield entry


def save(data: str, store: str) -> None:
    """Read and hash every file, append all to one, and fsync it."""
    sizes = []
    with open(os.path.join(store, "bytes"), "wb", buffering=1 << 20) as target:
        for entry in files_below(data):
            with open(entry.path, "rb", buffering=0) as source:
                content = source.read()
            blake3(content).digest()
            target.write(content)
            sizes.append(f"{len(content)} {os.path.relpath(entry.path, data)}\n")
        target.flush()
        os.fsync(target.fileno())
    with open(os.path.join(store, "names"), "w") as names:
        names.writelines(sizes)


def status(data: str) -> None:
    """Stat every file."""
    print(sum(entry.stat(follow_symlinks=False).st_size for entry in files_below(data)))


def restore(data: str, store: str) -> None:
    """Write every file to a temporary name beside its own and rename it."""
    made: set[str] = set()
    with open(os.path.join(store, "names")) as names, open(os.path.join(store, "bytes"), "rb") as source:
        for line in names:
            size, _, name = line.rstrip("\n").partition(" ")
            target = os.path.join(data, name)
            content = source.read(int(size))
            folder = os.path.dirname(target)
            if folder not in made:
                os.makedirs(folder, exist_ok=True)
                made.add(folder)
            with open(target + ".tmp", "wb", buffering=0) as stream:
                stream.write(content)
            os.replace(target + ".tmp", target)


def main(verb: str, data: str, store: str) -> None:
    match verb:
        case "save":
            save(data, store)
        case "status":
            status(data)
        case "restore":
            restore(data, store)
        case _:
            sys.exit(f"unknown step: {verb}")


if __name__ == "__main__":
    main(*sys.argv[1:])
