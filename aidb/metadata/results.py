"""Answers: columns of values, as rows of Python, pandas, Polars or Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from aidb.errors import InvalidInputError
from aidb.notebook import html_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_SHOWN = 50
"""Rows that a notebook shows."""


class Table:
    """Rows with named columns: a sequence of dicts, and whatever else it is asked to be."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """The columns are equally long."""
        self._columns = dict(columns)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self._columns)

    def column(self, name: str) -> Sequence[Any]:
        """The values of one column. Raises InvalidInputError if there is none of this name."""
        try:
            return self._columns[name]
        except KeyError:
            hints = (f"There are: {', '.join(self.columns)}",)
            raise InvalidInputError(f"there is no column {name!r}", hints=hints) from None

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as tuples."""
        return list(zip(*self._columns.values(), strict=True))

    def dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts."""
        return [dict(zip(self._columns, row, strict=True)) for row in self.rows()]

    def pandas(self) -> pd.DataFrame:
        """As a pandas DataFrame. Raises InvalidInputError without pandas."""
        frame: pd.DataFrame = library("pandas").DataFrame(self._columns)
        return frame

    def polars(self) -> pl.DataFrame:
        """As a Polars DataFrame. Raises InvalidInputError without Polars."""
        frame: pl.DataFrame = library("polars").DataFrame(self._columns, strict=False)
        return frame

    def arrow(self) -> pa.Table:
        """As an Arrow table. Raises InvalidInputError without PyArrow."""
        table: pa.Table = library("pyarrow").table(self._columns)
        return table

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.dicts())

    def __getitem__(self, at: int) -> dict[str, Any]:
        return {name: values[at] for name, values in self._columns.items()}

    def __repr__(self) -> str:
        return f"<Table {len(self):,} rows: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        more = f"… and {len(self) - _SHOWN:,} more" if len(self) > _SHOWN else ""
        return html_table(repr(self)[1:-1], self.columns, self.rows()[:_SHOWN], more=more)


def library(name: str) -> Any:
    """A library that people have if they use it."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise InvalidInputError(
            f"{name} is not installed", hints=(f"`pip install {name}` brings it.",)
        ) from None
