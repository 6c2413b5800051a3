"""Commits and the files of versions as tables, fetched when a question is about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Any

from aidb.metadata import duck
from aidb.types import show_path

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from aidb.repository import Repository

_BATCH = 50_000
"""Rows that are handed over at once."""

COMMITS = ("id", "parents", "message", "author", "email", "time", "code", "files", "bytes")
FILES = ("revision", "path", "kind", "size", "blob")


def fill_commits(connection: DuckDBPyConnection, repository: Repository) -> None:
    """Fill `documented.commits` with all that any branch or tag has."""
    connection.execute("DELETE FROM documented.commits")
    rows = (
        (
            commit.id,
            list(commit.parents),
            commit.message,
            commit.author.name,
            commit.author.email,
            commit.time.astimezone(UTC).replace(tzinfo=None),
            commit.code,
            commit.files,
            commit.bytes,
        )
        for commit in repository.log(all=True)
    )
    _fill(connection, "documented.commits", COMMITS, rows)


def fill_files(connection: DuckDBPyConnection, repository: Repository, revisions: Iterable[str]) -> None:
    """Fill `documented.all_files` with the files of these versions. Raises RevisionNotFoundError."""
    connection.execute("DELETE FROM documented.all_files")
    for revision in revisions:
        rows = (
            (revision, show_path(path), entry.kind.name.lower(), entry.size, entry.blob.hex())
            for path, entry in repository.at(revision).walk()
        )
        _fill(connection, "documented.all_files", FILES, rows)


def _fill(
    connection: DuckDBPyConnection, table: str, names: Iterable[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        duck.insert(connection, table, dict(zip(names, zip(*batch, strict=True), strict=True)))
