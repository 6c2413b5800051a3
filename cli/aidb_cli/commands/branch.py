"""`aidb branch`"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from aidb_cli import complete
from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT, printable


def branch(
    context: Context,
    names: Annotated[
        tuple[str, ...],
        Argument(
            "NAME [START] to make one; names for -d, --protect; [OLD] NEW for -m.", "NAME", complete.branches
        ),
    ] = (),
    delete: Annotated[bool, Option(("-d", "--delete"), "Delete branches that are merged.")] = False,
    force_delete: Annotated[
        bool, Option(("-D",), "Delete branches even if their commits are nowhere else.")
    ] = False,
    move: Annotated[
        bool, Option(("-m", "--move"), "Rename a branch; the current one if OLD is left out.")
    ] = False,
    force: Annotated[bool, Option(("-f", "--force"), "Move a branch that exists.")] = False,
    protect: Annotated[
        bool, Option(("--protect",), "Protect branches: only merges move them, forward.")
    ] = False,
    allow: Annotated[
        tuple[str, ...],
        Option(("--allow",), "With --protect, instead: commit, merge, force, delete, skip-checks.", "MOVE"),
    ] = (),
    unprotect: Annotated[bool, Option(("--unprotect",), "Lift the protection of branches.")] = False,
    current: Annotated[bool, Option(("--show-current",), "Print the name of the current branch.")] = False,
    verbose: Annotated[bool, Option(("-v", "--verbose"), "Also show each branch's last commit.")] = False,
) -> None:
    """List, make, rename, delete or protect branches.

    A new branch starts at START, or at HEAD; `aidb switch -c NAME` makes one and goes there. A protected branch takes
    only merges that its checks let pass: no direct commits, no reset, no deletion.
    """
    flags = {
        "-d": delete,
        "-D": force_delete,
        "-m": move,
        "--show-current": current,
        "--protect": protect,
        "--unprotect": unprotect,
    }
    action = one_of(flags)
    if allow and not protect:
        raise UsageError("--allow is for --protect", hints=("`aidb branch --protect main --allow merge`",))
    if action == "--show-current":
        _show_current(context)
    elif action in ("--protect", "--unprotect"):
        _protect(context, names, allow if protect else None)
    elif action == "-m":
        _rename(context, names, force=force)
    elif action in ("-d", "-D"):
        _delete(context, names, force=force_delete)
    elif names:
        _create(context, names, force=force)
    else:
        _list(context, verbose)


class _Row(NamedTuple):
    name: str
    commit: str
    subject: str
    current: bool
    protected: bool


def _list(context: Context, verbose: bool) -> None:
    repo = context.repo
    protected = repo.branches.protections
    rows = [
        _Row(
            b.name,
            b.commit,
            repo.commit_at(b.commit).subject if verbose else "",
            b.is_current,
            b.name in protected,
        )
        for b in repo.branches.values()
    ]
    width = max((len(row.name) for row in rows), default=0)
    if repo.head.branch is None and repo.head.commit and not context.out.json_mode:
        context.out.line(
            f"* {context.out.style('removed', f'(HEAD detached at {repo.head.commit[:SHORT]})')}"
        )
    context.out.rows(rows, _row_json, lambda row: _row_line(context.out, row, width, verbose))


def _row_json(row: _Row) -> Json:
    return {"name": row.name, "commit": row.commit, "current": row.current, "protected": row.protected}


def _row_line(out: Output, row: _Row, width: int, verbose: bool) -> str:
    mark, name = ("* ", out.style("branch", row.name)) if row.current else ("  ", row.name)
    end = f"  {out.style('dim', '(protected)')}" if row.protected else ""
    if not verbose:
        return mark + name + end
    gap = " " * (width - len(row.name))
    return f"{mark}{name}{gap}  {out.style('commit', row.commit[:SHORT])} {printable(row.subject)}{end}"


def _show_current(context: Context) -> None:
    name = context.repo.head.branch
    if context.out.json_mode:
        context.out.emit({"name": name})
    elif name is not None:
        context.out.line(name)


def _create(context: Context, names: tuple[str, ...], *, force: bool) -> None:
    if len(names) > 2:
        raise UsageError("too many names", hints=("`aidb branch NAME [START]` makes one branch.",))
    name, start = (*names, "HEAD")[:2]
    made = context.repo.branches.create(name, start, force=force)
    context.out.report({"name": name, "commit": made.commit}, f"Made branch {name} at {made.commit[:SHORT]}.")
    context.out.hint(f"`aidb switch {name}` goes there.")


def _rename(context: Context, names: tuple[str, ...], *, force: bool) -> None:
    if not 1 <= len(names) <= 2:
        raise UsageError("-m takes a new name, or an old and a new one", hints=("`aidb branch -m OLD NEW`",))
    old = names[0] if len(names) == 2 else context.repo.head.branch
    if old is None:
        raise UsageError("there is no current branch to rename", hints=("`aidb branch -m OLD NEW`",))
    context.repo.branches.rename(old, names[-1], force=force)
    context.out.report({"old": old, "new": names[-1]}, f"Renamed branch {old} to {names[-1]}.")


def _delete(context: Context, names: tuple[str, ...], *, force: bool) -> None:
    if not names:
        raise UsageError("no branch was named to delete", hints=("`aidb branch` lists them.",))
    deleted = [{"name": name, "commit": context.repo.branches.delete(name, force=force)} for name in names]
    lines = [f"Deleted branch {one['name']} (was {one['commit'][:SHORT]})." for one in deleted]
    context.out.report(deleted, *lines)


def _protect(context: Context, names: tuple[str, ...], allow: tuple[str, ...] | None) -> None:
    """Protect branches, or lift their protection (`allow` None)."""
    from aidb.versioning.protection import DEFAULT, moves

    protections = context.repo.branches.protections
    if not names:
        raise UsageError("no branch was named", hints=("`aidb branch --protect main`",))
    for name in names:
        if allow is None:
            protections.unprotect(name)
        else:
            protections.protect(name, moves(allow) if allow else DEFAULT)
    now = {name: protections.get(name) for name in names}
    done = [
        {"name": name, "protected": allowed is not None, "allow": sorted(allowed or ())}
        for name, allowed in now.items()
    ]
    context.out.report(done, *(_protection_line(name, allowed) for name, allowed in now.items()))


def _protection_line(name: str, allowed: frozenset[str] | None) -> str:
    if allowed is None:
        return f"{name} is not protected."
    return f"{name} is protected: it takes {' and '.join(sorted(allowed)) or 'nothing'} only."


COMMAND = Command(
    branch,
    examples=(
        ("aidb branch", "list branches"),
        ("aidb branch clean", "make a branch at HEAD"),
        ("aidb branch -d clean", "delete a merged branch"),
        ("aidb branch --protect main", "let only merges into main"),
    ),
)
