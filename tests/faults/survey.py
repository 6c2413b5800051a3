"""What a repository holds, as a value that two repositories can be compared by.

Commit ids differ from run to run, for they contain the time; so a commit is known here by its *signature*: a hash over
its manifest root, its message and the signatures of its parents.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

import aidb
from aidb.types import CommitId
from tests.faults.tree import Tree, folders_of, read_tree


class Survey(NamedTuple):
    """All that a person could see of a repository."""

    head: str
    refs: dict[str, str]
    """Signature of the commit by ref name."""
    files: Tree
    folders: set[str]
    status: dict[str, list[str]]

    def differences(self, other: Survey) -> list[str]:
        """In words, what is not the same in `other`."""
        return [
            f"{name}: {_only(mine, theirs)} became {_only(theirs, mine)}"
            for name, mine, theirs in zip(self._fields, self, other, strict=True)
            if mine != theirs
        ]


def _only(one: object, other: object) -> object:
    """The part of `one` that `other` does not share, if they have parts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: value for key, value in one.items() if key not in other or other[key] != value}
    if isinstance(one, set) and isinstance(other, set):
        return sorted(one - other)
    return one


def survey(root: Path) -> Survey:
    """Open the repository and look at everything; reads, and so verifies, every file of every commit."""
    with aidb.open(root) as repo:
        signatures = read_history(repo)
        head = repo.head
        refs = {str(name): signatures[commit] for name, commit in repo.engine.list_refs("refs/").items()}
        at = signatures[head.commit] if head.commit else "nothing"
        return Survey(
            head=head.branch or at,
            refs=refs,
            files=read_tree(root),
            folders=folders_of(root),
            status=_status(repo),
        )


def read_history(repo: aidb.Repository) -> dict[CommitId, str]:
    """The signature of every commit that a ref or HEAD reaches, after reading each of its files back."""
    signatures: dict[CommitId, str] = {}
    seen: set[bytes] = set()
    tips = list(repo.engine.list_refs("refs/").values())
    pending = tips + ([repo.head.commit] if repo.head.commit else [])
    while pending:
        commit = repo.engine.read_commit(pending[-1])
        missing = [parent for parent in commit.parents if parent not in signatures]
        if commit.id not in signatures and missing:
            pending.extend(missing)
            continue
        pending.pop()
        if commit.id not in signatures:
            read_version(repo, commit.id, seen)
            parents = [signatures[parent] for parent in commit.parents]
            text = "\n".join([commit.root.hex(), commit.message.strip(), *parents])
            signatures[commit.id] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return signatures


def read_version(repo: aidb.Repository, commit: CommitId, seen: set[bytes]) -> None:
    """Read every file of a commit that is not in `seen` and check it against its id with a hash of our own."""
    snapshot = repo.at(commit)
    files = 0
    for path, entry in snapshot.walk():
        files += 1
        if entry.blob not in seen:
            data = snapshot.read(path)
            assert blake3(data).digest() == entry.blob, f"wrong bytes for {path} in {commit}"
            assert len(data) == entry.size, f"wrong size for {path} in {commit}"
            seen.add(entry.blob)
    assert files == snapshot.commit.files, f"{commit} holds {files} files and says {snapshot.commit.files}"


def _status(repo: aidb.Repository) -> dict[str, list[str]]:
    status = repo.status()
    return {
        "staged": sorted(f"{change.status} {change.path}" for change in status.staged),
        "unstaged": sorted(f"{change.status} {change.path}" for change in status.unstaged),
        "untracked": sorted(status.untracked),
        "conflicts": sorted(str(conflict) for conflict in status.conflicts),
        "merging": [str(bool(status.merging))],
    }
