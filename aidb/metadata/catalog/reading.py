"""Reads what is new in the journals of one run.

A run that was rewound is read again from its beginning, with the cuts known, under a new number: points that do not
count any more are nobody's from then on. A run that was forked begins with the points of the other run, as they were at
that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aidb.errors import AidbError, InvalidNameError
from aidb.metadata.catalog.bins import Points
from aidb.metadata.catalog.looking import Look
from aidb.metadata.catalog.record import Cut, Record
from aidb.metadata.catalog.summary import summarize
from aidb.metadata.catalog.telling import tell
from aidb.tracking.journal import reader as journals
from aidb.tracking.journal.events import Rewind
from aidb.tracking.journal.folder import check_run_id, is_written
from aidb.tracking.journal.reader import JournalReader, Position

AT_ONCE = 32 << 20
"""Bytes of a journal that are read before the points are to be folded in."""

_DEEPEST = 100
"""Forks of forks that are followed."""


@dataclass
class Reading:
    """What was read: the run as it is now, further points by key, and whether there is `more` to read.

    `anew` if earlier points of the run do not count any more, `live` if a process still writes one of its journals.
    """

    record: Record
    series: dict[str, list[Points]] = field(default_factory=dict)
    more: bool = False
    anew: bool = False
    live: bool = False


class _RewoundError(Exception):
    """Points that were taken already have been cut off."""


def read_run(runs: Path, look: Look, known: Record | None, number: int) -> Reading:
    """Read on where `known` ends, or from the beginning. A run that is read anew, or first, gets the `number`."""
    folder = runs / look.id
    record = known
    if record is not None and any(
        record.positions[name].offset > size for name, size in _sizes(record, look)
    ):
        record = None  # a file is shorter than what was read of it: it is another one
    if record is not None:
        try:
            return _finished(_read(folder, look, Reading(record)), folder, look)
        except _RewoundError:
            pass
    fresh = Record(look.id, number, cuts=_cuts(folder, look.sizes))
    reading = Reading(fresh, anew=known is not None)
    return _finished(_read(folder, look, reading), folder, look)


def _sizes(record: Record, look: Look) -> Iterator[tuple[str, int]]:
    return ((name, look.sizes.get(name, 0)) for name in record.positions)


def _read(folder: Path, look: Look, reading: Reading) -> Reading:
    record = reading.record
    had_points, had_fork = bool(record.summaries), record.fork
    for name in sorted(look.sizes):
        _read_journal(folder / name, reading, had_points)
    if record.fork is not None and record.fork != had_fork:
        if had_points:
            raise _RewoundError
        _inherit(folder.parent, reading)
    _summarize(reading)
    return reading


def _read_journal(path: Path, reading: Reading, had_points: bool) -> None:
    record, name = reading.record, path.name
    begin = record.positions.get(name, Position())
    source = JournalReader(path, begin, most=AT_ONCE)
    try:
        for item in source:
            if isinstance(item, journals.Points):
                _take(reading.series, item, record.cuts, name)
            elif isinstance(item, Rewind):
                _note_cut(
                    record, Cut(item.step, item.time, name, source.position.offset), reading, had_points
                )
            else:
                tell(record, name, item)
    except AidbError as error:
        record.problems[name] = error.message
    else:
        if source.torn is not None and not source.torn.incomplete:
            record.problems[name] = (
                f"it cannot be read beyond byte {source.torn.offset:,}: {source.torn.reason}"
            )
    record.positions[name] = source.position
    if source.torn is None and source.position.offset - begin.offset >= AT_ONCE:
        reading.more = True


def _note_cut(record: Record, cut: Cut, reading: Reading, had_points: bool) -> None:
    if cut in record.cuts:
        return
    record.cuts.append(cut)
    if had_points or reading.series:
        raise _RewoundError


def _cuts(folder: Path, names: Sequence[str] | dict[str, int]) -> list[Cut]:
    """Every rewind of a run. Costs a pass through its journals, so only runs that were rewound pay for it."""
    found = []
    for name in sorted(names):
        source = JournalReader(folder / name)
        try:
            found += [
                Cut(item.step, item.time, name, source.position.offset)
                for item in source
                if isinstance(item, Rewind)
            ]
        except AidbError:
            continue  # reading it says so
    return found


def _take(series: dict[str, list[Points]], found: journals.Points, cuts: Sequence[Cut], journal: str) -> None:
    """Add the rows of a key set to the series of its keys, in order and without what was cut off."""
    steps, times, values = found.steps, found.times, found.floats()
    counts = np.ones(len(steps), dtype=bool)
    for cut in cuts:
        before = found.at < cut.at if cut.journal == journal else times < cut.time
        counts &= ~(before & (steps > cut.step))
    order = None
    if not (np.diff(steps) > 0).all():
        order = np.lexsort((found.at, times, steps))
        order = order[counts[order]]
    elif not counts.all():
        order = np.flatnonzero(counts)
    if order is not None:
        steps, times, values = steps[order], times[order], values[order]
    if len(steps):
        for at, key in enumerate(found.keys):
            series.setdefault(key, []).append(Points(steps, times, values[:, at]))


def _inherit(runs: Path, reading: Reading, depth: int = 0) -> None:
    """Put the points of the run that this one was forked from before its own."""
    record = reading.record
    if record.fork is None or record.started is None:
        return
    other, step = record.fork
    try:
        check_run_id(other)
        sizes = {path.name: 0 for path in (runs / other).glob("*.journal")}
        if not sizes or depth > _DEEPEST:
            raise InvalidNameError(f"it was forked from {other}, whose journal is not here")
        source = Reading(
            Record(other, 0, cuts=[cut for cut in _cuts(runs / other, sizes) if cut.time < record.started])
        )
        for name in sorted(sizes):
            _read_all(runs / other / name, source)
        _inherit(runs, source, depth + 1)
    except AidbError as error:
        record.problems["fork"] = error.message
        return
    for key, parts in source.series.items():
        kept = [points.taken((points.steps <= step) & (points.times <= record.started)) for points in parts]
        reading.series[key] = [points for points in kept if len(points.steps)] + reading.series.get(key, [])
    reading.series = {key: parts for key, parts in reading.series.items() if parts}


def _read_all(path: Path, reading: Reading) -> None:
    for item in JournalReader(path):
        if isinstance(item, journals.Points):
            _take(reading.series, item, reading.record.cuts, path.name)
        elif not isinstance(item, Rewind):
            tell(reading.record, path.name, item)


def _summarize(reading: Reading) -> None:
    """Summaries of what is new, part by part in the order in which it was logged."""
    parts = [(key, points) for key, found in reading.series.items() for points in found]
    for (key, _), summary in zip(parts, summarize([points for _, points in parts]), strict=True):
        reading.record.add_summaries({key: summary})


def _finished(reading: Reading, folder: Path, look: Look) -> Reading:
    """Say what has become of the run: it ended, it is at work, or nothing is heard of it."""
    ending = reading.record.ending
    reading.live = any(is_written(folder / name) for name in look.sizes)
    reading.record.status = ending.status if ending is not None else "running" if reading.live else "crashed"
    return reading
