"""A case made ready: its repository, how that looks before and after the command, and what must hold after a fault."""

from __future__ import annotations

import shutil
from pathlib import Path

import aidb
from aidb.versioning.fsck import FsckReport
from tests.faults.cases import Case
from tests.faults.command import NO_FAULT, Outcome, Zygote
from tests.faults.power import Loss, cut_power
from tests.faults.shim import Fault, Step
from tests.faults.survey import Survey, read_history, survey
from tests.faults.tree import Tree, copy_folder, folders_of, read_tree

DOCUMENTED_CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 130}
LEFTOVERS = ("*.lock", "tmp_object_git2_*", "_git2_*", "*.tmp")


class Stage:
    """Runs one case again and again, each time on a fresh copy of its repository in `self.root`."""

    def __init__(self, case: Case, zygote: Zygote, folder: Path) -> None:
        """Prepare the repository and run the command once without a fault. `folder` is private and empty."""
        self.case = case
        self.root = folder / "work"
        self._original = folder / "original"
        self._remains = folder / "remains"
        self._zygote = zygote
        self._original.mkdir()
        case.prepare(self._original)
        self.before = self._look(self._original)
        self.is_sound = self._is_sound(self._original)
        self.steps = self._rehearse(NO_FAULT).steps
        self.after = survey(self.root)
        self.store_bytes = _store_bytes(self.root)
        self.reads = self._rehearse(Fault("count-reads")).steps

    def _rehearse(self, fault: Fault) -> Outcome:
        outcome = self.run(fault)
        assert outcome.code == self.case.code, (
            f"undisturbed: {outcome.code}\n{outcome.stdout}{outcome.stderr}"
        )
        return outcome

    def _look(self, root: Path) -> Survey:
        if (root / ".aidb").exists():
            return survey(root)
        return Survey("", {}, read_tree(root), folders_of(root), {})

    def run(self, fault: Fault) -> Outcome:
        """The command on a fresh copy, under a fault."""
        copy_folder(self._original, self.root)
        return self._zygote.run(list(self.case.argv), self.root, fault=fault)

    def name_of(self, fault: Fault) -> str:
        """The step that a fault hits, in the numbering of the undisturbed run (threads may change it a little)."""
        steps = self.reads if fault.mode.startswith("unreadable") else self.steps
        where = str(steps[fault.step - 1]) if fault.step <= len(steps) else f"step {fault.step}"
        return f"aidb {' '.join(self.case.argv)}: {fault.mode} at {where}".replace(f"{self.root}/", "")

    # What must hold

    def check_nothing_lost(self) -> None:
        """Right after the fault: all is whole, and each ref and each file is as before or as after the command."""
        files = read_tree(self.root)
        self._check_files(files)
        if not (self.root / ".aidb/format").exists():
            assert not self.before.refs, "the repository is gone"
            return
        with aidb.open(self.root) as repo:
            report = repo.fsck()
        self._check_report(report)
        now = survey(self.root)
        for ref in self.before.refs.keys() | self.after.refs.keys() | now.refs.keys():
            allowed = (self.before.refs.get(ref), self.after.refs.get(ref))
            assert now.refs.get(ref) in allowed, f"{ref} is {now.refs.get(ref)}, not one of {allowed}"
        assert now.head in (self.before.head, self.after.head), f"HEAD is {now.head}"

    def _is_sound(self, root: Path) -> bool:
        if not (root / ".aidb").exists():
            return True
        with aidb.open(root) as repo:
            return repo.fsck().ok

    def _check_report(self, report: FsckReport) -> None:
        """Nothing is damaged; where the command is to repair something, nothing is lost that was not."""
        lost = report.versions or report.damaged_files
        assert report.ok or (not self.is_sound and not lost), f"fsck: {report}"

    def _check_files(self, files: Tree) -> None:
        for path in self.before.files.keys() | self.after.files.keys() | files.keys():
            allowed = (self.before.files.get(path), self.after.files.get(path))
            assert files.get(path) in allowed, f"{path!r} holds {files.get(path)}, not one of {allowed}"

    def finish(self, unread: int = 0) -> None:
        """Run the command again, and if that does not do it the documented way on; it must end as if undisturbed.

        `unread`: bytes of the pack that could not be read, if that was the fault.
        """
        if not self.case.repeats and not self._differences():
            self.check_clean(unread)
            return
        story = []
        for argv in (self.case.argv, *self.case.onward):
            outcome = self._zygote.run(list(argv), self.root)
            story.append(f"$ aidb {' '.join(argv)} -> {outcome.code}\n{outcome.stdout}{outcome.stderr}")
            assert outcome.code in DOCUMENTED_CODES, story
            assert not outcome.traceback, "".join(story)
            left = self._differences()
            if not left:
                break
        assert not left, "\n".join([*left, *story])
        self.check_clean(unread)

    def _differences(self) -> list[str]:
        return self.after.differences(survey(self.root))

    def check_clean(self, unread: int) -> None:
        """Nothing temporary is left once another session has written, and nothing was stored twice.

        But what a pack holds that could not be read, nobody can know to be stored: rather than rely on it, a writer
        stores it again. So there may be a second copy of just that pack, until a collection finds it.
        """
        folder = self.root / ".aidb"
        with aidb.open(self.root) as repo:
            repo.session.scratch()
            if repo.head.commit:
                repo.tags.create("a-later-command")
        left = [
            str(path)
            for pattern in LEFTOVERS
            for path in folder.rglob(pattern)
            if path.parent.name != "locks"
        ]
        left += [str(path) for path in (folder / "tmp").iterdir()]
        assert not left, f"left behind: {left}"
        spare = _store_bytes(self.root) - self.store_bytes
        assert spare < unread + (64 << 10), f"{spare} bytes were stored twice"

    # The ways in which a point is survived

    def survive_kill(self, fault: Fault) -> None:
        """Killed, then looked at, then finished."""
        outcome = self.run(fault)
        if outcome.killed:
            self.check_nothing_lost()
        else:
            # Threads took another order and this run had fewer steps.
            assert fault.step >= len(self.steps) - 8, f"not killed: {outcome}"
        self.finish()

    def survive_error(self, fault: Fault) -> None:
        """Refused by the disk: a clear message (or the step did not matter), then looked at, then finished."""
        outcome = self.run(fault)
        assert outcome.code in (self.case.code, *self.case.refusals), (
            f"exit code {outcome.code}\n{outcome.stdout}{outcome.stderr}"
        )
        assert not outcome.traceback, outcome.stderr
        if outcome.code in self.case.refusals:
            assert outcome.stderr.strip(), "no message"
            self.check_nothing_lost()
        else:
            assert not self._differences(), f"says done, but: {self._differences()}"
        self.finish(self._unread(fault, outcome))

    def _unread(self, fault: Fault, outcome: Outcome) -> int:
        """The size of the pack, if it was one that could not be read."""
        if not fault.mode.startswith("unreadable"):
            return 0
        failed = (Path(step.path) for step in outcome.steps if step.number == fault.step)
        packs = (self._original / path.relative_to(self.root) for path in failed if path.suffix == ".data")
        return sum(pack.stat().st_size for pack in packs if pack.is_file())

    def survive_power_cut(self, fault: Fault, loss: Loss) -> None:
        """Killed, and what was not fsynced is gone too: the history is whole, the user's own files are untouched, and
        work goes on. What a finished command said it recorded is there."""
        outcome = self.run(fault)
        done = outcome.steps[:-1] if outcome.killed else outcome.steps
        cut_power(self._original, self.root, done, loss, self._remains)
        self._check_remains(self._remains, finished=not outcome.killed)

    def _check_remains(self, root: Path, *, finished: bool) -> None:
        if not (root / ".aidb/format").exists() or not (root / ".aidb/format").stat().st_size:
            assert not self.before.refs, "the repository is gone"
            assert not finished, "init said that it had made a repository"
            return
        with aidb.open(root) as repo:
            report = repo.fsck()
            self._check_report(report)
            signatures = read_history(repo)
            refs = {str(name): signatures[commit] for name, commit in repo.engine.list_refs("refs/").items()}
        for ref in self.before.refs.keys() | self.after.refs.keys() | refs.keys():
            allowed = (
                [self.after.refs.get(ref)]
                if finished
                else [self.before.refs.get(ref), self.after.refs.get(ref)]
            )
            assert refs.get(ref) in allowed, f"{ref} is {refs.get(ref)}, not one of {allowed}"
        files = read_tree(root)
        for path, file in self.before.files.items():
            if self.after.files.get(path) == file:
                assert files.get(path) == file, f"{path!r} holds {files.get(path)}"
        for argv in (["status"], ["add", "."], ["commit", "--allow-empty", "-m", "life goes on"]):
            outcome = self._zygote.run(argv, root)
            # 5: conflicts of a merge still wait for a decision.
            assert outcome.code in ((0, 5) if argv[0] == "commit" else (0,)), f"aidb {argv[0]}: {outcome}"

    def close(self) -> None:
        shutil.rmtree(self._remains, ignore_errors=True)
        shutil.rmtree(self._original, ignore_errors=True)
        shutil.rmtree(self.root, ignore_errors=True)


def _store_bytes(root: Path) -> int:
    packs = root / ".aidb/store/packs"
    return sum(path.stat().st_size for path in packs.iterdir())


def kill_points(steps: list[Step]) -> list[Fault]:
    """Before every step, and in the middle of every write."""
    points = [Fault("kill", step.number) for step in steps]
    return points + [Fault("torn", step.number) for step in steps if step.divisible]


def full_disk_points(steps: list[Step]) -> list[Fault]:
    """Full from each step that needs room on, and full for a moment at each of them."""
    room = [step.number for step in steps if step.needs_room]
    return [Fault("full", number) for number in room] + [Fault("full-once", number) for number in room]


def broken_disk_points(steps: list[Step]) -> list[Fault]:
    """A disk that fails from each step on, and one that fails once."""
    numbers = [step.number for step in steps]
    return [Fault("broken", number) for number in numbers] + [
        Fault("broken-once", number) for number in numbers
    ]


def unreadable_points(reads: list[Step]) -> list[Fault]:
    """A read error at each read."""
    return [Fault("unreadable-once", read.number) for read in reads]
