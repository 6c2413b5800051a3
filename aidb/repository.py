"""The repository: opens one, ties its parts together and hands them out.

    repo = aidb.init("my-data")            # or aidb.open() from anywhere inside one
    repo.add(["images"])
    repo.commit("First version")
    repo.branches["main"].commit

The work is done by one module per verb below `aidb.versioning`; here they meet. Paths are relative to `repo.root`.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from aidb.config import Config
from aidb.errors import RepositoryNotFoundError, UnsupportedFormatError
from aidb.files import Session, storage_errors, write_atomic
from aidb.notebook import html_table, human_bytes
from aidb.progress import SILENT, Progress
from aidb.types import CommitId, ObjectId, RefName, branch_ref, folder_path

if TYPE_CHECKING:
    from aidb.checks import Checks
    from aidb.metadata.runs import Runs
    from aidb.metadata.sql import Answer
    from aidb.snapshot import Snapshot
    from aidb.store import ObjectStore
    from aidb.transaction import Transaction
    from aidb.versioning import workspace as ws
    from aidb.versioning.annotate import Annotated
    from aidb.versioning.archive import Format as ArchiveFormat
    from aidb.versioning.commits import Commit, Person
    from aidb.versioning.diff import Diff
    from aidb.versioning.engine import Engine, Head
    from aidb.versioning.fsck import FsckReport
    from aidb.versioning.garbage import Collection
    from aidb.versioning.gate import Gate
    from aidb.versioning.manifest import Manifest
    from aidb.versioning.operations import OperationLog
    from aidb.versioning.refs import Branches, Tags
    from aidb.versioning.repair import RepairReport
    from aidb.versioning.shares import BranchShare, CommitShare
    from aidb.versioning.statistics import Statistics
    from aidb.versioning.usage import Usage
    from aidb.versioning.workspace.verbs.merge import ContentMerge

AnyPath = str | os.PathLike[str]

FOLDER = ".aidb"
FORMAT_FILE = "format"
FORMAT = "aidb repository 1\n"


class Repository:
    """One repository with its workspace. Safe to use from several threads; cheap to open."""

    def __init__(self, root: AnyPath, *, user_config: Path | None = None) -> None:
        """Open the repository whose workspace is exactly `root`; `aidb.open` searches upwards.

        `user_config` is the file with the person's own settings, if the caller knows one.
        """
        self.root = Path(root).absolute()
        self.folder = self.root / FOLDER
        _check_format(self.folder)
        self.config = Config(self.folder / "config.toml", user_config)
        self.tell: Callable[[str], None] = lambda line: None
        """Who is told, line by line, what hooks print; nobody unless a shell says so."""
        self._last_manifest: Manifest | None = None
        self._session = Session(self.folder / "tmp")
        weakref.finalize(self, self._session.close)

    # Parts

    @cached_property
    def store(self) -> ObjectStore:
        """The bytes: chunks, packs, blobs."""
        from aidb.store import ObjectStore

        compress = self.config.get("store.compression") != "none"
        delta = self.config.get("store.delta") != "none"
        return ObjectStore.open(self.folder / "store", self._session, compress=compress, delta=delta)

    @cached_property
    def engine(self) -> Engine:
        """The history: commits and refs."""
        from aidb.versioning.git_engine import GitEngine
        from aidb.versioning.identity import default_person
        from aidb.versioning.protection import Protections

        engine: GitEngine = GitEngine(
            self.folder / "git",
            locks=self.folder / "locks",
            scratch=self._session.scratch,
            identity=lambda: default_person(self.config, engine.default_person),
            moving=self.operation_log.moving,
        )
        engine.protections = Protections(self.config)
        return engine

    @cached_property
    def operation_log(self) -> OperationLog:
        """Where operations are noted; `operations` lists them and takes them back."""
        from aidb.versioning.operations import OperationLog

        return OperationLog(self.folder / "operations", self.folder / "locks", self._session.scratch)

    @cached_property
    def gate(self) -> Gate:
        """What a version has to pass before a branch gets it: the checks it brings along, the hooks of this place."""
        from aidb.checks.gate import RepositoryGate

        return RepositoryGate(self)

    @property
    def checks(self) -> Checks:
        """The checks that versions bring along: `repo.checks.run("main")`, `repo.checks.trust()`."""
        from aidb.checks import Checks

        return Checks(self)

    @cached_property
    def workspace(self) -> ws.Workspace:
        """The working tree and its index."""
        from aidb.versioning.workspace import Workspace

        return Workspace(self)

    @property
    def operations(self) -> ws.Operations:
        """What was done here, newest first: `repo.operations.undo()`, `repo.operations.redo()`."""
        from aidb.versioning.workspace import Operations

        return Operations(self.workspace)

    @cached_property
    def runs(self) -> Runs:
        """What was logged by runs: `repo.runs.table("metrics.loss.min < 0.2")`, `repo.runs.series("loss")`."""
        from aidb.metadata.runs import Runs

        return Runs(self.folder, self._session.scratch)

    def sql(self, query: str, *, seconds: float = 30.0) -> Answer:
        """Ask anything of runs, commits and versions in SQL, which can only read (docs/catalog.md lists the tables).

        The result is read as it is asked for: `.rows()`, `.pandas()`, `.polars()`, `.arrow()`. Raises QueryError, also
        when an answer takes longer than `seconds`.
        """
        from aidb.metadata.sql import Answer

        return Answer(self, query, seconds)

    @property
    def session(self) -> Session:
        """Where this process keeps its temporary files."""
        return self._session

    @property
    def branches(self) -> Branches:
        """Branches by name: `repo.branches["main"]`, `repo.branches.create("clean")`."""
        from aidb.versioning.refs import Branches

        return Branches(self.engine, self.operation_log)

    @property
    def tags(self) -> Tags:
        """Tags by name: `repo.tags["v1"]`, `repo.tags.create("v1")`."""
        from aidb.versioning.refs import Tags

        return Tags(self.engine, self.operation_log)

    @property
    def head(self) -> Head:
        """What is checked out: a branch name (None when detached) and its commit (None before the first)."""
        return self.engine.head()

    # Reading history

    def resolve(self, revision: str) -> CommitId:
        """The commit that `revision` names: `main~3`, `HEAD^2`, `v1`, `branch@{1}`, a short id …"""
        from aidb.versioning.revisions import resolve

        return resolve(self.engine, revision)

    def commit_at(self, revision: str = "HEAD") -> Commit:
        """The commit itself: message, author, time, parents, totals."""
        return self.engine.read_commit(self.resolve(revision))

    def at(self, revision: str = "HEAD") -> Snapshot:
        """A read-only view of a version, without touching the workspace."""
        from aidb.snapshot import Snapshot

        commit = self.commit_at(revision)
        return Snapshot(commit, self._manifest(commit.root), self.store, self._session.scratch, self.root)

    def _manifest(self, root: ObjectId) -> Manifest:
        """The manifest of that root. The last one is kept: whoever asks for a version often finds it decoded."""
        from aidb.versioning.manifest import Manifest

        kept = self._last_manifest
        if kept is None or kept.root != root:
            kept = self._last_manifest = Manifest(self.store if kept is None else kept.nodes, root)
        return kept

    def transaction(
        self,
        branch: str = "main",
        message: str = "",
        *,
        author: Person | None = None,
        create: bool | Literal["empty"] = False,
        verify: bool = True,
    ) -> Transaction:
        """Change a branch without a workspace; what the block changes becomes one commit at its end.

        `create` makes the branch if it is missing: from HEAD, or with "empty" without files and history. Without
        `verify`, checks and hooks are not asked. Raises RevisionNotFoundError if the branch is missing otherwise,
        InvalidInputError for an empty message, ProtectedBranchError at once if the branch takes no direct commits; the
        end of the block CheckFailedError.
        """
        from aidb.transaction import Transaction
        from aidb.versioning.transactions.landing import begin

        start = begin(self.engine, branch, create=create)
        self.engine.refuse_protected(start.branch, "commit")
        if not verify:
            self.engine.refuse_protected(start.branch, "skip-checks")
        recorder, locks = self.workspace.recorder(), self.folder / "locks"
        return Transaction(
            self.engine, self.store, recorder, locks, start, message, author, gate=self.gate, verify=verify
        )

    def log(
        self,
        revision: str = "HEAD",
        *,
        paths: Iterable[AnyPath] = (),
        limit: int | None = None,
        first_parent: bool = False,
        all: bool = False,  # noqa: A002 - the name people know from Git
        since: str | None = None,
        until: str | None = None,
        author: str | None = None,
        grep: str | None = None,
        order: Literal["time", "topological"] = "time",
    ) -> Iterator[Commit]:
        """Commits, newest first, each before its parents. `revision` may be a range such as `main..clean`.

        With `paths`, only commits that changed them. `all` starts from every branch and tag instead of `revision`.
        """
        from aidb.versioning.log import log

        return log(
            self.engine,
            self.store,
            revision,
            paths=_paths(paths),
            limit=limit,
            first_parent=first_parent,
            all_refs=all,
            since=since,
            until=until,
            author=author,
            grep=grep,
            order=order,
        )

    def diff(
        self,
        old: str | None = None,
        new: str | None = None,
        *,
        paths: Iterable[AnyPath] = (),
        staged: bool = False,
    ) -> Diff:
        """What changed, file by file, with renames.

        Nothing given: from what is staged to the working tree. `staged`: from HEAD (or `old`) to what is staged.
        One revision: from it to the working tree. Two: from the first to the second.

        `explain` of the result looks inside a file: rows of a table, tensors, pixels, lines.
        """
        from aidb.comparison import with_insides
        from aidb.versioning import diff as versions
        from aidb.versioning import workspace as ws

        if old is not None and new is not None:
            found = versions.diff_commits(
                self.engine, self.store, self.resolve(old), self.resolve(new), paths=_paths(paths)
            )
            return with_insides(self, found, self.at(new).manifest)
        base = None if old is None else self.resolve(old)
        found = ws.diff(self.workspace, base=base, staged=staged, paths=_paths(paths))
        version = self.workspace.manifest(self.workspace.staged_root()) if staged else None
        return with_insides(self, found, version)

    def annotate(self, path: AnyPath = "", revision: str = "HEAD") -> list[Annotated]:
        """The files at or below `path` in a version, each with the commit that last changed it."""
        from aidb.versioning.annotate import annotate

        return annotate(self.engine, self.store, self.resolve(revision), folder_path(path))

    @property
    def bisect(self) -> ws.Bisect:
        """The search for a bad commit: `repo.bisect.start("HEAD", ["v1"])`."""
        from aidb.versioning.workspace import Bisect

        return Bisect(self.workspace)

    def archive(
        self,
        target: AnyPath | BinaryIO,
        revision: str = "HEAD",
        path: AnyPath = "",
        *,
        format: ArchiveFormat | None = None,  # noqa: A002 - the name people know from Git
        prefix: str = "",
        force: bool = False,
        progress: Progress = SILENT,
    ) -> int:
        """Write a version, or what is at or below `path` in it, as tar or zip; return how many files it holds.

        `target` is a stream or the name of a file, which is replaced only with `force`. Without a `format`, the file's
        name says it: `.tar.zst`, `.tar.gz`, `.tar` or `.zip`.
        """
        from aidb.versioning.archive import archive

        return archive(
            self.commit_at(revision),
            self.store,
            folder_path(path),
            target,
            format=format,
            prefix=os.fsencode(prefix),
            force=force,
            progress=progress,
        )

    # Working with files

    def status(self, paths: Iterable[AnyPath] = ()) -> ws.Status:
        """What is staged, changed, untracked and in conflict."""
        from aidb.versioning import workspace as ws

        return ws.status(self.workspace, paths=_paths(paths))

    def add(
        self,
        paths: Iterable[AnyPath] = (".",),
        *,
        update: bool = False,
        force: bool = False,
        progress: Progress = SILENT,
    ) -> ws.AddResult:
        """Record the present content of files, folders (with what is below) and deletions for the next commit.

        `update` leaves untracked files alone; `force` takes ignored ones too.
        """
        from aidb.versioning import workspace as ws

        return ws.add(self.workspace, _paths(paths), update=update, force=force, progress=progress)

    def remove(
        self, paths: Iterable[AnyPath], *, cached: bool = False, recursive: bool = False, force: bool = False
    ) -> list[str]:
        """Remove files from the next version and, unless `cached`, from the workspace; return their paths."""
        from aidb.versioning import workspace as ws

        return ws.remove(self.workspace, _paths(paths), cached=cached, recursive=recursive, force=force)

    def move(
        self, sources: Iterable[AnyPath], target: AnyPath, *, force: bool = False
    ) -> list[tuple[str, str]]:
        """Rename a file or folder, or move several into a folder; return (old, new) pairs. No bytes are copied."""
        from aidb.versioning import workspace as ws

        return ws.move(self.workspace, _paths(sources), os.fspath(target), force=force)

    def commit(
        self,
        message: str,
        *,
        all: bool = False,  # noqa: A002 - the name people know from Git
        paths: Iterable[AnyPath] = (),
        author: Person | None = None,
        amend: bool = False,
        allow_empty: bool = False,
        verify: bool = True,
        progress: Progress = SILENT,
    ) -> Commit:
        """Record what is staged as a commit on the current branch.

        `all` first stages every change of tracked files, `paths` the given ones (and commits only those). Without
        `verify`, checks and hooks are not asked. Raises CheckFailedError with what they find; everything stays staged.
        """
        from aidb.versioning import workspace as ws

        return ws.commit(
            self.workspace,
            message,
            all=all,
            paths=_paths(paths),
            author=author,
            amend=amend,
            allow_empty=allow_empty,
            verify=verify,
            progress=progress,
        )

    def switch(
        self,
        target: str,
        *,
        create: bool = False,
        start: str = "HEAD",
        detach: bool = False,
        force: bool = False,
        progress: Progress = SILENT,
    ) -> ws.Switched:
        """Make the workspace show another branch. Uncommitted work is kept, or the switch is refused.

        `create` makes the branch at `start` first; `detach` shows any revision without being on a branch; `force`
        throws local changes away.
        """
        from aidb.versioning import workspace as ws

        if create:
            return ws.switch_to_new(self.workspace, target, start=start, force=force, progress=progress)
        return ws.switch(self.workspace, target, detach=detach, force=force, progress=progress)

    def restore(
        self,
        paths: Iterable[AnyPath],
        *,
        source: str | None = None,
        staged: bool = False,
        worktree: bool = True,
        side: Literal["ours", "theirs"] | None = None,
        force: bool = False,
        progress: Progress = SILENT,
    ) -> list[str]:
        """Bring files back, from what is staged or from `source`; return their paths.

        `staged` un-stages (from HEAD or `source`); `side` settles a conflict by one side's version. Content that is
        in no version is only overwritten with `force`.
        """
        from aidb.versioning import workspace as ws

        return ws.restore(
            self.workspace,
            _paths(paths),
            source=source,
            staged=staged,
            worktree=worktree,
            side=side,
            force=force,
            progress=progress,
        )

    def reset(
        self,
        revision: str = "HEAD",
        *,
        mode: Literal["soft", "mixed", "hard"] = "mixed",
        paths: Iterable[AnyPath] = (),
        force: bool = False,
        progress: Progress = SILENT,
    ) -> Commit | None:
        """Move the current branch to `revision`: `soft` keeps what is staged, `mixed` un-stages, `hard` also overwrites
        the workspace (uncommitted work only with `force`). With `paths`, only un-stage those. The old tip stays in the
        reflog."""
        from aidb.versioning import workspace as ws

        return ws.reset(
            self.workspace, revision, mode=mode, paths=_paths(paths), force=force, progress=progress
        )

    def merge(
        self,
        revision: str,
        *,
        message: str | None = None,
        strategy: Literal["ours", "theirs", "both"] | None = None,
        fast_forward: Literal["auto", "only", "never"] = "auto",
        verify: bool = True,
        progress: Progress = SILENT,
    ) -> ws.Merged:
        """Bring the changes of another branch into the current one and commit the result.

        Conflicts are returned, recorded in the index and shown by `status`; a `strategy` settles them at once. Tables
        whose `.aidbattributes` say `merge=table key=…` are merged row by row first. Without `verify`, checks and hooks
        are not asked.
        """
        from aidb.versioning import workspace as ws

        return ws.merge(
            self.workspace,
            revision,
            message=message,
            strategy=strategy,
            fast_forward=fast_forward,
            merge_content=self._content_merge(),
            verify=verify,
            progress=progress,
        )

    def abort_merge(self, *, progress: Progress = SILENT) -> None:
        """Give up the merge, revert or cherry-pick under way and go back to before it."""
        from aidb.versioning import workspace as ws

        ws.abort_merge(self.workspace, progress=progress)

    def revert(
        self,
        revision: str,
        *,
        message: str | None = None,
        verify: bool = True,
        progress: Progress = SILENT,
    ) -> ws.Merged:
        """Commit the opposite of a commit. Without `verify`, checks and hooks are not asked."""
        from aidb.versioning import workspace as ws

        return ws.revert(
            self.workspace,
            revision,
            message=message,
            merge_content=self._content_merge(),
            verify=verify,
            progress=progress,
        )

    def cherry_pick(
        self,
        revisions: Iterable[str] | str = (),
        *,
        parent: int | None = None,
        verify: bool = True,
        progress: Progress = SILENT,
    ) -> ws.Picked:
        """Commit here once more what some commits did; a range stands for its commits, oldest first.

        At conflicts it stops, like a merge. Without revisions, the pick under way is concluded. Of a merge, `parent`
        (from 1) says which side counts as before. Without `verify`, checks and hooks are not asked.
        """
        from aidb.versioning import workspace as ws

        wanted = [revisions] if isinstance(revisions, str) else revisions
        return ws.cherry_pick(
            self.workspace,
            wanted,
            parent=parent,
            merge_content=self._content_merge(),
            verify=verify,
            progress=progress,
        )

    @property
    def stash(self) -> ws.Stash:
        """Work put aside, newest first: `repo.stash.push()`, `repo.stash.pop()`."""
        from aidb.versioning.workspace import Stash

        return Stash(self.workspace, self._content_merge)

    def _content_merge(self) -> ContentMerge:
        from aidb.comparison import content_merge

        return content_merge(self)

    def sync(self, *, force: bool = False, progress: Progress = SILENT) -> ws.Switched:
        """Beside Git: bring the workspace to the commit that `aidb.lock` pins."""
        from aidb.versioning import workspace as ws

        return ws.sync(self.workspace, force=force, progress=progress)

    # Health

    def fsck(self, *, progress: Progress = SILENT) -> FsckReport:
        """Re-hash and cross-check everything; name the paths and commits that damage touches."""
        from aidb.versioning.fsck import fsck

        return fsck(self.engine, self.store, self.workspace.staged_root(), progress=progress)

    def repair(self, places: Iterable[AnyPath] = (), *, progress: Progress = SILENT) -> RepairReport:
        """Check everything, and bring back what is damaged from these places and from the workspace.

        A place is another repository or its store, a file, or a folder of files. Nothing is deleted.
        """
        from aidb.versioning.garbage import find_all, sources
        from aidb.versioning.repair import Repairer

        staged = self.workspace.staged_root()  # an index that is damaged is made anew here
        roots = find_all(sources(self.engine, self.workspace))
        repairer = Repairer(self.engine, self.store, roots, progress)
        return repairer.run([*map(Path, _paths(places)), self.root], staged)

    @property
    def garbage(self) -> Collection:
        """Garbage collection: `repo.garbage.look()` tells what nothing needs, `.prune()` takes it away."""
        from aidb.versioning.garbage import Collection

        return Collection(self.engine, self.store, self.workspace, self._session, self.folder / "locks")

    def usage(self) -> Usage:
        """What the repository holds and what it takes on disk, so what deduplication and compression saved."""
        from aidb.versioning.usage import usage

        return usage(self.engine, self.store)

    def branch_shares(self, *, progress: Progress = SILENT) -> list[BranchShare]:
        """What each branch alone needs: what deleting it would free, once reflogs let go of it."""
        from aidb.versioning.shares import branch_shares

        return branch_shares(self.engine, self.store, self.workspace, progress=progress)

    def commit_shares(self, revision: str = "HEAD", *, progress: Progress = SILENT) -> list[CommitShare]:
        """What each commit of a history added to the store, the newest first."""
        from aidb.versioning.shares import commit_shares

        return commit_shares(self.engine, self.store, [self.resolve(revision)], progress=progress)

    def statistics(self, *, progress: Progress = SILENT) -> Statistics:
        """Numbers of commits, files, chunks and packs, and how the repository grew."""
        from aidb.versioning.statistics import statistics

        return statistics(self.engine, self.store, self.workspace, progress=progress)

    def close(self) -> None:
        """Let go of temporary files and open packs. Also happens by itself."""
        if "runs" in self.__dict__:
            self.runs.close()
        self._session.close()

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Repository {str(self.root)!r} {self._head_text()}>"

    def _head_text(self) -> str:
        head = self.head
        place = f"on {head.branch}" if head.branch else "detached"
        return f"{place} at {head.commit[:10]}" if head.commit else f"{place}, no commits yet"

    def _repr_html_(self) -> str:
        if self.head.commit is None:
            return html_table(repr(self)[1:-1], ("next",), [('repo.add(["…"]); repo.commit("…")',)])
        rows = [
            (
                c.id[:10],
                c.message.partition("\n")[0],
                c.author.name,
                f"{c.time:%Y-%m-%d %H:%M}",
                f"{c.files:,}",
                human_bytes(c.bytes),
            )
            for c in self.log(limit=10)
        ]
        return html_table(repr(self)[1:-1], ("commit", "message", "author", "time", "files", "size"), rows)


def init(path: AnyPath = ".", *, branch: str | None = None, user_config: Path | None = None) -> Repository:
    """Make a repository in the folder `path` (created if missing) and open it.

    Done again on a repository, it changes nothing. `branch` names the first branch (setting `init.branch`: main).
    """
    root = Path(path).absolute()
    folder = root / FOLDER
    first = branch_ref(branch or str(Config(None, user_config).get("init.branch")))
    with storage_errors(f"making the repository {root}"):
        if not (folder / FORMAT_FILE).exists():
            _lay_out(folder)
            _fill(folder, first)
    return Repository(root, user_config=user_config)


def open(path: AnyPath = ".", *, user_config: Path | None = None) -> Repository:  # noqa: A001 - read as `aidb.open`
    """Open the repository that `path` lies in. Raises RepositoryNotFoundError."""
    start = Path(path).absolute()
    for folder in (start, *start.parents):
        if (folder / FOLDER / FORMAT_FILE).exists():
            return Repository(folder, user_config=user_config)
    raise RepositoryNotFoundError(
        f"{start} is not inside an aidb repository", hints=("`aidb init` makes one in the current folder.",)
    )


def _lay_out(folder: Path) -> None:
    for name in ("store/packs", "store/indexes", "locks", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)


def _fill(folder: Path, first: RefName) -> None:
    """The format file is written last: before it, the folder is not yet a repository and init starts over."""
    session = Session(folder / "tmp")
    try:
        _make_history(folder / "git", session.scratch() / "git", first)
        _make_index(folder / "index", session.scratch())
        for name, text in ((".gitignore", "*\n"), (FORMAT_FILE, FORMAT)):
            write_atomic(folder / name, text.encode(), scratch=session.scratch())
    finally:
        session.close()


def _make_history(place: Path, temporary: Path, first: RefName) -> None:
    """Whole or not at all: libgit2 cannot go on where another run of it was killed."""
    from aidb.versioning.git_engine import GitEngine

    if place.exists():
        return
    GitEngine.create(temporary, first)
    try:
        temporary.rename(place)
    except OSError:
        if not place.exists():  # else somebody made the same repository at this moment
            raise


def _make_index(place: Path, scratch: Path) -> None:
    """An index that says that the workspace shows nothing yet: without one, it would be taken to show HEAD."""
    from aidb.versioning.workspace.index.index import Index

    if not place.exists():
        Index(None).save(place, scratch=scratch, durable=True)


def _check_format(folder: Path) -> None:
    with storage_errors("opening the repository"):
        try:
            text = (folder / FORMAT_FILE).read_bytes()[:64].decode("ascii", "replace")
        except (FileNotFoundError, NotADirectoryError):
            raise RepositoryNotFoundError(
                f"{folder.parent} is not an aidb repository",
                hints=("`aidb init` makes one in the current folder.",),
            ) from None
    if text != FORMAT:
        raise UnsupportedFormatError(
            f"{folder.parent} is written in a format this version of aidb does not know: {text.strip()!r}",
            hints=("Upgrade aidb: `pip install --upgrade aidb`.",),
        )


def _paths(paths: Iterable[AnyPath]) -> list[str]:
    """A single path given as a string is one path, not many letters."""
    if isinstance(paths, (str, os.PathLike)):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]
