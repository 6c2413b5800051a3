"""What each event of a journal tells of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aidb.metadata.catalog.record import Artifact, Data, Ending
from aidb.tracking.journal import events

if TYPE_CHECKING:
    from aidb.metadata.catalog.record import Record


def tell(record: Record, journal: str, event: events.Writer | events.AnyEvent) -> None:
    """Take over what an event says. Rewinds are not for here: they concern points."""
    match event:
        case events.Writer():
            record.host = record.host or event.host
        case events.Start():
            _start(record, journal, event)
        case events.Finish():
            record.endings[journal] = Ending(event.time, event.status, event.error)
        case events.Name() if event.time >= record.name[0]:
            record.name = (event.time, event.name)
        case events.Notes() if event.time >= record.notes[0]:
            record.notes = (event.time, event.text)
        case events.Params():
            for key, value in event.values.items():
                if key not in record.params or event.time >= record.params[key][0]:
                    record.params[key] = (event.time, value)
        case events.Tags():
            for tag in (*event.remove, *event.add):
                if tag not in record.tags or event.time >= record.tags[tag][0]:
                    record.tags[tag] = (event.time, tag in event.add)
        case _:
            _log(record, journal, event)


def _start(record: Record, journal: str, event: events.Start) -> None:
    record.starters.append(journal)
    record.begun = max(record.begun, event.time)
    if record.started is None or event.time < record.started:
        record.started = event.time
        record.experiment, record.parent = event.experiment, event.parent
    if event.forked_from is not None and event.forked_step is not None:
        record.fork = (event.forked_from, event.forked_step)
    if event.time >= record.name[0]:
        record.name = (event.time, event.name)


def _log(record: Record, journal: str, event: events.AnyEvent) -> None:
    match event:
        case events.Values():
            for key, value in event.values.items():
                record.artifacts.append(Artifact("value", key, event.step, event.time, _json(value)))
        case events.Media():
            record.artifacts.append(Artifact(event.kind, event.key, event.step, event.time, _json(event)))
        case events.Alert():
            record.artifacts.append(Artifact("alert", event.title, None, event.time, _json(event)))
        case events.Captured():
            record.captured[event.about] = event.values
            record.artifacts.append(Artifact("captured", event.about, None, event.time, _json(event)))
        case events.Used():
            record.data.append(Data("read", event.commit, event.path, event.asked, None, event.time))
        case events.Made():
            record.data.append(Data("write", event.commit, event.path, event.branch, event.step, event.time))
            record.artifacts.append(Artifact(event.kind, event.path, event.step, event.time, _json(event)))
        case events.Lost():
            record.problems[journal] = f"{event.calls:,} calls could not be written: the disk was full"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
