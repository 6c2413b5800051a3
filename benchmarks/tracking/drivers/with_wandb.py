"""W&B offline. It has no API to read an offline run, so its file (LevelDB's log format) is read here."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import wandb
from wandb.proto import wandb_internal_pb2

from benchmarks.tracking.drivers.base import PREFIX, Log

_BLOCK = 32768
_FILE_HEADER = 7
_HEADER = struct.Struct("<IHB")  # CRC, length, type
_FULL, _LAST = 1, 4


class Tracker:
    """A run of W&B that never meets a server."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def start(self, name: str) -> Log:
        self._run = wandb.init(project="bench", name=name, dir=self._place, mode="offline")
        log: Log = self._run.log
        return log

    def finish(self) -> None:
        self._run.finish()

    def points(self) -> int:
        return sum(_points_in(path.read_bytes()) for path in self._place.glob("wandb/offline-run-*/*.wandb"))


def _points_in(data: bytes) -> int:
    count = 0
    for record in _records(data):
        message = wandb_internal_pb2.Record.FromString(record)
        count += sum(_key(item).startswith(PREFIX) for item in message.history.item)
    return count


def _key(item: wandb_internal_pb2.HistoryItem) -> str:
    return item.key or "/".join(item.nested_key)


def _records(data: bytes) -> Iterator[bytes]:
    """The whole records, up to where the file is torn."""
    at, record = _FILE_HEADER, b""
    while at + _HEADER.size <= len(data):
        if _BLOCK - at % _BLOCK < _HEADER.size:
            at += _BLOCK - at % _BLOCK
            continue
        _, length, kind = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        if kind == 0 or at + length > len(data):
            return
        record += data[at : at + length]
        at += length
        if kind in (_FULL, _LAST):
            yield record
            record = b""
