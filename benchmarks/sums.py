"""Lists of digests, as `b3sum` prints them: `<BLAKE3 hex>  <path>`, one a line, in path order."""

from __future__ import annotations

from pathlib import Path


def read_sums(path: Path) -> dict[str, str]:
    """The digest of each path in the list at `path`."""
    digests = {}
    for line in path.read_text().splitlines():
        digest, _, name = line.partition("  ")
        digests[name] = digest
    return digests


def write_sums(path: Path, digests: dict[str, str]) -> None:
    """Write `digests` where `read_sums` finds it again."""
    lines = (f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    path.write_text("".join(lines))
