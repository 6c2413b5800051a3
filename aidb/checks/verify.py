"""Checking a version: which checks apply, what they find, and whether the branch may have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aidb.checks.candidate import Candidate, StoredCandidate
from aidb.checks.file import MAX_SIZE, Check, parse_checks
from aidb.checks.gate import FILE_NAME, FILE_PATH
from aidb.checks.report import Problem, Report
from aidb.checks.trust import Trust, digest
from aidb.errors import CheckFailedError, Finding

if TYPE_CHECKING:
    from aidb.checks.gate import Parts
    from aidb.versioning.gate import Event, Proposal
    from aidb.versioning.manifest import Change

_SKIP = "`aidb {event} --no-verify` leaves the checks out."
_AGREE = "Read what would run with `aidb checks`; if you agree, `aidb checks trust`."


@dataclass(frozen=True, slots=True)
class Checkup:
    """What the checks of a version came to: which were asked, and what they found."""

    checks: list[Check]
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """How many findings are not listed."""
    untrusted: bool = False
    """Whether programs were not run, because nobody has agreed to them."""

    @property
    def ok(self) -> bool:
        return not self.findings


def verify(parts: Parts, proposal: Proposal) -> None:
    """Raise CheckFailedError, with what is wrong, if the checks of a version do not let it pass."""
    checkup = check_up(parts, StoredCandidate(parts, proposal))
    if checkup.ok:
        return
    count = len(checkup.findings) + checkup.more
    problems = f"{count:,} problem" if count == 1 else f"{count:,} problems"
    place = f" to {proposal.branch}" if proposal.branch else ""
    kept = "nothing was changed" if proposal.shows is None else "everything is still staged"
    raise CheckFailedError(
        f"the checks refuse this {proposal.event}{place}: {problems} found; {kept}",
        findings=tuple(checkup.findings),
        more=checkup.more,
        hints=(*_own_hints(checkup), *_hints(checkup, proposal)),
    )


def check_up(parts: Parts, candidate: Candidate, events: Sequence[Event] = ()) -> Checkup:
    """Ask every check that applies to a version at its event, or at any of these.

    Raises InvalidInputError if its checks cannot be read.
    """
    data = read_file(candidate)
    checks = [] if data is None else parse_checks(data)
    asked = [
        _Asked(check)
        for check in checks
        if any(check.selection.applies(event, candidate.branch) for event in events or (candidate.event,))
    ]
    if data is None or not asked:
        return Checkup([])
    report = Report()
    for change in candidate.changes():
        for one in asked:
            one.look(candidate, change, report)
    trusted = _is_trusted(parts, candidate, data, checks, asked)
    for one in asked:
        one.conclude(candidate, report, trusted=trusted)
    return Checkup([one.check for one in asked], report.findings, report.more, untrusted=not trusted)


def read_file(candidate: Candidate) -> bytes | None:
    """The checks file of a version, None if it has none."""
    entry = candidate.get(FILE_PATH)
    if entry is None:
        return None
    with candidate.content(FILE_PATH, entry).open() as file:
        return file.read(MAX_SIZE + 1)


class _Asked:
    """A check while it is being asked."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.touched = False
        """Whether anything that it is about changed."""

    def look(self, candidate: Candidate, change: Change, report: Report) -> None:
        """Ask the rules about one changed file."""
        if not self.check.selection.covers(change.path):
            return
        self.touched = True
        if change.new is not None:
            for rule in self.check.files:
                self._take(report, change.path, rule.problems(candidate, change.path, change.new))

    def conclude(self, candidate: Candidate, report: Report, *, trusted: bool) -> None:
        """Ask the rules about the whole version."""
        selection = self.check.selection
        for rule in self.check.versions:
            self._take(report, b"", rule.problems(candidate, selection, touched=self.touched))
        if self.needs_trust and not trusted:
            what = ", ".join(program.what for program in self.check.programs)
            report.add(self.check.name, b"", Problem("trust", f"you have not agreed to run {what}"))
        elif self.touched:
            for program in self.check.programs:
                self._take(report, b"", program.problems(candidate, selection))

    @property
    def needs_trust(self) -> bool:
        """Whether a program would run."""
        return self.touched and bool(self.check.programs)

    def _take(self, report: Report, path: bytes, problems: Iterable[Problem]) -> None:
        for problem in problems:
            report.add(self.check.name, path, problem)


def _is_trusted(
    parts: Parts, candidate: Candidate, data: bytes, checks: list[Check], asked: list[_Asked]
) -> bool:
    """Whether programs may run; without any there is nothing to agree to."""
    if not any(one.needs_trust for one in asked):
        return True
    return digest(candidate, data, checks) in Trust(parts.folder)


def _own_hints(checkup: Checkup) -> list[str]:
    """What the checks that found something say themselves."""
    failed = {finding.check for finding in checkup.findings}
    return [check.hint for check in checkup.checks if check.hint and check.name in failed]


def _hints(checkup: Checkup, proposal: Proposal) -> list[str]:
    first = [_AGREE] if checkup.untrusted else []
    if proposal.shows is None:
        correct = f"Correct it where it comes from, then {proposal.event} again."
    else:
        correct = f"Correct it, `aidb add` it and commit again; the checks are in {FILE_NAME}."
    return [*first, correct, _SKIP.format(event=proposal.event)]
