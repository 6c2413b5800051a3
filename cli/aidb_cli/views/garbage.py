"""What a garbage collection finds and does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aidb_cli.output import Json, Output
from aidb_cli.words import count, share, size

if TYPE_CHECKING:
    from aidb.store.garbage.plan import Candidate, Plan
    from aidb.store.quarantine import Kept
    from aidb.versioning.garbage import Garbage, Pruned


class GarbageView:
    """What would go, and why the rest stays."""

    def __init__(self, garbage: Garbage, *, at_once: bool, expires: bool) -> None:
        """`at_once`: there is no grace period. `expires`: old reflog entries would be dropped."""
        self.garbage = garbage
        self.at_once = at_once
        self.expires = expires

    def json(self) -> Json:
        return {"pruned": False, **garbage_json(self.garbage)}

    def draw(self, out: Output) -> None:
        garbage = self.garbage
        _draw_kept(out, garbage)
        out.line()
        _draw_plan(out, garbage.plan)
        _draw_quarantine(out, garbage)
        out.line()
        freed = garbage.plan.freed
        if not freed and not garbage.expired:
            out.line("There is nothing to collect.")
        else:
            _draw_next(out, freed, total(garbage.expired), at_once=self.at_once)
        logged = sum(one.bytes for one in garbage.kept if one.source == "reflogs")
        if logged and not self.expires:
            out.hint(f"`aidb gc --reflog-expire AGE` lets go of older moves; they alone keep {size(logged)}.")


class PrunedView:
    """What was set aside and what was deleted."""

    def __init__(self, pruned: Pruned) -> None:
        self.pruned = pruned

    def json(self) -> Json:
        pruned = self.pruned
        return {
            "pruned": True,
            **garbage_json(pruned.garbage),
            "batch": pruned.collected.batch if pruned.collected.packs else None,
            "set_aside": _packs_json(pruned.collected.packs),
            "deleted": _packs_json(pruned.deleted),
            "copied_bytes": pruned.collected.copied_bytes,
            "forgotten_moves": pruned.forgotten,
            "held_up": pruned.held_up,
        }

    def draw(self, out: Output) -> None:
        pruned = self.pruned
        aside = [kept for kept in pruned.collected.packs if kept not in pruned.deleted]
        if pruned.collected.copied_bytes:
            out.line(f"Wrote {size(pruned.collected.copied_bytes)} that are needed into new packs.")
        if pruned.deleted:
            out.line(f"Deleted {count(len(pruned.deleted), 'pack')}, {size(total(pruned.deleted))}.")
        if aside:
            out.line(f"Set aside {count(len(aside), 'pack')}, {size(total(aside))}.")
            out.hint("`aidb gc --undo` brings them back; a later `aidb gc --prune` deletes them.")
        if not aside and not pruned.deleted:
            out.line("There was nothing to collect.")
        if pruned.held_up:
            out.warn("another session began meanwhile, so nothing was deleted yet. Run it again later.")


def garbage_json(garbage: Garbage) -> Json:
    """What was found, as data."""
    plan = garbage.plan
    return {
        "commits": garbage.commits,
        "needed": {"chunks": garbage.kept_chunks, "bytes": garbage.kept_bytes},
        "kept_by": [{"source": one.source, "chunks": one.chunks, "bytes": one.bytes} for one in garbage.kept],
        "drop": _candidates_json(plan.drop),
        "repack": _candidates_json(plan.repack),
        "mostly_needed": _candidates_json(plan.mixed),
        "young": _candidates_json(plan.young),
        "freed_bytes": plan.freed,
        "quarantine": _packs_json(garbage.quarantined),
        "expired": _packs_json(garbage.expired),
        "brought_back": _packs_json(garbage.brought_back),
    }


def total(packs: Sequence[Kept]) -> int:
    """Bytes of packs in quarantine."""
    return sum(kept.size for kept in packs)


def _candidates_json(candidates: Sequence[Candidate]) -> Json:
    return [
        {
            "pack": str(one.pack),
            "bytes": one.size,
            "garbage_chunks": one.garbage.chunks,
            "garbage_bytes": one.garbage.bytes,
        }
        for one in candidates
    ]


def _packs_json(packs: Sequence[Kept]) -> Json:
    return [{"pack": str(kept.pack), "batch": kept.batch, "bytes": kept.size} for kept in packs]


def _draw_kept(out: Output, garbage: Garbage) -> None:
    what = f"{size(garbage.kept_bytes)} in {count(garbage.kept_chunks, 'chunk')}"
    out.line(f"Needed: {what}, by {count(garbage.commits, 'commit')}")
    for place, one in enumerate(kept for kept in garbage.kept if kept.chunks):
        out.line(f"{size(one.bytes):>11}  by {one.source}" + (" alone" if place else ""))


def _draw_plan(out: Output, plan: Plan) -> None:
    out.line("Garbage:")
    _draw_packs(out, plan.drop, "hold nothing that is needed", "holds nothing that is needed")
    _draw_packs(out, plan.repack, "would be written anew without it", "would be written anew without it")
    _draw_packs(out, plan.mixed, "are nearly all in use and stay", "is nearly all in use and stays")
    _draw_packs(out, plan.young, "are spared by the grace period", "is spared by the grace period")
    if not (plan.drop or plan.repack or plan.mixed or plan.young):
        out.line("       none")


def _draw_packs(out: Output, candidates: Sequence[Candidate], several: str, one: str) -> None:
    if candidates:
        garbage = sum(candidate.garbage.bytes for candidate in candidates)
        whole = garbage + sum(candidate.needed.bytes for candidate in candidates)
        part = "" if garbage == whole else f", {share(garbage, whole)} of"
        packs = count(len(candidates), "pack")
        out.line(f"{size(garbage):>11}{part}  {packs} that {one if len(candidates) == 1 else several}")


def _draw_quarantine(out: Output, garbage: Garbage) -> None:
    if garbage.brought_back:
        out.line(f"Brought back from quarantine, as it is needed: {size(total(garbage.brought_back))}")
    if garbage.quarantined:
        held = f"{count(len(garbage.quarantined), 'pack')}, {size(total(garbage.quarantined))}"
        due = f", {size(total(garbage.expired))} of it long enough to be deleted" if garbage.expired else ""
        out.line(f"In quarantine: {held}{due}")


def _draw_next(out: Output, freed: int, expired: int, *, at_once: bool) -> None:
    parts = [f"delete {size(freed)}" if at_once else f"set {size(freed)} aside"] if freed else []
    parts += [f"delete {size(expired)}"] if expired else []
    out.line(f"`aidb gc --prune` would {' and '.join(parts)}. Nothing was changed.")
