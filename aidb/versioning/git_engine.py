"""The engine on a bare Git repository: `git --git-dir .aidb/git log --graph --all` just works.

Each commit is three loose objects (commit, tree, `manifest.json`), durable before any ref points to them. Commits are
read once and kept, so walking the same history twice is cheap.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from aidb.errors import DamagedObjectError, InvalidInputError, MissingObjectError
from aidb.files import fsync_directory, storage_errors, write_durably
from aidb.types import HEADS, CommitId, ObjectId, RefName, branch_ref
from aidb.versioning.commits import (
    Commit,
    Header,
    Links,
    Person,
    clean_message,
    decode_commit,
    decode_links,
    decode_manifest_file,
    decode_tree,
    encode_commit,
    encode_manifest_file,
    encode_tree,
    join_message,
    parse_name,
    split_message,
)
from aidb.versioning.engine import Engine
from aidb.versioning.git_command import ask_git
from aidb.versioning.git_objects import GitObject, GitObjects, object_name, open_libgit2
from aidb.versioning.git_refs import GitRefs, Moving
from aidb.versioning.head import HEAD, Head
from aidb.versioning.identity import fallback_person
from aidb.versioning.protection import Move
from aidb.versioning.reflog import ReflogEntry

_KEPT = 65_536
_MAX_TAG_DEPTH = 5


# Commits are found by refs and reflogs alone; whoever runs `git gc` here must not lose old reflog entries.
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = true
[gc]
\treflogExpire = never
\treflogExpireUnreachable = never
"""


class GitEngine(Engine):
    """History in a bare Git repository."""

    def __init__(
        self,
        folder: Path,
        *,
        locks: Path | None = None,
        scratch: Callable[[], Path] | None = None,
        identity: Callable[[], Person] | None = None,
        moving: Moving | None = None,
    ) -> None:
        """`scratch()` gives a folder for temporary files; `identity()` who moves refs when nobody is named.

        `moving` is told of every move of a ref before it is made.
        """
        self.folder = folder
        objects = folder / "objects"
        self._objects = GitObjects(folder, scratch or (lambda: objects))
        self._refs = GitRefs(folder, locks or folder.parent / "locks", moving)
        self._identity = identity or self.default_person
        self._person: Person | None = None
        self._made: Commit | None = None
        """The commit made last: it need not be read back."""
        self._read_commit = lru_cache(maxsize=4096)(self._load_commit)
        self._read_links = lru_cache(maxsize=_KEPT)(self._load_links)
        # A walk asks for a commit's links and, soon after, for the commit.
        self._read_data = lru_cache(maxsize=256)(self._load_data)

    @classmethod
    def create(cls, folder: Path, first: RefName) -> None:
        """Make the empty repository, with HEAD on the branch `first`. Done again, it changes nothing.

        Not through libgit2: what it was killed in, it cannot go on with, and its errors do not say why.
        """
        with storage_errors(f"making {folder}"):
            if (folder / HEAD).exists():
                return
            for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            for name, text in (("config", _CONFIG), (HEAD, f"ref: {first}\n")):
                (folder / name).unlink(missing_ok=True)
                write_durably(folder / name, text.encode())
            fsync_directory(folder)

    # Commits

    def create_commit(
        self,
        root: ObjectId,
        files: int,
        bytes: int,  # noqa: A002 - the same word as in Commit
        parents: Iterable[CommitId],
        message: str,
        author: Person,
        code: str | None = None,
        *,
        time: datetime | None = None,
        committer: Person | None = None,
        commit_time: datetime | None = None,
    ) -> CommitId:
        if not author.name.strip():
            raise InvalidInputError(
                "a commit needs the name of its author",
                hints=('Set it: `aidb config user.name "Your Name"`.',),
            )
        now = datetime.now().astimezone()
        text = join_message(clean_message(message), code)
        blob = GitObject("blob", encode_manifest_file(root, files, bytes))
        tree = GitObject("tree", encode_tree(_raw_name(blob)))
        body = encode_commit(
            object_name(tree),
            tuple(parents),
            author,
            time or now,
            committer or author,
            commit_time or now,
            text,
        )
        made = CommitId(self._objects.write([blob, tree, GitObject("commit", body)])[-1])
        self._made = _decoded(made, decode_commit(body, made), blob.data)
        return made

    def read_commit(self, commit: CommitId) -> Commit:
        made = self._made
        return made if made is not None and made.id == commit else self._read_commit(commit)

    def links(self, commit: CommitId) -> Links:
        return self._read_links(commit)

    def _load_data(self, commit: CommitId) -> bytes:
        return self._read(commit, "commit", commit)

    def _load_links(self, commit: CommitId) -> Links:
        return decode_links(self._read_data(commit), commit)

    def _load_commit(self, commit: CommitId) -> Commit:
        header = decode_commit(self._read_data(commit), commit)
        blob = decode_tree(self._read(header.tree, "tree", commit), commit)
        return _decoded(commit, header, self._read(blob, "blob", commit))

    def _read(self, name: str, type_: str, commit: CommitId) -> bytes:
        what = f"commit {commit[:10]}" if name == commit else f"the {type_} of commit {commit[:10]}"
        found = self._objects.read(name, what)
        if found.type != type_:
            raise DamagedObjectError(f"{what} is a {found.type}, not a {type_}")
        return found.data

    def expand_prefix(self, prefix: str) -> list[CommitId]:
        prefix = prefix.lower()
        found = sorted(set(self._objects.with_prefix(prefix)))
        return [CommitId(name) for name in found if self._type(name) == "commit"]

    def _type(self, name: str) -> str:
        try:
            return self._objects.read(name, f"object {name[:10]}").type
        except DamagedObjectError:
            # It may be the commit that was asked for: reading it says what is wrong.
            return "commit"

    # Refs

    def read_ref(self, name: RefName) -> CommitId | None:
        value = self._refs.read(name)
        return None if value is None else self._peel(name, value)

    def list_refs(self, prefix: str = "refs/") -> dict[RefName, CommitId]:
        return {name: self._peel(name, value) for name, value in self._refs.values(prefix).items()}

    def _peel(self, name: RefName, value: CommitId) -> CommitId:
        """An annotated tag, made by plain Git, stands for the commit it names."""
        if name == HEAD or name.startswith(HEADS):
            return value
        for _ in range(_MAX_TAG_DEPTH):
            try:
                found = self._objects.read(value, f"the target of {name}")
            except (DamagedObjectError, MissingObjectError):
                return value
            if found.type != "tag":
                return value
            try:
                value = CommitId(parse_name(found.data[7:47]))
            except ValueError:
                return value  # reading it as a commit says what is wrong
        return value

    def update_ref(
        self,
        name: RefName,
        expected: CommitId | None,
        new: CommitId | None,
        reason: str,
        person: Person | None = None,
        *,
        move: Move = "commit",
    ) -> None:
        if new is None and name == HEAD:
            raise InvalidInputError("HEAD cannot be deleted")
        self._require(new)
        self.refuse_update(name, expected, new, move)
        made = self._made
        is_told = made is not None and made.id == new and expected in made.parents
        self._refs.update(name, expected, new, reason, person or self._identity(), is_told=is_told)

    def _require(self, commit: CommitId | None) -> None:
        """A ref may only point to what is there."""
        if commit is not None and not self._objects.contains(commit):
            raise MissingObjectError(f"commit {commit[:10]} is not in this repository")

    def rename_ref(
        self, old: RefName, new: RefName, reason: str, person: Person | None = None, *, begun: bool = False
    ) -> None:
        self.refuse_protected(old, "delete")
        value = self.read_ref(old)
        head = self.head()
        if value is not None and not (begun and self.read_ref(new) == value):
            # The new name first, the old one last: a crash in between leaves both, never neither.
            self._refs.copy(old, new, reason, person or self._identity())
        if head.branch is not None and branch_ref(head.branch) == old:
            self.set_head(new.removeprefix(HEADS), reason=reason, person=person)
        if value is not None:
            self.update_ref(old, value, None, reason, person)

    def reflog(self, name: RefName) -> list[ReflogEntry]:
        return self._refs.reflog(name)

    # HEAD

    def head(self) -> Head:
        return self._refs.head()

    def set_head(
        self,
        branch: str | None,
        commit: CommitId | None = None,
        reason: str | None = None,
        person: Person | None = None,
    ) -> None:
        if branch is None and commit is None:
            raise InvalidInputError("HEAD needs a branch or a commit")
        self._require(commit if branch is None else None)
        reason = reason or self.switch_reason(branch, commit)
        ref = None if branch is None else branch_ref(branch)
        self._refs.set_head(ref, commit, reason, person or self._identity())

    def forget_moves(self, before: datetime) -> int:
        return self._refs.expire(before)

    def roots(self, since: datetime | None = None) -> list[CommitId]:
        found = dict.fromkeys(self.list_refs().values())
        if (head := self.head().commit) is not None:
            found[head] = None
        for name in self._refs.logged():
            for entry in self._refs.reflog(name):
                if since is not None and entry.time < since:
                    continue
                found.update((commit, None) for commit in (entry.new, entry.old) if commit is not None)
        return list(found)

    def default_person(self) -> Person:
        """Who Git's configuration says the person is; otherwise the login name at this host. Asked once."""
        if self._person is None:
            self._person = self._ask_git()
        return self._person

    def _ask_git(self) -> Person:
        fallback = fallback_person()
        known = _git_settings(self.folder, "user.name", "user.email")
        return Person(known.get("user.name") or fallback.name, known.get("user.email") or fallback.email)


def _decoded(commit: CommitId, header: Header, manifest_file: bytes) -> Commit:
    totals = decode_manifest_file(manifest_file, commit)
    message, code = split_message(header.text)
    return Commit(
        id=commit,
        parents=header.parents,
        message=message,
        author=header.author,
        time=header.time,
        committer=header.committer,
        commit_time=header.commit_time,
        root=ObjectId(_from_hex(totals.manifest)),
        files=totals.files,
        bytes=totals.bytes,
        code=code,
    )


def _git_settings(folder: Path, *keys: str) -> dict[str, str]:
    """What Git's configuration says. Of the command if there is one: it is started in less time than libgit2 is."""
    told = ask_git(folder, "config", "--null", "--get-regexp", f"^({'|'.join(map(re.escape, keys))})$")
    if told is None:
        config = open_libgit2(folder).config
        return {key: str(config[key]) for key in keys if key in config}
    pairs = (line.partition("\n") for line in os.fsdecode(told).split("\0") if line)
    return {key: value for key, _, value in pairs}


def _raw_name(item: GitObject) -> bytes:
    return _from_hex(object_name(item))


_from_hex = bytes.fromhex
