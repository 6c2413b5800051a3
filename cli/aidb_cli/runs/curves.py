"""The curves that a command line asks for."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from aidb_cli.context import Context

if TYPE_CHECKING:
    from aidb.metadata.curves import Curve
    from aidb.metadata.runs import Runs
    from aidb_cli.runs.listing import Wanted


def curves(
    context: Context,
    words: Sequence[str],
    wanted: Wanted,
    keys: Sequence[str],
    *,
    x: str = "step",
    **how: Any,
) -> list[Curve]:
    """The metrics `keys` of the runs that are named, or that fulfil the filter; `how` is as for `Runs.series`.

    Raises NotFoundError for a metric that no run has.
    """
    runs = context.repo.runs
    chosen = list(words) or runs.ids(wanted.filter, sort=wanted.sort, limit=wanted.limit)
    _check(runs, [*keys, *([] if x in ("step", "time") else [x])])
    return runs.series(*keys, runs=chosen, x=x, **how)


def _check(runs: Runs, keys: Sequence[str]) -> None:
    from aidb.errors import NotFoundError

    known = runs.metrics()
    for key in keys:
        if key not in known:
            close = get_close_matches(key, known)
            hint = (
                f"Did you mean {' or '.join(close)}?" if close else "`aidb runs show RUN` lists its metrics."
            )
            raise NotFoundError(f"no run has a metric {key!r}", hints=(hint,))
