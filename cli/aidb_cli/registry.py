"""Which commands there are; each lives in `aidb_cli.commands.<name>` and is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

from aidb_cli.failures import UsageError
from aidb_cli.syntax import Command

GROUPS: dict[str, tuple[str, ...]] = {
    "Begin": ("init", "config", "version", "completion"),
    "Change": ("status", "add", "rm", "mv", "commit", "restore", "reset"),
    "Change a branch": ("put", "cp"),
    "Take back": ("undo", "redo", "op", "stash"),
    "Look": ("log", "show", "diff", "annotate", "bisect", "ls", "cat", "get", "archive", "du", "stats"),
    "Runs": ("runs", "lineage", "sql"),
    "Branch and merge": ("branch", "switch", "merge", "revert", "cherry-pick", "tag"),
    "Keep whole": ("checks", "fsck", "gc", "sync"),
}

NAMES = tuple(name for names in GROUPS.values() for name in names)

# What fingers type out of habit, and what does it here.
_NO_REMOTES = ("There are no remotes yet. A copy of the whole folder, with .aidb, is a full repository.",)
_HABITS: dict[str, tuple[str, ...]] = {
    "checkout": (
        "`aidb switch BRANCH` changes branch; `aidb switch -c BRANCH` makes one.",
        "`aidb restore PATH` brings a file back.",
    ),
    "stage": ("`aidb add PATH` stages.",),
    "unstage": ("`aidb restore --staged PATH` un-stages.",),
    "remove": ("`aidb rm PATH` removes.",),
    "move": ("`aidb mv OLD NEW` moves.",),
    "rename": ("`aidb mv OLD NEW` renames a file, `aidb branch -m OLD NEW` a branch.",),
    "ls-files": ("`aidb ls -r` lists every file.",),
    "ls-tree": ("`aidb ls REV:PATH` lists a folder of a version.",),
    "cat-file": ("`aidb cat REV:PATH` prints a file of a version.",),
    "push": _NO_REMOTES,
    "pull": _NO_REMOTES,
    "fetch": _NO_REMOTES,
    "clone": _NO_REMOTES,
    "remote": _NO_REMOTES,
    "prune": ("`aidb gc` tells what no version needs, `aidb gc --prune` removes it.",),
    "hook": ("Programs in .aidb/hooks run as Git's hooks do; `aidb checks` lists the checks of a version.",),
    "rebase": ("There is no rebase; `aidb merge BRANCH` brings changes together.",),
    "info": ("`aidb du` tells what the repository takes, `aidb status` where you are.",),
}


def load(name: str) -> Command:
    """The command called `name`. Raises UsageError with suggestions."""
    if name not in NAMES:
        raise UsageError(f"{name!r} is not an aidb command", hints=_suggestions(name))
    command: Command = import_module(f"aidb_cli.commands.{module_of(name)}").COMMAND
    return command


def module_of(name: str) -> str:
    """The name of the module that a command lives in."""
    return name.replace("-", "_")


def _suggestions(name: str) -> tuple[str, ...]:
    if name in _HABITS:
        return _HABITS[name]
    from difflib import get_close_matches

    close = get_close_matches(name, NAMES, n=2, cutoff=0.6)
    if close:
        return (f"Did you mean {' or '.join(f'`aidb {match}`' for match in close)}?",)
    return ("`aidb --help` lists the commands.",)
