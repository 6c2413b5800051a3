"""`aidb fsck`"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb_cli.context import Context
from aidb_cli.failures import DAMAGED, FINE
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Command
from aidb_cli.views.commits import SHORT
from aidb_cli.words import count, size

if TYPE_CHECKING:
    from aidb.versioning.fsck import FsckReport

_MOST_COMMITS = 5


def fsck(context: Context) -> int:
    """Check every stored byte and every version.

    Lists the files and commits that damage touches. Reads the whole repository and changes nothing. Exit code 7
    if anything is damaged or missing.
    """
    report = context.repo.fsck(progress=context.out.progress)
    context.out.show(_View(report))
    return FINE if report.ok else DAMAGED


class _View:
    def __init__(self, report: FsckReport) -> None:
        self.report = report

    def json(self) -> Json:
        report = self.report
        return {
            "ok": report.ok,
            "commits": report.commits,
            "files": report.files,
            "chunks": report.chunks,
            "bytes": report.bytes,
            "storage": [
                {"file": d.file, "chunk": d.chunk.hex() if d.chunk else None, "problem": d.problem}
                for d in report.storage
            ],
            "versions": [{"commit": v.commit, "problem": v.problem} for v in report.versions],
            "damaged_files": [
                {"path": f.path, "blob": f.blob.hex(), "problem": f.problem, "commits": list(f.commits)}
                for f in report.damaged_files
            ],
        }

    def draw(self, out: Output) -> None:
        report = self.report
        for damage in report.storage:
            out.line(f"{out.style('error', 'damaged')} {damage.file}: {damage.problem}")
        for version in report.versions:
            where = f"commit {version.commit[:SHORT]}" if version.commit else "what is staged"
            out.line(f"{out.style('error', 'damaged')} {where}: {version.problem}")
        for file in report.damaged_files:
            out.line(f"{out.style('error', 'damaged')} {file.path}: {file.problem}")
            commits = " ".join(commit[:SHORT] for commit in file.commits[:_MOST_COMMITS])
            more = len(file.commits) - _MOST_COMMITS
            if commits:
                out.line(f"        in {commits}" + (f" and {count(more, 'more commit')}" if more > 0 else ""))
        checked = f"{count(report.commits, 'commit')}, {count(report.files, 'file version')}, "
        checked += f"{count(report.chunks, 'chunk')}, {size(report.bytes)}"
        if report.ok:
            out.line(f"{out.style('added', 'All is well')}: {checked} checked.")
        else:
            out.line(f"{checked} checked. Everything that is not listed can still be read.")
            out.hint(
                "Bring the damaged packs back from another copy of .aidb/store, then run `aidb fsck` again."
            )


COMMAND = Command(
    fsck,
    examples=(("aidb fsck", "check everything"), ("aidb fsck --json", "for a nightly job")),
    kept="Nothing was changed: checking only reads.",
)
