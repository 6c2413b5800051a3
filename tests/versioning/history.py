"""A small history for tests: an engine on a real folder, manifests in memory, commits from plain dicts."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aidb.store.hashing import hash_bytes
from aidb.types import CommitId, Entry, Kind, ObjectId, RepoPath, branch_ref
from aidb.versioning.commits import Person
from aidb.versioning.engine import HEAD
from aidb.versioning.git_engine import GitEngine
from aidb.versioning.manifest import Manifest, build
from aidb.versioning.operations import OperationLog
from tests.versioning.manifest.memory import MemoryNodes

ADA = Person("Ada Lovelace", "ada@example.com")
BOB = Person("Bob", "bob@example.com")
START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MAIN = branch_ref("main")
NO_ROOT = ObjectId(bytes(32))

Files = Mapping[str, str | Entry]


def entry(content: str, kind: Kind = Kind.FILE) -> Entry:
    data = content.encode()
    return Entry(kind, len(data), hash_bytes(data), None)


def path(text: str) -> RepoPath:
    return RepoPath(text.encode())


class History:
    """An engine with a store of manifests. Content of files is text; each commit is a minute after the last one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("locks", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        GitEngine.create(folder / "git", MAIN)
        self.nodes = MemoryNodes()
        self.operations = OperationLog(
            folder / "operations", folder / "locks", scratch=lambda: self.folder / "tmp"
        )
        self.engine = self.reopened()
        self.clock = START

    @property
    def git_folder(self) -> Path:
        return self.folder / "git"

    def reopened(self) -> GitEngine:
        return GitEngine(self.git_folder, scratch=lambda: self.folder / "tmp", identity=lambda: ADA)

    def git(self, *words: str) -> str:
        """Plain git on the same folder."""
        command = ["git", "--git-dir", str(self.git_folder), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def store(self, files: Files) -> ObjectId:
        items = {path(name): v if isinstance(v, Entry) else entry(v) for name, v in files.items()}
        return build(self.nodes, sorted(items.items()))

    def commit(
        self,
        files: Files,
        *parents: CommitId,
        message: str = "a commit",
        author: Person = ADA,
        branch: str | None = None,
    ) -> CommitId:
        """Record a version; with `branch`, move that branch to it."""
        root = self.store(files)
        manifest = Manifest(self.nodes, root)
        self.clock += timedelta(minutes=1)
        made = self.engine.create_commit(
            root,
            manifest.files,
            manifest.bytes,
            parents,
            message,
            author,
            time=self.clock,
            commit_time=self.clock,
        )
        if branch is not None:
            ref = branch_ref(branch)
            self.engine.update_ref(ref, self.engine.read_ref(ref), made, f"commit: {message}")
        return made

    def grow(self, *messages: str, branch: str = "main") -> list[CommitId]:
        """A line of commits on a branch, each with one file more."""
        made = []
        for message in messages:
            tip = self.engine.read_ref(branch_ref(branch))
            before = {} if tip is None else self.files(self.engine.read_commit(tip).root)
            after = {**before, f"{message}.txt": entry(message)}
            made.append(self.commit(after, *([tip] if tip else []), message=message, branch=branch))
        return made

    def files(self, root: ObjectId) -> dict[str, Entry]:
        return {name.decode(): found for name, found in Manifest(self.nodes, root).items()}

    def object_file(self, name: str) -> Path:
        return self.git_folder / "objects" / name[:2] / name[2:]

    def damage(self, name: str, data: bytes | None) -> None:
        """Replace a loose object's file, or remove it."""
        file = self.object_file(name)
        file.chmod(0o644)
        if data is None:
            file.unlink()
        else:
            file.write_bytes(data)


__all__ = ["ADA", "BOB", "HEAD", "MAIN", "NO_ROOT", "START", "Files", "History", "entry", "path"]
