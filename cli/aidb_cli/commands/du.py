"""`aidb du`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aidb.types import show_path
from aidb_cli import complete
from aidb_cli.context import Context
from aidb_cli.locations import locate
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Argument, Command
from aidb_cli.words import count, share, size

if TYPE_CHECKING:
    from aidb.snapshot import Item
    from aidb.versioning.usage import Usage


def du(
    context: Context,
    where: Annotated[
        str | None,
        Argument("A version or a folder of one.", metavar="REV:PATH", complete=complete.locations),
    ] = None,
) -> None:
    """Tell what the repository takes, and what is saved.

    Without an argument: all versions, before and after deduplication and compression. With REV:PATH, REV: or a
    path of HEAD: the sizes of what lies in it, largest first.
    """
    if where is None:
        context.out.show(_UsageView(context.repo.usage()))
        return
    location = locate(context, where)
    totals = location.snapshot.totals(location.path)
    items = sorted(location.snapshot.ls(location.path), key=lambda item: -item.bytes)
    context.out.show(_FolderView(items, totals.files, totals.bytes))


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
            out.line(f"{share(usage.saved, 1):>11}  saved")


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
        ("aidb du train/", "what train takes in HEAD"),
    ),
)
