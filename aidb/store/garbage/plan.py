"""What a collection would do with each pack, from the marks alone; nothing is read or changed for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from aidb.store.backends.base import Backend
from aidb.store.garbage.marks import Amount, Division, Marks
from aidb.store.packs.layout import PACKS, PackId, parse_pack_key

THRESHOLD = 0.25
"""A pack with at least this share of garbage is written anew without it."""


class Candidate(NamedTuple):
    """A pack that holds garbage: its size, and how much of it is needed and is not."""

    pack: PackId
    size: int
    needed: Amount
    garbage: Amount


@dataclass(slots=True)
class Plan:
    """Packs with garbage, by what becomes of them."""

    drop: list[Candidate] = field(default_factory=list)
    """Nothing of them is needed,"""
    repack: list[Candidate] = field(default_factory=list)
    """some of it,"""
    mixed: list[Candidate] = field(default_factory=list)
    """nearly all of it: they are left for now."""
    young: list[Candidate] = field(default_factory=list)
    """Spared by the grace period."""

    @property
    def condemned(self) -> list[Candidate]:
        """The packs that would go."""
        return self.drop + self.repack

    @property
    def freed(self) -> int:
        """About how many bytes it would free in the end."""
        return sum(one.size for one in self.drop) + sum(one.garbage.bytes for one in self.repack)


def make_plan(backend: Backend, marks: Marks, cutoff: float, threshold: float = THRESHOLD) -> Plan:
    """Sort every pack with garbage. Those written or wanted at `cutoff` (seconds since 1970) or later are spared."""
    plan = Plan()
    divided = marks.by_pack()
    stored = {pack: one for one in backend.list(PACKS) if (pack := parse_pack_key(one.key)) in divided}
    for pack, one in sorted(stored.items()):
        needed, garbage = divided[pack]
        if garbage.chunks or not needed.chunks:
            candidate = Candidate(pack, one.size, needed, garbage)
            _place_for(plan, divided[pack], one.modified >= cutoff, threshold).append(candidate)
    return plan


def _place_for(plan: Plan, division: Division, young: bool, threshold: float) -> list[Candidate]:
    needed, garbage = division
    if young:
        return plan.young
    if not needed.chunks:
        return plan.drop
    return plan.repack if garbage.bytes >= threshold * (needed.bytes + garbage.bytes) else plan.mixed
