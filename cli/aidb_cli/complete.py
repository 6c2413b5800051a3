"""What could come next on a command line: branches, tags, paths of HEAD, settings.

Called by the shell at every press of Tab, so nothing here may fail loudly: outside a repository there is
nothing to offer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aidb.errors import AidbError

if TYPE_CHECKING:
    from aidb.repository import Repository

MOST = 200
"""Longest list offered; more helps nobody."""


def _in_repository(find: Callable[[Repository, str], list[str]]) -> Callable[[str], list[str]]:
    def offers(typed: str) -> list[str]:
        import aidb

        try:
            return [word for word in find(aidb.open(), typed) if word.startswith(typed)][:MOST]
        except (AidbError, OSError):
            return []

    return offers


def _branches(repo: Repository, _: str) -> list[str]:
    return sorted(repo.branches)


def _tags(repo: Repository, _: str) -> list[str]:
    return sorted(repo.tags)


def _revisions(repo: Repository, typed: str) -> list[str]:
    return ["HEAD", *_branches(repo, typed), *_tags(repo, typed)]


def _paths(repo: Repository, typed: str) -> list[str]:
    return _below(repo, "HEAD", typed, "")


def _locations(repo: Repository, typed: str) -> list[str]:
    revision, colon, path = typed.partition(":")
    if colon:
        return _below(repo, revision or "HEAD", path, revision + ":")
    return [*_paths(repo, typed), *(f"{name}:" for name in _revisions(repo, typed))]


def _below(repo: Repository, revision: str, typed: str, prefix: str) -> list[str]:
    """The children of the folder that `typed` has come to: one level, however large the version is."""
    folder = typed.rpartition("/")[0]
    return [prefix + item.path + ("/" if item.is_folder else "") for item in repo.at(revision).ls(folder)]


def _operations(repo: Repository, _: str) -> list[str]:
    return [operation.id for operation in repo.operations]


def _runs(repo: Repository, _: str) -> list[str]:
    names = repo.runs.table(columns=["name", "id"], limit=MOST)
    return [*dict.fromkeys(names.column("name")), *names.column("id")]


branches = _in_repository(_branches)
tags = _in_repository(_tags)
revisions = _in_repository(_revisions)
paths = _in_repository(_paths)
locations = _in_repository(_locations)
operations = _in_repository(_operations)
runs = _in_repository(_runs)


def settings(typed: str) -> list[str]:
    """Names of settings."""
    from aidb.config import SETTINGS

    return [name for name in SETTINGS if name.startswith(typed)]
