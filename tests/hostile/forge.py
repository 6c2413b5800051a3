"""Making what aidb itself refuses to make: manifests and packs as an attacker would write them."""

from __future__ import annotations

from itertools import takewhile

import msgspec

import aidb
from aidb.store import PackKind
from aidb.types import Entry, Kind, ObjectId, RefName
from aidb.versioning.manifest.node import SEPARATOR
from tests.faults.tree import File


def store_file(repo: aidb.Repository, file: File) -> Entry:
    """An honest entry, for a path of any kind."""
    with repo.store.writer() as writer:
        blob = writer.put_blob(file.data)
        writer.flush()
    return Entry(file.kind, blob.size, blob.id, blob.recipe)


def forged_leaf(rows: list[tuple[bytes, Entry]]) -> bytes:
    """A leaf with these rows, in this order, right in everything but what the rows say."""
    prefix, names = _relative([path for path, _ in rows])
    entries = [entry for _, entry in rows]
    recipe_at = [at for at, entry in enumerate(entries) if entry.recipe is not None]
    columns = (
        1,
        0,
        prefix,
        names,
        bytes(entry.kind for entry in entries),
        [entry.size for entry in entries],
        b"".join(entry.blob for entry in entries),
        recipe_at,
        b"".join(entries[at].recipe or b"" for at in recipe_at),
    )
    return msgspec.msgpack.encode(columns)


def forged_inner(
    level: int, paths: list[bytes], ids: list[ObjectId], counts: list[int], sizes: list[int]
) -> bytes:
    """An inner node that claims what it likes about its children."""
    prefix, names = _relative(paths)
    return msgspec.msgpack.encode((1, level, prefix, names, counts, sizes, b"".join(ids)))


def _relative(paths: list[bytes]) -> tuple[bytes, bytes]:
    """The folder that all paths share, and their names below it in one string, as the format has it."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(paths[0], paths[-1], strict=False))
    cut = bytes(one for one, _ in alike).rfind(b"/") + 1
    return paths[0][:cut], SEPARATOR.join(path[cut:] for path in paths)


def store_node(repo: aidb.Repository, node: bytes) -> ObjectId:
    with repo.store.writer() as writer:
        node_id = writer.put_chunk(node, kind=PackKind.META)
        writer.flush()
    return node_id


def publish(repo: aidb.Repository, branch: str, root: ObjectId, *, files: int = 1, size: int = 1) -> str:
    """Make a commit of a forged manifest on top of main and point a branch at it, as a pushed branch would."""
    like = repo.commit_at("main")
    commit = repo.engine.create_commit(
        root=root,
        files=files,
        bytes=size,
        parents=[like.id],
        message="trust me",
        author=like.author,
        code=None,
    )
    ref = RefName(f"refs/heads/{branch}")
    repo.engine.update_ref(ref, expected=repo.engine.read_ref(ref), new=commit, reason="forged")
    return commit


def entries_of(
    repo: aidb.Repository, paths: list[bytes], content: bytes = b"evil\n"
) -> list[tuple[bytes, Entry]]:
    entry = store_file(repo, File(content, Kind.FILE))
    return [(path, entry) for path in paths]
