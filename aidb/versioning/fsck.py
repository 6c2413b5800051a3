"""Checking a whole repository: every stored byte, every version, every name.

Three steps, cheapest first to explain: the store re-hashes its packs; every commit that any ref, reflog or the index
still reaches is read; the files of every version are checked to be present and undamaged. Consecutive versions are
compared, so an unchanged file is looked at once, not once a version.

The report says what is hit; `aidb.versioning.repair` brings back what some other place still has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from aidb.errors import IntegrityError
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, Entry, ObjectId, RepoPath, show_path
from aidb.versioning.manifest import Manifest, NodeCache, check, diff

if TYPE_CHECKING:
    from aidb.store import Damage, ObjectStore
    from aidb.versioning.commits import Commit
    from aidb.versioning.engine import Engine

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class DamagedFile:
    """A file that some versions can no longer give back."""

    path: str
    blob: ObjectId
    problem: str
    commits: tuple[CommitId, ...]


@dataclass(frozen=True, slots=True)
class DamagedVersion:
    """A version whose own record is hit: its commit, or part of its list of files."""

    commit: CommitId | None
    problem: str


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What was checked and what was found."""

    commits: int
    files: int
    chunks: int
    bytes: int
    storage: tuple[Damage, ...]
    versions: tuple[DamagedVersion, ...]
    damaged_files: tuple[DamagedFile, ...]

    @property
    def ok(self) -> bool:
        return not (self.storage or self.versions or self.damaged_files)


@dataclass(slots=True)
class _Findings:
    versions: list[DamagedVersion] = field(default_factory=list)
    bad: dict[tuple[RepoPath, ObjectId], str] = field(default_factory=dict)
    files: int = 0


def fsck(
    engine: Engine, store: ObjectStore, staged: ObjectId | None, *, progress: Progress = SILENT
) -> FsckReport:
    """Check everything. `staged` is the manifest that the index holds beyond what is committed, if any."""
    storage = list(store.fsck(progress))
    checker = _Checker(store, {damage.chunk for damage in storage if damage.chunk is not None})
    commits = list(readable_commits(engine, engine.roots(), checker.findings.versions))
    task = progress.task("checking versions", len(commits), "commits")
    for commit in commits:
        checker.check(commit.root, commit.id)
        task.advance()
    if staged is not None:
        checker.check(staged, None)
    task.close()
    usage = store.usage()
    return FsckReport(
        commits=len(commits),
        files=checker.findings.files,
        chunks=usage.chunks,
        bytes=usage.stored_bytes,
        storage=tuple(storage),
        versions=tuple(checker.findings.versions),
        damaged_files=tuple(checker.damaged_files(commits)),
    )


def readable_commits(
    engine: Engine, roots: Iterable[CommitId], damaged: list[DamagedVersion] | None = None
) -> Iterator[Commit]:
    """Every commit that these reach, children before parents; those that cannot be read are put into `damaged`."""
    seen: set[CommitId] = set()
    stack = list(roots)
    while stack:
        commit_id = stack.pop()
        if commit_id in seen:
            continue
        seen.add(commit_id)
        try:
            commit = engine.read_commit(commit_id)
        except IntegrityError as error:
            if damaged is not None:
                damaged.append(DamagedVersion(commit_id, str(error)))
            continue
        stack.extend(commit.parents)
        yield commit


class _Checker:
    """Checks the files of one version after another, looking only at what differs from the version before."""

    def __init__(self, store: ObjectStore, damaged: set[ObjectId]) -> None:
        self.findings = _Findings()
        self._store = store
        self._damaged = damaged
        self._nodes = NodeCache(store)
        self._previous: Manifest | None = None

    def check(self, root: ObjectId, commit: CommitId | None) -> None:
        manifest = Manifest(self._nodes, root)
        try:
            self._check_entries(self._new_entries(manifest))
        except IntegrityError:
            self.findings.versions.extend(_manifest_damage(manifest, commit))
        else:
            self._previous = manifest

    def _new_entries(self, manifest: Manifest) -> Iterator[tuple[RepoPath, Entry]]:
        if self._previous is None:
            yield from manifest.items()
            return
        for change in diff(self._previous, manifest):
            if change.new is not None:
                yield change.path, change.new

    def _check_entries(self, entries: Iterator[tuple[RepoPath, Entry]]) -> None:
        while batch := list(islice(entries, _BATCH)):
            self.findings.files += len(batch)
            whole = [(path, entry) for path, entry in batch if entry.recipe is None]
            self._check_chunks(whole, [entry.blob for _, entry in whole])
            for path, entry in batch:
                if entry.recipe is not None:
                    self._check_chunked(path, entry)

    def _check_chunked(self, path: RepoPath, entry: Entry) -> None:
        try:
            ids = self._store.chunk_ids(entry.content)
            while part := list(islice(ids, _BATCH)):
                self._check_chunks([(path, entry)] * len(part), part)
        except IntegrityError as error:
            self.findings.bad.setdefault((path, entry.blob), str(error))

    def _check_chunks(self, items: list[tuple[RepoPath, Entry]], ids: list[ObjectId]) -> None:
        known = self._store.contains(ids)
        if not all(known):
            self._store.search(ids)
            known = self._store.contains(ids)
        for (path, entry), chunk, there in zip(items, ids, known, strict=True):
            if not there:
                self.findings.bad.setdefault((path, entry.blob), f"chunk {chunk.hex()[:12]} is missing")
            elif chunk in self._damaged:
                self.findings.bad.setdefault((path, entry.blob), f"chunk {chunk.hex()[:12]} is damaged")

    def damaged_files(self, commits: Iterable[Commit]) -> Iterator[DamagedFile]:
        """The bad files with every commit that holds them."""
        versions = [(commit.id, Manifest(self._nodes, commit.root)) for commit in commits]
        for (path, blob), problem in self.findings.bad.items():
            hit = tuple(commit for commit, manifest in versions if _holds(manifest, path, blob))
            yield DamagedFile(show_path(path), blob, problem, hit)


def _manifest_damage(manifest: Manifest, commit: CommitId | None) -> Iterator[DamagedVersion]:
    """Which part of a version's list of files cannot be read."""
    for damage in check(manifest):
        files = "" if damage.files is None else f" ({damage.files:,} files)"
        first = show_path(damage.first) or "the first path"
        yield DamagedVersion(commit, f"its list of files is damaged from {first} on{files}: {damage.error}")


def _holds(manifest: Manifest, path: RepoPath, blob: ObjectId) -> bool:
    try:
        entry = manifest.get(path)
    except IntegrityError:
        return False
    return entry is not None and entry.blob == blob
