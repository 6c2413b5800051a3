"""`aidb checks`"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.failures import FINE, REFUSED, UsageError
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.findings import finding_lines, findings_json
from aidb_cli.words import count

if TYPE_CHECKING:
    from aidb.checks import Check, Checkup

Action = Literal["list", "run", "trust", "untrust"]


def checks(
    context: Context,
    action: Annotated[Action, Argument("list, run, trust or untrust.", "ACTION")] = "list",
    revision: Annotated[
        str | None,
        Argument("A version, or A..B for what changed; else what is staged.", "REV", complete.revisions),
    ] = None,
    worktree: Annotated[
        bool, Option(("-w", "--worktree"), "With run: the files as they are on disk.")
    ] = False,
    branch: Annotated[
        str | None,
        Option(("-b", "--branch"), "With run: as if it were for this branch.", "NAME", complete.branches),
    ] = None,
) -> int:
    """List, run or trust the checks of a version.

    They are in .aidbchecks.toml and are asked by commit, merge and revert. run asks them now and refuses nothing; exit
    code 4 if they find anything. trust lets the programs that they name run here, as they are now.
    """
    if (worktree or branch is not None) and action != "run":
        raise UsageError(f"-w and -b are for run, not for {action}", hints=("`aidb checks run --worktree`",))
    if worktree and revision is not None:
        raise UsageError("-w is the working tree, which is no version", hints=("Leave out one of them.",))
    if action == "run":
        return _run(context, revision, branch, worktree=worktree)
    if action == "trust":
        _trust(context, revision)
    elif action == "untrust":
        _untrust(context)
    else:
        _list(context, revision)
    return FINE


def _list(context: Context, revision: str | None) -> None:
    checks = context.repo.checks
    found = checks.read(revision)
    context.out.show(_ListView(found, trusted=checks.is_trusted(revision)))
    if not found and revision is None and (context.repo.root / ".aidbchecks.toml").exists():
        context.out.hint(
            "There is a .aidbchecks.toml here; it counts once it is staged: `aidb add .aidbchecks.toml`."
        )


class _ListView:
    def __init__(self, checks: Sequence[Check], *, trusted: bool) -> None:
        self.checks = checks
        self.trusted = trusted

    def json(self) -> Json:
        return {"trusted": self.trusted, "checks": [_check_json(check) for check in self.checks]}

    def draw(self, out: Output) -> None:
        if not self.checks:
            out.line("There are no checks.")
        for check in self.checks:
            out.line(out.style("heading", show_path(check.name)))
            out.line(f"    {out.style('dim', show_path(_where(check)))}")
            for rule in check.rules:
                out.line(f"    {show_path(rule)}")
        if not self.trusted:
            out.warn("programs of these checks do not run, for you have not agreed to them")
            out.hint("Read them, then `aidb checks trust`.")


def _check_json(check: Check) -> Json:
    where = check.selection
    return {
        "name": check.name,
        "on": list(where.on),
        "branches": list(where.branches),
        "paths": list(where.paths),
        "rules": check.rules,
        "programs": [program.what for program in check.programs],
    }


def _where(check: Check) -> str:
    where = check.selection
    parts = [" ".join(where.paths) or "every file"]
    parts += [f"on {' '.join(where.branches)}"] if where.branches else []
    return ", ".join([*parts, f"at {' and '.join(where.on)}"])


def _run(context: Context, revision: str | None, branch: str | None, *, worktree: bool) -> int:
    since, dots, until = (revision or "").partition("..")
    if dots:
        checkup = context.repo.checks.run(until or "HEAD", since=since or "HEAD", branch=branch)
    else:
        checkup = context.repo.checks.run(revision, worktree=worktree, branch=branch)
    context.out.show(_RunView(checkup))
    if checkup.untrusted:
        context.out.hint("Read what would run with `aidb checks`; if you agree, `aidb checks trust`.")
    return FINE if checkup.ok else REFUSED


class _RunView:
    def __init__(self, checkup: Checkup) -> None:
        self.checkup = checkup

    def json(self) -> Json:
        return {
            "ok": self.checkup.ok,
            "checks": [check.name for check in self.checkup.checks],
            "findings": findings_json(self.checkup.findings),
            "more": self.checkup.more,
        }

    def draw(self, out: Output) -> None:
        checkup = self.checkup
        for line in finding_lines(checkup.findings, checkup.more):
            out.line(line)
        asked = count(len(checkup.checks), "check")
        if checkup.ok:
            out.line(f"{out.style('added', 'All is well')}: {asked} asked.")
        else:
            out.line(f"{count(len(checkup.findings) + checkup.more, 'problem')} found, {asked} asked.")


def _trust(context: Context, revision: str | None) -> None:
    programs = context.repo.checks.trust(revision)
    lines = [f"  {show_path(program)}" for program in programs]
    first = "These run from now on, until they change:" if lines else "These checks run no programs."
    context.out.report({"programs": programs}, first, *lines)


def _untrust(context: Context) -> None:
    forgotten = context.repo.checks.untrust()
    text = "No program of a check runs here any more." if forgotten else "No program was trusted here."
    context.out.report({"forgotten": forgotten}, text)


COMMAND = Command(
    checks,
    examples=(
        ("aidb checks", "list those that are staged"),
        ("aidb checks run", "what would a commit made now be told?"),
        ("aidb checks run main", "look at every file of main"),
        ("aidb checks trust", "let the programs they name run here"),
    ),
)
