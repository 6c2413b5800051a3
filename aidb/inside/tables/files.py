"""A file as a table that DuckDB can read: which columns it has, of which types, and how to name it in SQL.

CSV and JSON lines have no types. Their cells are compared as they are written; the types that the values seem to have
are told and used for statistics only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.tables.duck import Duck, listed, name, text

Format = Literal["parquet", "csv", "jsonl"]

SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
MOST_COLUMNS = 2_000
"""A table of more columns is not looked into."""
MOST_ROWS_PER_BYTE = 1_000
_HARMLESS_ROWS = 50_000_000
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|nan|inf", re.IGNORECASE)
_ROW = "file_row_number"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str
    quote: str
    escape: str
    skipped: int
    header: bool


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that DuckDB reads. `types` are what its values are or seem to be, by column, in the file's order.

    `cells` are the expressions that give the cells, `relation` what to select them from.
    """

    format: Format
    path: Path
    relation: str
    types: dict[str, str]
    cells: dict[str, str]
    bytes: int
    dialect: Dialect | None = None

    def typed(self, column: str) -> str:
        """The cells of a column as values of their type, NULL where they are not."""
        if self.format == "parquet":
            return self.cells[column]
        kind = self.types[column]
        cell = f"({self.cells[column]})->>'$'" if self.format == "jsonl" else self.cells[column]
        return cell if kind in ("VARCHAR", "JSON") else f"TRY_CAST({cell} AS {kind})"

    def select(self, expressions: list[str], *, numbered: bool = False) -> str:
        """SQL that gives these expressions for every row; `numbered`: and `row`, from 0 in the file's order."""
        if not numbered:
            return f"SELECT {listed(expressions)} FROM {self.relation}"
        if self.format == "parquet":
            source = f"read_parquet({text(self.path)}, file_row_number = true)"
            return f"SELECT {_ROW} AS row, {listed(expressions)} FROM {source}"
        # A window without an order goes through the rows as the file has them.
        return f"SELECT row_number() OVER () - 1 AS row, {listed(expressions)} FROM {self.relation}"


@contextmanager
def table_file(duck: Duck, content: Content, format_: Format, path: str) -> Iterator[TableFile]:
    """Open a content as a table while the block runs. Raises UnreadableContentError if it is none."""
    with content.file() as place:
        if not content.size:
            raise UnreadableContentError("it is empty")
        if format_ == "csv":
            yield _open_csv(duck, place, content.size, tabs=path.lower().endswith((".tsv", ".tab")))
        else:
            yield (_open_parquet if format_ == "parquet" else _open_jsonl)(duck, place, content.size)


def _open_parquet(duck: Duck, place: Path, size: int) -> TableFile:
    relation = f"read_parquet({text(place)})"
    rows, groups = duck.one(
        f"SELECT sum(num_rows), sum(num_row_groups) FROM parquet_file_metadata({text(place)})"
    )
    if rows > max(_HARMLESS_ROWS, MOST_ROWS_PER_BYTE * size) or groups > size:
        raise UnreadableContentError(f"{size:,} bytes claim to hold {rows:,} rows: a decompression bomb?")
    types = {row[0]: row[1] for row in duck.all(f"DESCRIBE SELECT * FROM {relation}")}
    return TableFile("parquet", place, relation, _bounded(types), _plain_cells(types), size)


def _open_csv(duck: Duck, place: Path, size: int, *, tabs: bool) -> TableFile:
    forced = ", delim = '\t'" if tabs else ""
    delimiter, quote, escape, skipped = duck.one(
        f"SELECT Delimiter, Quote, Escape, SkipRows FROM sniff_csv({text(place)}{forced})"
    )
    dialect = Dialect(delimiter, _given(quote, '"'), _given(escape, '"'), skipped, header=False)
    first = duck.one(f"SELECT * FROM {_read_csv(place, dialect)} LIMIT 1")
    if len(first) < 2:
        raise UnreadableContentError("it has only one column")
    columns, header = _column_names(first)
    dialect = Dialect(dialect.delimiter, dialect.quote, dialect.escape, skipped, header)
    relation = _read_csv(place, dialect, columns)
    sniffed = duck.all(f"DESCRIBE SELECT * FROM {_read_csv(place, dialect, typed=True)}")
    kinds = [row[1] for row in sniffed]
    if len(kinds) != len(columns):
        raise UnreadableContentError("its rows have different numbers of columns")
    types = _bounded(dict(zip(columns, kinds, strict=True)))
    return TableFile("csv", place, relation, types, _plain_cells(types), size, dialect)


def _given(sniffed: str | None, default: str) -> str:
    return default if sniffed in (None, "", "(empty)") else sniffed


def _read_csv(place: Path, dialect: Dialect, columns: list[str] | None = None, *, typed: bool = False) -> str:
    """Quoted nothing is an empty text, nothing at all is NULL: what a file tells apart stays apart."""
    options = [
        f"header = {str(dialect.header).lower()}, skip = {dialect.skipped}",
        f"delim = {text(dialect.delimiter)}, quote = {text(dialect.quote)}, escape = {text(dialect.escape)}",
    ]
    if not typed:
        options.append("all_varchar = true, allow_quoted_nulls = false")
    if columns is not None:
        kinds = listed([f"{text(column)}: 'VARCHAR'" for column in columns])
        options.append(f"auto_detect = false, columns = {{{kinds}}}")
    return f"read_csv({listed([text(place), *options])})"


def _column_names(first: tuple[Any, ...]) -> tuple[list[str], bool]:
    """The names in the first row, and whether it holds names: a row with a number in it does not."""
    cells = ["" if cell is None else str(cell) for cell in first]
    header = any(cells) and not any(_NUMBER.fullmatch(cell.strip()) for cell in cells)
    names: list[str] = []
    for number, cell in enumerate(cells):
        column = cell if header and cell else f"column{number}"
        taken = {known.lower() for known in names}
        names.append(column if column.lower() not in taken else f"{column}_{number}")
    return names, header


def _open_jsonl(duck: Duck, place: Path, size: int) -> TableFile:
    relation = f"read_json_objects({text(place)}, format = 'newline_delimited')"
    if odd := duck.one(f"SELECT count(*) FROM {relation} WHERE json_type(json) <> 'OBJECT'")[0]:
        raise UnreadableContentError(f"{odd:,} of its lines hold no JSON object")
    found = duck.all(
        f"SELECT key FROM (SELECT DISTINCT unnest(json_keys(json)) AS key FROM {relation}) LIMIT {MOST_COLUMNS + 1}"
    )
    keys = {key for (key,) in found}
    first = [key for (key,) in duck.all(f"SELECT unnest(json_keys(json)) FROM (FROM {relation} LIMIT 1)")]
    columns = [*dict.fromkeys(first), *sorted(keys - set(first))]
    cells = {key: f"json_extract(json, {text(_pointer(key))})" for key in columns}
    types = _bounded(_json_types(duck, relation, cells))
    return TableFile("jsonl", place, relation, types, cells, size)


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _json_types(duck: Duck, relation: str, cells: dict[str, str]) -> dict[str, str]:
    """What the values of each key are in the first rows: numbers, text, or JSON if they are mixed or nested."""
    if not cells:
        return {}
    kinds = listed([f"list(DISTINCT json_type({cell}))" for cell in cells.values()])
    found = duck.one(f"SELECT {kinds} FROM (FROM {relation} LIMIT 20000)")
    return {key: _json_type(set(kind or ())) for key, kind in zip(cells, found, strict=True)}


def _json_type(kinds: set[str | None]) -> str:
    kinds -= {None, "NULL"}
    for kind, members in _JSON_TYPES.items():
        if kinds and kinds <= members:
            return kind
    return "JSON"


_JSON_TYPES: dict[str, set[str | None]] = {
    "BIGINT": {"UBIGINT", "BIGINT"},
    "DOUBLE": {"UBIGINT", "BIGINT", "DOUBLE"},
    "VARCHAR": {"VARCHAR"},
    "BOOLEAN": {"BOOLEAN"},
}
"""Types of columns, by the types of JSON that they may hold."""


def _plain_cells(types: dict[str, str]) -> dict[str, str]:
    return {column: name(column) for column in types}


def _bounded(types: dict[str, str]) -> dict[str, str]:
    if len(types) > MOST_COLUMNS:
        raise UnreadableContentError(f"it has more than {MOST_COLUMNS:,} columns")
    return types
