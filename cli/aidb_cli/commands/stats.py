"""`aidb stats`"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.types import show_path
from aidb_cli.context import Context
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Command
from aidb_cli.words import count, plus, share, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidb.store.usage import Share
    from aidb.versioning.statistics import Sized, Statistics

_BAR = 30


def stats(context: Context) -> None:
    """Count commits, files, chunks and packs, and tell how the repository grew.

    Reads the history, the lists of files and the indexes, no file's content. Bytes of chunks and packs are as stored.
    """
    context.out.show(_View(context.repo.statistics(progress=context.out.progress)))


class _View:
    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics

    def json(self) -> Json:
        found = self.statistics
        store = found.store
        return {
            "commits": found.commits,
            "versions": found.versions,
            "branches": found.branches,
            "tags": found.tags,
            "files": found.files,
            "file_bytes": found.file_bytes,
            "version_bytes": found.version_bytes,
            "content_bytes": found.content_bytes,
            "stored_bytes": store.stored_bytes,
            "deduplication": round(found.deduplication, 3),
            "chunks": {str(kind): _share_json(one) for kind, one in store.by_kind.items()},
            "codecs": {codec.name.lower(): _share_json(one) for codec, one in store.by_codec.items()},
            "chunk_sizes": [
                {"at_least": lower, "chunks": number} for lower, number in sorted(store.sizes.items())
            ],
            "packs": {"all": store.packs, "small": found.small_packs},
            "needed": found.needed._asdict(),
            "garbage": found.garbage._asdict(),
            "largest_files": [one._asdict() for one in found.largest_files],
            "largest_folders": [one._asdict() for one in found.largest_folders],
            "growth": [one._asdict() for one in found.growth],
        }

    def draw(self, out: Output) -> None:
        found = self.statistics
        _title(out, "History")
        refs = f"{count(found.branches, 'branch', 'branches')}, {count(found.tags, 'tag')}"
        out.line(f"  {count(found.commits, 'commit')}, {count(found.versions, 'version')}, {refs}")
        out.line(f"  {count(found.files, 'file')} in HEAD, {size(found.file_bytes)}")
        self._draw_store(out)
        _draw_sized(out, "Largest folders of HEAD", found.largest_folders)
        _draw_sized(out, "Largest files of HEAD", found.largest_files)
        if found.growth:
            _title(out, "Growth")
        for month in found.growth:
            out.line(f"{plus(month.bytes):>13}  {month.month}  {count(month.commits, 'commit')}")

    def _draw_store(self, out: Output) -> None:
        found, store = self.statistics, self.statistics.store
        _title(out, "Store")
        out.line(f"{size(found.version_bytes):>13}  if each version were a copy")
        out.line(
            f"{size(found.content_bytes):>13}  distinct content: {found.deduplication:.1f}x deduplication"
        )
        small = f", {found.small_packs:,} of them small" if found.small_packs else ""
        out.line(f"{size(store.stored_bytes):>13}  on disk, in {count(store.packs, 'pack')}{small}")
        whole = found.needed.bytes + found.garbage.bytes
        out.line(
            f"{size(found.garbage.bytes):>13}  garbage ({share(found.garbage.bytes, whole)}): see `aidb gc`"
        )
        _title(out, "Compression")
        for codec, one in store.by_codec.items():
            if one.chunks:
                saved = f"{share(one.stored_bytes, one.raw_bytes)} of {size(one.raw_bytes)}"
                out.line(
                    f"{size(one.stored_bytes):>13}  {codec.name.lower():8} {saved}, {count(one.chunks, 'chunk')}"
                )
        most = max(store.sizes.values(), default=1)
        if store.sizes:
            _title(out, "Chunks of files by size")
        for lower, number in sorted(store.sizes.items()):
            bar = "#" * max(1, _BAR * number // most)
            out.line(f"  {'from ' + size(lower):>15}  {number:>9,}  {bar}")


def _title(out: Output, text: str) -> None:
    out.line(out.style("heading", text))


def _draw_sized(out: Output, title: str, sized: Sequence[Sized]) -> None:
    if sized:
        _title(out, title)
    for one in sized:
        files = f"  {count(one.files, 'file')}" if one.files != 1 else ""
        out.line(f"{size(one.bytes):>13}  {show_path(one.path)}{files}")


def _share_json(one: Share) -> Json:
    return {"chunks": one.chunks, "stored_bytes": one.stored_bytes, "raw_bytes": one.raw_bytes}


COMMAND = Command(
    stats,
    examples=(("aidb stats", "everything that can be counted"), ("aidb stats --json", "for a dashboard")),
    pages=True,
)
