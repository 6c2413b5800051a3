"""What a journal holds beside points, each with the second (since 1970) in which it was logged.

A reader passes over kinds of events and fields it does not know. Fields that have their default are not written.
"""

from __future__ import annotations

from typing import Any

import msgspec

Json = Any
"""What JSON can say, NaN and infinities included."""

Status = str
"""`finished`, `failed` (an exception), `killed` (a signal) or `stopped` (by whoever called `finish`)."""


class Writer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first frame of each file: who writes it. `rank` is that of distributed training."""

    run: str
    writer: str
    time: float
    host: str
    pid: int
    rank: int = 0
    version: str = ""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type", tag=str.lower):
    """What all events have."""

    time: float


class Start(Event, frozen=True):
    """The run begins, or goes on (`resumed`). `parent` is the run that it is part of, such as a sweep.

    A run that was forked shows the points of `forked_from` up to `forked_step` as its own.
    """

    experiment: str
    name: str
    parent: str | None = None
    resumed: bool = False
    forked_from: str | None = None
    forked_step: int | None = None


class Params(Event, frozen=True):
    """Hyperparameters by dotted key; one that was there already is replaced."""

    values: dict[str, Json]


class Tags(Event, frozen=True):
    """Tags that the run gets and loses."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Notes(Event, frozen=True):
    """What a person says of the run; replaces what was said before."""

    text: str


class Name(Event, frozen=True):
    """The run gets another name."""

    name: str


class Values(Event, frozen=True):
    """Logged values that are no numbers: texts, lists."""

    step: int
    values: dict[str, Json]


class Stored(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file below `files/` of the run's folder. Its name is its BLAKE3 with the suffix that it came with."""

    name: str
    size: int
    about: dict[str, Json] = {}
    """What is known of it: caption, width, height, rate …"""


class Media(Event, frozen=True):
    """Something to look at or listen to, under a key, at a step.

    `kind` is image, audio, video, table, histogram, figure, text, html, confusion-matrix or pr-curve. `data` is what
    needs no file: the counts of a histogram.
    """

    key: str
    step: int
    kind: str
    files: tuple[Stored, ...] = ()
    data: dict[str, Json] = {}


class Used(Event, frozen=True):
    """The run read data: what it asked for, and the commit and path that this was."""

    asked: str
    commit: str
    path: str = ""


class Made(Event, frozen=True):
    """The run committed files: `kind` is `file` or `checkpoint`. `path` is in the version `commit` of `branch`."""

    kind: str
    path: str
    branch: str
    commit: str
    size: int
    step: int | None = None
    metrics: dict[str, float] = {}


class Captured(Event, frozen=True):
    """Something of the surroundings: `about` is command, code, packages, host, hardware, environment.

    `files` are what is too long for a line: the diff of the code, sources that Git does not know, a lock file.
    """

    about: str
    values: dict[str, Json]
    files: tuple[Stored, ...] = ()


class Alert(Event, frozen=True):
    """Something that a person should see: `level` is info, warning or error."""

    title: str
    text: str = ""
    level: str = "info"


class Rewind(Event, frozen=True):
    """From here on, what all writers of the run logged before at steps greater than `step` does not count."""

    step: int


class Lost(Event, frozen=True):
    """Calls that could not be written, because the disk was full."""

    calls: int


class Finish(Event, frozen=True):
    """This writer logs no more. `error` is the traceback of what ended it."""

    status: Status
    error: str = ""


AnyEvent = (
    Start
    | Params
    | Tags
    | Notes
    | Name
    | Values
    | Media
    | Used
    | Made
    | Captured
    | Alert
    | Rewind
    | Lost
    | Finish
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AnyEvent)
_type_decoder = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_KNOWN = {str(kind.__struct_config__.tag) for kind in Event.__subclasses__()}


def encode_event(event: Event) -> bytes:
    """The payload of an event's frame."""
    return _encoder.encode(event)


def decode_event(payload: bytes | memoryview) -> AnyEvent | None:
    """The event of a frame; None if a newer aidb wrote it. Raises msgspec.MsgspecError if it is none at all."""
    try:
        event: AnyEvent = _decoder.decode(payload)
    except msgspec.ValidationError:
        kind = msgspec.msgpack.decode(
            _type_decoder.decode(payload).get("type", msgspec.Raw(b"\xc0")), type=str
        )
        if kind in _KNOWN:
            raise
        return None
    return event
