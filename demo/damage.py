"""A disk that rots, for as long as a `with` block: one byte of the largest pack has one bit flipped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def flipped_byte(packs: Path) -> Iterator[None]:
    """Flip one bit in the middle of the largest file below `packs`, and put it back."""
    pack = max((path for path in packs.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    mode = pack.stat().st_mode
    pack.chmod(0o600)
    try:
        _flip(pack)
        yield
    finally:
        _flip(pack)
        pack.chmod(mode)


def _flip(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(file.stat().st_size // 2)
        byte = stream.read(1)[0]
        stream.seek(-1, 1)
        stream.write(bytes([byte ^ 1]))
