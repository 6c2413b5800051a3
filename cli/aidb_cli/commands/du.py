"""`aidb du`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.choices import one_of
from aidb_cli.context import Context
from aidb_cli.failures import UsageError
from aidb_cli.locations import locate
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Argument, Command, Option
from aidb_cli.views.commits import SHORT, printable
from aidb_cli.words import count, plus, size
from aidb_cli.words import share as part

if TYPE_CHECKING:
    from aidb.snapshot import Item
    from aidb.versioning.shares import BranchShare, CommitShare
    from aidb.versioning.usage import Usage


def du(
    context: Context,
    where: Annotated[
        str | None,
        Argument("A version or a folder of one.", metavar="REV:PATH", complete=complete.locations),
    ] = None,
    branches: Annotated[bool, Option(("--branches",), "What deleting each branch would free.")] = False,
    commits: Annotated[bool, Option(("--commits",), "What each commit of REV (or HEAD) added.")] = False,
) -> None:
    """Tell what the repository takes, and what is saved.

    Without an argument: all versions, before and after deduplication and compression. With REV:PATH, REV: or a
    path of HEAD: the sizes of what lies in it, largest first. With --branches or --commits: bytes as they are stored,
    so after deduplication and compression.
    """
    action = one_of({"--branches": branches, "--commits": commits})
    if action == "--branches":
        if where is not None:
            raise UsageError("--branches takes no version", hints=("`aidb du --branches`",))
        _show_branches(context)
    elif action == "--commits":
        shares = context.repo.commit_shares(where or "HEAD", progress=context.out.progress)
        context.out.rows(shares, _commit_json, lambda share: _commit_line(context.out, share))
    elif where is None:
        context.out.show(_UsageView(context.repo.usage()))
    else:
        _show_folder(context, where)


def _show_folder(context: Context, where: str) -> None:
    location = locate(context, where)
    totals = location.snapshot.totals(location.path)
    items = sorted(location.snapshot.ls(location.path), key=lambda item: -item.bytes)
    context.out.show(_FolderView(items, totals.files, totals.bytes))


def _show_branches(context: Context) -> None:
    shares = context.repo.branch_shares(progress=context.out.progress)
    context.out.rows(shares, _branch_json, lambda share: _branch_line(context.out, share))
    if any(share.bytes for share in shares):
        context.out.hint("a deleted branch is freed by `aidb gc`, when reflogs no longer name its commits.")


def _branch_json(share: BranchShare) -> Json:
    return {
        "name": share.name,
        "commit": share.tip.id,
        "files": share.tip.files,
        "version_bytes": share.tip.bytes,
        "unique_chunks": share.chunks,
        "unique_bytes": share.bytes,
    }


def _branch_line(out: Output, share: BranchShare) -> str:
    tip = f"{size(share.tip.bytes)} in {count(share.tip.files, 'file')}"
    return f"{size(share.bytes):>11}  {out.style('branch', share.name)}  ({tip})"


def _commit_json(share: CommitShare) -> Json:
    return {"commit": share.commit.id, "added_chunks": share.chunks, "added_bytes": share.bytes}


def _commit_line(out: Output, share: CommitShare) -> str:
    short = out.style("commit", share.commit.id[:SHORT])
    return f"{plus(share.bytes):>11}  {short} {printable(share.commit.subject)}"


class _UsageView:
    def __init__(self, usage: Usage) -> None:
        self.usage = usage

    def json(self) -> Json:
        usage = self.usage
        return {
            "commits": usage.commits,
            "version_bytes": usage.version_bytes,
            "content_bytes": usage.content_bytes,
            "stored_bytes": usage.stored_bytes,
            "packs": usage.packs,
            "saved": round(usage.saved, 4),
        }

    def draw(self, out: Output) -> None:
        usage = self.usage
        out.line(
            f"{size(usage.version_bytes):>11}  in {count(usage.commits, 'version')}, if each were a copy"
        )
        out.line(f"{size(usage.content_bytes):>11}  distinct content, after deduplication")
        out.line(f"{size(usage.stored_bytes):>11}  on disk, in {count(usage.packs, 'pack')}")
        if usage.saved:
            out.line(f"{part(usage.saved, 1):>11}  saved")


class _FolderView:
    def __init__(self, items: list[Item], files: int, size_bytes: int) -> None:
        self.items = items
        self.files = files
        self.bytes = size_bytes

    def json(self) -> Json:
        items = [{"path": item.path, "files": item.files, "bytes": item.bytes} for item in self.items]
        return {"files": self.files, "bytes": self.bytes, "items": items}

    def draw(self, out: Output) -> None:
        for item in self.items:
            name = show_path(item.name) + ("/" if item.is_folder else "")
            out.line(f"{size(item.bytes):>11}  {item.files:>9,}  {name}")
        out.line(f"{size(self.bytes):>11}  {self.files:>9,}  in all")


COMMAND = Command(
    du,
    examples=(
        ("aidb du", "the whole repository: size, and what is saved"),
        ("aidb du main:", "the folders of main, largest first"),
        ("aidb du --branches", "what deleting a branch would free"),
        ("aidb du --commits", "what each commit added"),
    ),
    pages=True,
)
