"""`aidb mv`"""

from __future__ import annotations

from typing import Annotated

from aidb.errors import WouldOverwriteError
from aidb.types import show_path
from aidb_cli import complete, transacting
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.transacting import OnBranch

_SHOWN = 20


def mv(
    context: Context,
    sources: Annotated[
        tuple[str, ...], Argument("What to rename or move.", metavar="SOURCE", complete=complete.paths)
    ],
    target: Annotated[str, Argument("The new name, or an existing folder to move into.", metavar="TARGET")],
    force: Annotated[bool, Option(("-f", "--force"), "Replace a file that is in the way.")] = False,
    message: transacting.Message = (),
) -> None:
    """Rename or move files and folders; no data is copied.

    With BRANCH:PATH for SOURCE and TARGET, on that branch, as a commit that needs -m; the workspace stays as it is.
    """
    where = transacting.if_on_branch(context, target)
    if where is not None:
        _on_branch(context, sources, where, message, force=force)
        return
    transacting.refuse_message(message)
    inside = [context.inside(path) for path in sources]
    moved = context.repo.move(inside, context.inside(target), force=force)
    lines = [
        f"{show_path(context.from_here(old))} → {show_path(context.from_here(new))}"
        for old, new in moved[:_SHOWN]
    ]
    if len(moved) > _SHOWN:
        lines.append(f"… and {len(moved) - _SHOWN:,} more")
    context.out.report([{"old": old, "new": new} for old, new in moved], *lines)


def _on_branch(
    context: Context,
    words: tuple[str, ...],
    target: OnBranch,
    message: tuple[str, ...],
    *,
    force: bool,
) -> None:
    sources = [transacting.on_branch(context, word) for word in words]
    if any(source.branch != target.branch for source in sources):
        raise UsageError(
            f"a move stays on one branch, here {target.branch}",
            hints=("`aidb cp` copies to another branch, `aidb rm` removes what it has copied.",),
        )
    with transacting.begin(context, target.branch, message) as tx:
        for source in sources:
            new = transacting.inside(tx, target, source.path.rpartition("/")[2])
            if not force and tx.exists(new):
                raise WouldOverwriteError(
                    f"{show_path(new)} exists already on {target.branch}",
                    paths=(show_path(new),),
                    hints=("Replace it with -f, or choose another name.",),
                )
            tx.move(source.path, new)
    transacting.report(context, target.branch, tx)


COMMAND = Command(
    mv,
    examples=(
        ("aidb mv train.csv labels.csv", "rename a file"),
        ("aidb mv a.png b.png images/", "move files into a folder"),
        ('aidb mv main:train main:data/train -m "Tidy up"', "on a branch, without the workspace"),
    ),
)
