"""`aidb.runs(…)`: the table of runs of the repository one is in."""

from __future__ import annotations

import os
from collections.abc import Sequence

from aidb.metadata.results import Table
from aidb.repository import open as open_repository


def runs(
    filter: str = "",  # noqa: A002 - what it is
    *,
    repo: str | os.PathLike[str] = ".",
    sort: str | Sequence[str] = (),
    columns: Sequence[str] | None = None,
    group_by: str | Sequence[str] = (),
    limit: int | None = None,
) -> Table:
    """The runs of the repository around `repo`, as `Repository.runs.table` gives them."""
    with open_repository(repo) as place:
        return place.runs.table(filter, sort=sort, columns=columns, group_by=group_by, limit=limit)
