"""What the store holds and what it costs, from the indexes alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aidb.store.codecs import Codec
from aidb.store.deltas import DELTA
from aidb.store.indexes.lookup import pack_numbers
from aidb.store.indexes.segment import Segment, no_such_pack
from aidb.store.indexes.view import IndexView
from aidb.store.packs.layout import FOOTER, HEADER, INDEX_HEADER, INDEX_WIDTH, RECORD, PackId, PackKind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(slots=True)
class Share:
    """Some of the chunks: how many, their bytes as stored and as they were given."""

    chunks: int = 0
    stored_bytes: int = 0
    raw_bytes: int = 0

    def add(self, chunks: int, stored_bytes: int, raw_bytes: int) -> None:
        self.chunks += chunks
        self.stored_bytes += stored_bytes
        self.raw_bytes += raw_bytes


@dataclass(slots=True)
class StoreUsage:
    """Chunks stored twice count twice. `stored_bytes` is what the packs occupy, their indexes included."""

    packs: int = 0
    stored_bytes: int = 0
    total: Share = field(default_factory=Share)
    by_kind: dict[PackKind, Share] = field(default_factory=lambda: {kind: Share() for kind in PackKind})
    by_codec: dict[Codec, Share] = field(default_factory=lambda: {codec: Share() for codec in Codec})
    """Chunks that are stored by themselves;"""
    deltas: Share = field(default_factory=Share)
    """and those that are stored as differences."""
    sizes: Counter[int] = field(default_factory=Counter)
    """How many chunks of files have at least this many raw bytes, and fewer than twice that; powers of two, and 0."""

    @property
    def chunks(self) -> int:
        return self.total.chunks

    @property
    def raw_bytes(self) -> int:
        return self.total.raw_bytes


def measure(view: IndexView) -> StoreUsage:
    """Add up every pack once, though more than one merged index may list it."""
    view.distrust()
    usage = StoreUsage()
    seen: set[PackId] = set()
    for segment in view.segments:
        new = [pack not in seen for pack in segment.packs]
        _count(usage, segment, new)
        seen.update(segment.packs)
    usage.packs = len(view.packs)
    fixed = HEADER.size + INDEX_HEADER.size + FOOTER.size
    usage.stored_bytes = (
        usage.packs * fixed + usage.chunks * (RECORD.size + INDEX_WIDTH) + usage.total.stored_bytes
    )
    return usage


def _count(usage: StoreUsage, segment: Segment, wanted: list[bool]) -> None:
    import numpy as np

    numbers = pack_numbers(segment)
    if (numbers >= len(segment.packs)).any():
        raise no_such_pack()
    keep = np.array(wanted)[numbers]
    kinds = np.array([pack.kind is PackKind.META for pack in segment.packs])[numbers]
    codecs = np.frombuffer(segment.columns.codecs, np.uint8)
    stored = np.frombuffer(segment.columns.stored, np.uint32)
    raw = np.frombuffer(segment.columns.raw, np.uint32)
    ways = [(usage.by_codec[codec], codecs == codec) for codec in Codec]
    ways.append((usage.deltas, codecs > DELTA))
    for kind in PackKind:
        for way, stored_so in ways:
            rows = keep & (kinds == (kind is PackKind.META)) & stored_so
            amounts = (
                int(rows.sum()),
                int(stored[rows].sum(dtype=np.int64)),
                int(raw[rows].sum(dtype=np.int64)),
            )
            for share in (usage.total, usage.by_kind[kind], way):
                share.add(*amounts)
    _count_sizes(usage, raw[keep & ~kinds])


def _count_sizes(usage: StoreUsage, raw: npt.NDArray[np.uint32]) -> None:
    import numpy as np

    counts = np.bincount(np.frexp(raw.astype(np.float64))[1])
    usage.sizes.update({(1 << bits) >> 1: count for bits, count in enumerate(counts.tolist()) if count})
