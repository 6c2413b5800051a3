"""The checks of a repository, for looking at them, running them by hand, and agreeing to their programs.

repo.checks.read()                 # those that are staged
repo.checks.run("main").findings   # on every file of a version
repo.checks.trust()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aidb.checks.candidate import Candidate, StoredCandidate, WorkingCandidate
from aidb.checks.file import Check, parse_checks
from aidb.checks.gate import FILE_NAME, Parts
from aidb.checks.trust import Trust, digest
from aidb.checks.verify import Checkup, check_up, read_file
from aidb.errors import NotFoundError
from aidb.types import HEADS
from aidb.versioning.gate import Proposal

if TYPE_CHECKING:
    from aidb.types import ObjectId
    from aidb.versioning.engine import Engine
    from aidb.versioning.workspace import Workspace


class _Repository(Parts, Protocol):
    @property
    def engine(self) -> Engine: ...
    @property
    def workspace(self) -> Workspace: ...


class Checks:
    """The checks that versions bring along. Without a revision, what is staged is meant."""

    def __init__(self, repository: _Repository) -> None:
        self._repository = repository
        self._trust = Trust(repository.folder)

    def read(self, revision: str | None = None) -> list[Check]:
        """The checks of a version; none if it has no checks file. Raises InvalidInputError if that cannot be read."""
        data = read_file(self._candidate(revision))
        return [] if data is None else parse_checks(data)

    def run(
        self,
        revision: str | None = None,
        *,
        since: str | None = None,
        worktree: bool = False,
        branch: str | None = None,
    ) -> Checkup:
        """Ask the checks that would be asked at a commit or a merge, and refuse nothing.

        Of what is staged, and with `worktree` of the working tree, they look at what changed since HEAD; of a version
        at every file, or at what changed since the version `since`. `branch` is the branch that it is meant for: the
        one named by `revision`, else the current one.
        """
        candidate = self._working(branch) if worktree else self._candidate(revision, since, branch)
        return check_up(self._repository, candidate, ("commit", "merge"))

    def is_trusted(self, revision: str | None = None) -> bool:
        """Whether the programs of a version may run here, or it has none."""
        candidate = self._candidate(revision)
        data = read_file(candidate)
        checks = [] if data is None else parse_checks(data)
        return data is None or not _programs(checks) or digest(candidate, data, checks) in self._trust

    def trust(self, revision: str | None = None) -> list[str]:
        """Let the programs of a version run here, for you, as they are now; return them.

        Raises NotFoundError if the version has no checks.
        """
        candidate = self._candidate(revision)
        data = read_file(candidate)
        if data is None:
            raise NotFoundError(
                f"there is no {FILE_NAME} in {revision or 'what is staged'}",
                hints=(f"Write one and `aidb add {FILE_NAME}`.",),
            )
        checks = parse_checks(data)
        self._trust.add(digest(candidate, data, checks), scratch=candidate.scratch())
        return _programs(checks)

    def untrust(self) -> bool:
        """Let no program of any version run here any more; whether any was allowed to."""
        return self._trust.clear()

    def _candidate(
        self, revision: str | None = None, since: str | None = None, branch: str | None = None
    ) -> Candidate:
        return StoredCandidate(self._repository, self._proposal(revision, since, branch))

    def _proposal(self, revision: str | None, since: str | None, branch: str | None) -> Proposal:
        workspace = self._repository.workspace
        if revision is not None:
            old, new = (None if name is None else self._root(name) for name in (since, revision))
            branch = branch or self._branch_named(revision)
            return Proposal("commit", branch, workspace.manifest(old), workspace.manifest(new))
        from aidb.versioning.workspace.proposing import shows_staged

        index = workspace.read_index()
        before, after = map(workspace.manifest, (index.state.base_root, index.state.staged_root))
        branch = branch or workspace.head().branch
        return Proposal("commit", branch, before, after, shows=shows_staged(workspace, index))

    def _working(self, branch: str | None) -> Candidate:
        from aidb.versioning.workspace.verbs.status import look_at

        workspace = self._repository.workspace
        staged = self._proposal(None, None, branch)
        look = look_at(workspace, workspace.read_index(), [b""], untracked="none")
        return WorkingCandidate(self._repository, staged, look.changes)

    def _root(self, revision: str) -> ObjectId:
        from aidb.versioning.revisions import resolve

        engine = self._repository.engine
        return engine.read_commit(resolve(engine, revision)).root

    def _branch_named(self, revision: str) -> str | None:
        engine = self._repository.engine
        if f"{HEADS}{revision}" in engine.list_refs(f"{HEADS}{revision}"):
            return revision
        return engine.head().branch


def _programs(checks: list[Check]) -> list[str]:
    return [program.what for check in checks for program in check.programs]
