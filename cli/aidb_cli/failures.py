"""Errors as a person and a script see them: the one place that maps an error to words and to an exit code."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from aidb import errors
from aidb_cli.output import Json, Output
from aidb_cli.views.findings import finding_lines, findings_json


class Exit(NamedTuple):
    """A line of the table of exit codes."""

    code: int
    meaning: str
    errors: tuple[type[BaseException], ...] = ()


FINE = 0
FAILED = 1
REFUSED = 4
CONFLICTS = 5
DAMAGED = 7

# The first line whose errors match decides, so narrow classes stand before wide ones.
EXITS = (
    Exit(0, "fine"),
    Exit(1, "failed, nothing to do, or differences found with --exit-code", (errors.NothingToDoError,)),
    Exit(2, "wrong usage or bad input", (errors.InvalidInputError,)),
    Exit(3, "repository, revision or path not found", (errors.NotFoundError,)),
    Exit(
        4,
        "refused: a check failed, work would be lost, or not possible in this state",
        (errors.RefusedError,),
    ),
    Exit(5, "conflicts to resolve", (errors.MergeConflictError,)),
    Exit(6, "another writer was first or holds the lock", (errors.ConcurrencyError,)),
    Exit(7, "damaged or missing data", (errors.IntegrityError,)),
    Exit(8, "disk: full, unreadable or no permission", (OSError,)),
    Exit(130, "interrupted", (KeyboardInterrupt,)),
)


class UsageError(errors.InvalidInputError):
    """A command line that cannot be read."""

    code = "usage"


def exit_code(error: BaseException) -> int:
    """The exit code for an error; 1 for what nobody foresaw."""
    return next((line.code for line in EXITS if isinstance(error, line.errors)), FAILED)


def tell(out: Output, error: BaseException, *, kept: str) -> int:
    """Say what went wrong and return the exit code. `kept` is what an interrupted command leaves."""
    code, message, hints = _words(error, kept)
    if out.json_mode:
        import json

        told = {"code": code, "message": message, "hints": list(hints), **_details(error)}
        out.error(json.dumps({"error": told}))
    else:
        out.error(f"{out.error_style('error', 'error:')} {message}")
        for line in _detail_lines(error):
            out.error(f"  {line}")
        for hint in hints:
            out.error(f"{out.error_style('hint', 'hint:')} {hint}")
    return exit_code(error)


def _words(error: BaseException, kept: str) -> tuple[str, str, tuple[str, ...]]:
    if isinstance(error, errors.AidbError):
        return error.code, error.message, error.hints
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", f"interrupted. {kept}", ()
    if isinstance(error, OSError):
        storage = errors.StorageError.from_os_error(error, "the operation")
        return storage.code, storage.message, storage.hints
    return "bug", f"this is a bug in aidb: {type(error).__name__}: {error}", (_traceback_hint(error),)


def _details(error: BaseException) -> dict[str, Json]:
    if isinstance(error, errors.FilterError):
        return {"filter": error.source, "at": error.at}
    if not isinstance(error, errors.CheckFailedError):
        return {}
    return {"findings": findings_json(error.findings), "more": error.more}


def _detail_lines(error: BaseException) -> list[str]:
    if isinstance(error, errors.FilterError):
        return list(error.pointing())
    return finding_lines(error.findings, error.more) if isinstance(error, errors.CheckFailedError) else []


def _traceback_hint(error: BaseException) -> str:
    """Keep the traceback where it can be sent from; a person gains nothing from reading it."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    if os.environ.get("AIDB_TRACEBACK"):
        sys.stderr.write(text)
        return "The traceback is above; please report it."
    with tempfile.NamedTemporaryFile("w", prefix="aidb-traceback-", suffix=".txt", delete=False) as file:
        file.write(f"{sys.argv}\nPython {sys.version}\n\n{text}")
    return f"Please report it with the traceback in {file.name}; your data is as the last successful command left it."
