"""Params and metrics of many runs as columns: from rows of the catalog to a wide table, without a join per column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aidb.metadata.duck import name
from aidb.metadata.filters import Field

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FEW = 500
"""Runs of which only their own rows are read; for more, those of all runs are."""


class Wide:
    """The runs that a table is of, by their numbers, in order."""

    def __init__(self, connection: DuckDBPyConnection, numbers: Sequence[int]) -> None:
        self._connection = connection
        self._numbers = list(numbers)
        self._places = np.full(max(self._numbers, default=0) + 1, -1, dtype=np.int64)
        self._places[self._numbers] = np.arange(len(self._numbers))

    def columns(self, fields: Mapping[str, Field]) -> dict[str, Sequence[Any]]:
        """The values of params, as JSON, and of statistics of metrics; None where a run has none."""
        groups: dict[tuple[str, str], dict[str, list[str]]] = {}
        for column, field in fields.items():
            table, cell = ("params", "json") if field.space == "params" else ("summaries", field.statistic)
            groups.setdefault((table, cell), {}).setdefault(field.key, []).append(column)
        found: dict[str, Sequence[Any]] = {}
        for (table, cell), keys in groups.items():
            values = self._cells(table, cell, list(keys))
            for at, columns in enumerate(keys.values()):
                found |= dict.fromkeys(columns, values[at].tolist())
        return found

    def _cells(self, table: str, cell: str, keys: list[str]) -> Any:
        """A row for each key, a column for each run."""
        result = np.full((len(keys), len(self._numbers)), None, dtype=object)
        few = len(self._numbers) <= _FEW
        sql = f"""
            SELECT list_position($keys, "key") - 1 AS place, run, {name(cell)} AS cell FROM cat.{table}
            WHERE list_contains($keys, "key") AND {"list_contains($runs, run)" if few else "true"}
        """
        parameters = {"keys": keys} | ({"runs": self._numbers} if few else {})
        found = self._connection.execute(sql, parameters).fetchnumpy()
        wanted = found["run"] < len(self._places)
        places = self._places[found["run"][wanted]]
        kept = places >= 0
        # As objects: None for NULL, which is not NaN.
        result[found["place"][wanted][kept], places[kept]] = found["cell"].astype(object)[wanted][kept]
        return result
