"""Questions to one table file, answered by DuckDB.

    with open_table(content, "csv", scratch=folder) as table:
        table.columns                                  # {"id": "VARCHAR", "label": "VARCHAR"}
        table.ask([table.nulls("id")]).broken
        table.repeated(("id",))

A file is never loaded whole: DuckDB streams it, and what does not fit its memory spills. Columns of CSV and
JSON lines are texts here; whether one can be read as a number is a question like any other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aidb.errors import RefusedError, UnreadableContentError
from aidb.inside.tables.duck import Duck, duck, name, text

if TYPE_CHECKING:
    from aidb.inside.content import Content

EXAMPLES = 3
_LONGEST = 60
_MOST_KEYS = 2000
_ROW = "aidb row"
_LINE = "aidb line"

TYPES = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
}
"""What a schema may say of a column, and DuckDB's word for it."""

_INTEGERS = ("BIGINT", "UBIGINT", "HUGEINT")
_JSON_KINDS = {
    **dict.fromkeys((name for name in TYPES if "int" in name), _INTEGERS),
    **dict.fromkeys(("float32", "float64"), (*_INTEGERS, "DOUBLE")),
    "bool": ("BOOLEAN",),
}


class Question(NamedTuple):
    """Which rows break a rule: those for which the SQL `condition` on `column` holds."""

    rule: str
    column: str
    condition: str
    complaint: str
    parameters: tuple[Any, ...] = ()


class Answer(NamedTuple):
    """How many rows break a rule, and the first of them."""

    question: Question
    rows: int
    examples: tuple[str, ...]


class Answers(NamedTuple):
    """How many rows there are, and the rules that some of them break."""

    rows: int
    broken: list[Answer]


class _Source(NamedTuple):
    file: Path
    kind: str
    delimiter: str
    compressed: bool


@contextlib.contextmanager
def open_table(
    content: Content, kind: str, *, scratch: Path, delimiter: str = "", compressed: bool = False
) -> Iterator[Table]:
    """Open a table; UnreadableContentError comes out of the block for whatever of it cannot be read.

    Raises RefusedError where DuckDB is not installed.
    """
    if find_spec("duckdb") is None:
        raise RefusedError(
            "checks of tables need DuckDB, which is not installed",
            hints=("Install it: `pip install 'aidb[tables]'`.",),
        )
    with content.file() as file, duck(scratch) as database:
        yield _TABLES[kind](database, _Source(file, kind, delimiter, compressed))


class Table:
    """A table of a kind that knows the types of its columns, which is Parquet."""

    def __init__(self, database: Duck, source: _Source) -> None:
        self._database = database
        self._create_view(source)
        described = self._all("DESCRIBE SELECT * FROM input")
        self.columns: dict[str, str] = {name: kind for name, kind, *_ in described if name != _LINE}
        """The name and DuckDB's type of every column, in order."""

    def _create_view(self, source: _Source) -> None:
        self._database.run(f"CREATE VIEW input AS FROM read_parquet({text(source.file)})")

    def read_all(self) -> None:
        """Read every value of every column; merely counting them, DuckDB would read the file's own statistics."""
        self._database.run("SELECT bit_xor(hash(COLUMNS(*))) FROM input")

    def ask(self, questions: Sequence[Question]) -> Answers:
        """Answer all questions in one pass, and look up examples for those that have any."""
        counts = "".join(f", count(*) FILTER (WHERE {q.condition})" for q in questions)
        parameters = [value for q in questions for value in q.parameters]
        rows, *found = self._all(f"SELECT count(*){counts} FROM input", parameters)[0]
        broken = [(q, n) for q, n in zip(questions, found, strict=True) if n]
        return Answers(rows, [Answer(q, n, self._examples(q)) for q, n in broken])

    def _examples(self, question: Question) -> tuple[str, ...]:
        found = self._all(
            f"SELECT {name(_ROW)}, {name(question.column)}"
            f" FROM (SELECT row_number() OVER () AS {name(_ROW)}, * FROM input)"
            f" WHERE {question.condition} LIMIT {EXAMPLES}",
            question.parameters,
        )
        return tuple(f"row {row:,}" + ("" if value is None else f": {_shown(value)}") for row, value in found)

    def repeated(self, key: Sequence[str]) -> tuple[int, tuple[str, ...]]:
        """How many values of these columns together stand in several rows, and the first ones. Nulls do not count."""
        columns = ", ".join(map(name, key))
        present = " AND ".join(f"{name(column)} IS NOT NULL" for column in key)
        groups = (
            f"SELECT {columns}, count(*) AS n FROM input WHERE {present} GROUP BY ALL HAVING count(*) > 1"
        )
        found = self._all(f"SELECT *, count(*) OVER () FROM ({groups}) ORDER BY ALL LIMIT {EXAMPLES}")
        shown = (f"{', '.join(map(_shown, value))} in {n:,} rows" for *value, n, _ in found)
        return (found[0][-1] if found else 0), tuple(shown)

    # What may be asked

    def type_problem(self, column: str, wanted: str) -> str | None:
        """Why the column as such has the wrong type."""
        actual, expected = self.columns[column], TYPES[wanted]
        if actual == expected:
            return None
        names = {value: name for name, value in TYPES.items()}
        return f"column {column} is {names.get(actual, actual.lower())}, not {wanted}"

    def not_of_type(self, column: str, wanted: str) -> Question | None:
        """Rows whose value cannot be read as `wanted`; None where the column's type says it all."""
        return None

    def nulls(self, column: str) -> Question:
        """Rows without a value."""
        return Question("not_null", column, f"{name(column)} IS NULL", f"{column} has no value")

    def not_among(self, column: str, allowed: Sequence[str | int | float | bool]) -> Question:
        """Rows with a value that is not allowed."""
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in allowed)
        value = f"TRY_CAST({name(column)} AS {'DOUBLE' if numbers else 'VARCHAR'})"
        marks = ", ".join("?" * len(allowed))
        among = f"coalesce({value} IN ({marks}), false)" if allowed else "false"
        texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in allowed]
        return Question(
            "values",
            column,
            f"({name(column)} IS NOT NULL AND NOT {among})",
            f"{column} is not one of {', '.join(texts)}",
            tuple(allowed) if numbers else tuple(texts),
        )

    def outside(self, column: str, low: float | str | None, high: float | str | None, words: str) -> Question:
        """Rows with a value that is smaller or larger, or that cannot be compared with the bounds."""
        times = isinstance(low, str) or isinstance(high, str)
        kind = "TIMESTAMP" if times else "DOUBLE"
        value = f"TRY_CAST({name(column)} AS {kind})"
        bounds = [(f"{value} >= CAST(? AS {kind})", low), (f"{value} <= CAST(? AS {kind})", high)]
        given = [(text, bound) for text, bound in bounds if bound is not None]
        inside = " AND ".join([*(text for text, _ in given), *([] if times else [f"NOT isnan({value})"])])
        return Question(
            "values",
            column,
            f"({name(column)} IS NOT NULL AND NOT coalesce({inside}, false))",
            f"{column} is not {words}",
            tuple(bound for _, bound in given),
        )

    def _all(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self._database.all(query, parameters)


class _TextTable(Table):
    """CSV and TSV: all columns are texts, the first line names them, an empty field is no value."""

    def _create_view(self, source: _Source) -> None:
        delimiter = source.delimiter or ("\t" if source.kind == "tsv" else ",")
        self._database.run(
            f"CREATE VIEW input AS FROM read_csv({text(source.file)}, delim={text(delimiter)}, quote='\"',"
            f" escape='\"', header=true, skip=0, all_varchar=true, strict_mode=true, null_padding=false,"
            f" compression={text('gzip' if source.compressed else 'none')})"
        )

    def type_problem(self, column: str, wanted: str) -> str | None:
        return None

    def not_of_type(self, column: str, wanted: str) -> Question | None:
        if wanted == "string":
            return None
        condition = f"({name(column)} IS NOT NULL AND TRY_CAST({name(column)} AS {TYPES[wanted]}) IS NULL)"
        return Question("schema", column, condition, f"{column} is no {wanted}")


class _JsonTable(Table):
    """JSON lines: the columns are the keys that occur; what is missing or null is no value."""

    def _create_view(self, source: _Source) -> None:
        compression = text("gzip" if source.compressed else "none")
        lines = f"FROM read_ndjson_objects({text(source.file)}, compression={compression})"
        found = self._all(f"SELECT DISTINCT unnest(json_keys(json)) {lines} LIMIT {_MOST_KEYS + 1}")
        if len(found) > _MOST_KEYS:
            raise UnreadableContentError(f"it has more than {_MOST_KEYS:,} different keys")
        values = "".join(
            f", json_extract_string(json, {_pointer(key)}) AS {name(key)}"
            for key in sorted(key for (key,) in found)
        )
        self._database.run(f"CREATE VIEW input AS SELECT json AS {name(_LINE)}{values} {lines}")

    def type_problem(self, column: str, wanted: str) -> str | None:
        return None

    def not_of_type(self, column: str, wanted: str) -> Question | None:
        kinds = ", ".join(f"'{kind}'" for kind in _JSON_KINDS.get(wanted, ("VARCHAR",)))
        right = f"json_type({name(_LINE)}, {_pointer(column)}) IN ({kinds})"
        if wanted != "string":
            right += f" AND TRY_CAST({name(column)} AS {TYPES[wanted]}) IS NOT NULL"
        condition = f"({name(column)} IS NOT NULL AND NOT ({right}))"
        return Question("schema", column, condition, f"{column} is no {wanted}")


_TABLES: dict[str, type[Table]] = {
    "csv": _TextTable,
    "jsonl": _JsonTable,
    "parquet": Table,
    "tsv": _TextTable,
}


def _pointer(key: str) -> str:
    """Where a JSON object holds a key, as a JSON pointer, in SQL."""
    return text("/" + key.replace("~", "~0").replace("/", "~1"))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
