"""Writing a merged table in the format of the version it was made from.

CSV and JSON lines are spliced: a row that nothing was changed in keeps its very bytes. Parquet is written anew by
DuckDB, with the compression, the size of the row groups and the metadata it had; types are compared afterwards, and
what DuckDB cannot write as it was is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aidb.errors import UnreadableContentError
from aidb.files import storage_errors
from aidb.inside.tables.duck import Duck, listed, name, text
from aidb.inside.tables.files import Dialect, TableFile
from aidb.inside.tables.splice import Change, Compose, Records, splice


@dataclass(frozen=True, slots=True)
class Edits:
    """The table `edits` (see `merge`) and what it belongs to.

    `canvas` is the version that is edited and `rows` how many it has; `columns` are those the edits know.
    """

    canvas: TableFile
    other: TableFile
    columns: list[str]
    rows: int


def write_table(db: Duck, edits: Edits, target: Path) -> None:
    """Write `canvas` with the edits carried out. Raises UnreadableContentError for what cannot be written as it was."""
    if edits.canvas.format == "parquet":
        _write_parquet(db, edits, target)
        return
    composer = _Csv(edits) if edits.canvas.format == "csv" else _Jsonl(edits)
    with (
        storage_errors("writing a merged table"),
        edits.canvas.path.open("rb") as source,
        target.open("wb") as file,
    ):
        splice(source, file, _changes(db, edits, composer), composer.format(edits.rows))


# Text


def _changes(db: Duck, edits: Edits, composer: _Csv | _Jsonl) -> Iterator[Change]:
    """The edits in the order of the rows, the new rows last, each with the bytes to write."""
    width = len(edits.columns)
    merged = [f"m{at}" for at in range(width)]
    differs = [f"d{at}" for at in range(width)]
    raw = "NULL"
    source = "edits"
    if edits.canvas.format == "jsonl":
        lines = edits.other.select(["json AS line"], numbered=True)
        source = f"edits LEFT JOIN (SELECT row AS their_row, line FROM ({lines})) USING (their_row)"
        raw = "CASE WHEN action = 'append' OR NOT mine THEN line END"
    rows = db.stream(
        f"SELECT row, action, {raw}, {listed(merged)}, {listed(differs)} FROM {source}"
        " ORDER BY row NULLS LAST, their_row"
    )
    for row, action, line, *cells in rows:
        values, flags = cells[:width], cells[width:]
        if action == "delete":
            yield Change(row, None)
        elif line is not None:
            yield Change(row, partial(_as_theirs, line.strip().encode()))
        else:
            yield Change(row, composer.compose(values, flags))


def _as_theirs(line: bytes, _: bytes | None) -> bytes:
    return line


class _Csv:
    """Writes records as the file does."""

    def __init__(self, edits: Edits) -> None:
        dialect = edits.canvas.dialect
        assert dialect is not None
        if dialect.skipped or dialect.escape != dialect.quote:
            raise UnreadableContentError("it has lines before its header, or escapes quotes in its own way")
        self._dialect: Dialect = dialect
        self._columns = list(edits.canvas.types)
        self._places = [self._columns.index(column) for column in edits.columns]
        self._delimiter, self._quote = dialect.delimiter.encode(), dialect.quote.encode()

    def format(self, rows: int) -> Records:
        """How the file is cut into records."""
        return Records(rows, self._quote, header=self._dialect.header)

    def compose(self, values: Sequence[str | None], differs: Sequence[bool]) -> Compose:
        """Fields that did not change keep their bytes."""

        def composed(record: bytes | None) -> bytes:
            fields = self._split(record) if record is not None else [b""] * len(self._columns)
            quoted = record is not None and all(field[:1] == self._quote for field in fields)
            for place, value, other in zip(self._places, values, differs, strict=True):
                if record is None or other:
                    fields[place] = self._field(value, quoted=quoted)
            return self._delimiter.join(fields)

        return composed

    def _split(self, record: bytes) -> list[bytes]:
        """A delimiter inside quotes has an odd number of them before it."""
        fields: list[bytes] = []
        for piece in record.split(self._delimiter):
            if fields and fields[-1].count(self._quote) % 2:
                fields[-1] += self._delimiter + piece
            else:
                fields.append(piece)
        if len(fields) != len(self._columns):
            raise UnreadableContentError("a row has another number of fields than there are columns")
        return fields

    def _field(self, value: str | None, *, quoted: bool) -> bytes:
        if value is None:
            return b""
        raw = value.encode()
        special = (self._delimiter, self._quote, b"\n", b"\r")
        if quoted or not raw or raw != raw.strip() or any(mark in raw for mark in special):
            return self._quote + raw.replace(self._quote, self._quote * 2) + self._quote
        return raw


class _Jsonl:
    """Writes JSON objects as the line they replace was written."""

    def __init__(self, edits: Edits) -> None:
        self._columns = edits.columns

    def format(self, rows: int) -> Records:
        """How the file is cut into records."""
        return Records(rows, b"", header=False)

    def compose(self, values: Sequence[str | None], differs: Sequence[bool]) -> Compose:
        """Keys keep their order; one that is new comes last."""

        def composed(record: bytes | None) -> bytes:
            before: dict[str, Any] = json.loads(record) if record is not None else {}
            for column, value, other in zip(self._columns, values, differs, strict=True):
                if not other:
                    continue
                if value is None:
                    before.pop(column, None)
                else:
                    before[column] = json.loads(value)
            tight = record is not None and b": " not in record
            separators = (",", ":") if tight else (", ", ": ")
            ascii_only = record is not None and record.isascii() and b"\\u" in record
            return json.dumps(before, separators=separators, ensure_ascii=ascii_only).encode()

        return composed


# Parquet


def _write_parquet(db: Duck, edits: Edits, target: Path) -> None:
    canvas = edits.canvas
    known = {column: at for at, column in enumerate(edits.columns)}
    kept = [
        f"CASE WHEN e.row IS NULL THEN c.{name(column)} ELSE e.m{known[column]} END AS {name(column)}"
        if column in known
        else f"c.{name(column)}"
        for column in canvas.types
    ]
    new = [f"m{known[column]}" if column in known else "NULL" for column in canvas.types]
    source = f"read_parquet({text(canvas.path)}, file_row_number = true)"
    db.run(
        "COPY (SELECT * EXCLUDE (side, place) FROM ("
        f"SELECT 0 AS side, c.file_row_number AS place, {listed(kept)} FROM {source} AS c"
        " LEFT JOIN (SELECT * FROM edits WHERE action <> 'append') AS e ON c.file_row_number = e.row"
        " WHERE e.action IS DISTINCT FROM 'delete'"
        f" UNION ALL SELECT 1, their_row, {listed(new)} FROM edits WHERE action = 'append')"
        f" ORDER BY side, place) TO {text(target)} ({_parquet_options(db, canvas.path)})"
    )
    before, after = _parquet_types(db, canvas.path), _parquet_types(db, target)
    lost = [one[0] for one, other in zip(before, after, strict=False) if one != other]
    if lost or len(before) != len(after):
        raise UnreadableContentError(
            f"DuckDB would write the type of {', '.join(map(str, lost))} differently"
        )


def _parquet_options(db: Duck, path: Path) -> str:
    """Compression, row group size and metadata of a file, for COPY."""
    codec, rows = db.one(
        f"SELECT any_value(compression), max(row_group_num_rows) FROM parquet_metadata({text(path)})"
    )
    options = [
        f"FORMAT parquet, COMPRESSION {text(str(codec or 'zstd').lower())}, ROW_GROUP_SIZE {max(rows or 0, 2048)}"
    ]
    pairs = db.all(f"SELECT key, value FROM parquet_kv_metadata({text(path)})")
    if pairs:
        fields = listed([f"{name(bytes(key).decode())}: {_blob(bytes(value))}" for key, value in pairs])
        options.append(f"KV_METADATA {{{fields}}}")
    return listed(options)


def _blob(value: bytes) -> str:
    """Bytes in SQL."""
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"


_UNIT = re.compile(r"(MILLIS|MICROS|NANOS)=(?!<null>)")


def _parquet_types(db: Duck, path: Path) -> list[tuple[Any, ...]]:
    """Name and type of every node of a file's schema, but for what two writers may spell differently."""
    nodes = db.all(
        f"SELECT name, type, num_children, converted_type, logical_type FROM parquet_schema({text(path)}) OFFSET 1"
    )
    return [_parquet_type(*node) for node in nodes]


def _parquet_type(
    node: str, kind: str | None, children: int | None, converted: str | None, logical: str | None
) -> tuple[Any, ...]:
    unit = _UNIT.search(logical or "")
    if converted == "DECIMAL":
        kind = "DECIMAL"  # its bytes may be stored in several ways
    return node, kind, children or 0, unit[1] if unit else None
