"""`aidb fsck`"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

from aidb_cli.context import Context
from aidb_cli.failures import DAMAGED, FINE, UsageError
from aidb_cli.output import Json, Output
from aidb_cli.syntax import Command, Option
from aidb_cli.views.commits import SHORT
from aidb_cli.words import count, size

if TYPE_CHECKING:
    from aidb.versioning.fsck import FsckReport
    from aidb.versioning.repair import RepairReport

_MOST_COMMITS = 5


def fsck(
    context: Context,
    repair: Annotated[bool, Option(("--repair",), "Bring back what some other place still has.")] = False,
    places: Annotated[
        tuple[str, ...],
        Option(("--from",), "With --repair: another repository, its store, a file or a folder.", "PATH"),
    ] = (),
) -> int:
    """Check every stored byte and every version, and repair what can be.

    Lists the files and commits that damage touches. Exit code 7 if anything is damaged or missing and, with `--repair`,
    if something stays so.

    `--repair` saves what is good of damaged packs, and looks for what is lost in other packs, in quarantine, in the
    places that `--from` names (several may be given) and in the files of the workspace. Damaged packs are moved to
    `.aidb/store/damaged`, never deleted.
    """
    progress = context.out.progress
    if not repair:
        if places:
            raise UsageError("--from is for --repair", hints=("`aidb fsck --repair --from PATH`",))
        report = context.repo.fsck(progress=progress)
        context.out.show(_View(report))
        return FINE if report.ok else DAMAGED
    done = context.repo.repair([os.path.abspath(place) for place in places], progress=progress)
    context.out.show(_RepairView(done))
    return FINE if done.after.ok else DAMAGED


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
            out.hint("`aidb fsck --repair` brings back what the workspace or other packs still have,")
            out.hint("`aidb fsck --repair --from PATH` also what a copy has: a repository, a backup, files.")


class _RepairView:
    def __init__(self, report: RepairReport) -> None:
        self.report = report

    def json(self) -> Json:
        report = self.report
        return {
            **_View(report.after).json(),
            "repair": {
                "was_ok": report.before.ok,
                "salvaged": [
                    {
                        "pack": str(one.pack),
                        "moved_to": one.aside,
                        "good_chunks": one.good,
                        "bad_chunks": [chunk.hex() for chunk in one.bad],
                    }
                    for one in report.salvaged
                ],
                "brought": [
                    {"from": one.source, "chunks": one.chunks, "files": one.files} for one in report.brought
                ],
            },
        }

    def draw(self, out: Output) -> None:
        report = self.report
        for one in report.salvaged:
            bad = f", {count(len(one.bad), 'chunk')} damaged" if one.bad else ""
            out.line(
                f"saved {count(one.good, 'chunk')} of pack {str(one.pack)[:SHORT]}{bad}; it is now {one.aside}"
            )
        for gift in report.brought:
            what = count(gift.files, "file") if gift.files else count(gift.chunks, "chunk")
            out.line(f"{out.style('added', 'brought back')} {what} from {gift.source}")
        if report.before.ok:
            out.line("There was nothing to repair.")
        elif report.after.ok:
            out.line("Everything is repaired.")
        _View(report.after).draw(out)


COMMAND = Command(
    fsck,
    examples=(
        ("aidb fsck", "check everything"),
        ("aidb fsck --json", "for a nightly job"),
        ("aidb fsck --repair", "bring back what the workspace still has"),
        ("aidb fsck --repair --from /backup/data", "or what a copy of the repository has"),
    ),
    kept="Nothing was lost: what was repaired stays so; run the same command again to finish.",
)
