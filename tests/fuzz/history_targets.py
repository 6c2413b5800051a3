"""The parsers of the history: manifest nodes, Git's objects, refs and reflogs."""

from __future__ import annotations

import hashlib
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

from aidb.errors import AidbError
from aidb.store.hashing import hash_bytes
from aidb.types import CommitId, Entry, Kind, ObjectId, RefName, branch_ref
from aidb.versioning.commits import (
    Links,
    Person,
    decode_commit,
    decode_links,
    decode_manifest_file,
    decode_tree,
    encode_commit,
    encode_manifest_file,
    encode_tree,
    join_message,
    signature,
    split_message,
)
from aidb.versioning.git_engine import GitEngine
from aidb.versioning.git_objects import GitObject, GitObjects, decode_loose
from aidb.versioning.git_refs import GitRefs
from aidb.versioning.head import HEAD, read_head
from aidb.versioning.manifest.codec import decode_node, encode_inner, encode_leaf
from aidb.versioning.manifest.node import Leaf, Subtree
from aidb.versioning.reflog import format_line, parse_lines, previous_branches
from tests.fuzz.scratch import scratch
from tests.fuzz.target import Target

COMMIT = CommitId("ab" * 20)
ADA = Person("Ada Lovelace", "ada@example.com")
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def manifest_node_target(data: bytes) -> None:
    node = decode_node(data, hash_bytes(data))
    count = len(node)
    if isinstance(node, Leaf):
        assert encode_leaf(node.paths(0, count), node.rows(0, count)) == data
    else:
        assert encode_inner(node.level, node.paths(0, count), node.rows(0, count)) == data
        node.child_for(node.first)
    node.find(b"m")
    assert node.totals(0, count) == node.total


def loose_target(data: bytes) -> None:
    """Under the name that its content has: without it, nothing would get past the hash."""
    try:
        content = zlib.decompressobj().decompress(data, 1 << 20)
    except zlib.error:
        content = b""
    name = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    decode_loose(data, name, "the object")


def commit_target(data: bytes) -> None:
    """What walks read of a commit (its links) is what it says as a whole."""
    header = decode_commit(data, COMMIT)
    assert _links(data) == (header.parents, int(header.commit_time.timestamp()))
    assert all(map(re.compile("[0-9a-f]{40}").fullmatch, (header.tree, *header.parents)))
    split_message(header.text)
    signature(header.author, header.time)
    signature(header.committer, header.commit_time)


def _links(data: bytes) -> Links:
    try:
        return decode_links(data, COMMIT)
    except AidbError as error:
        raise AssertionError("the commit can be read, its links cannot") from error


def tag_target(data: bytes) -> None:
    """An annotated tag, as plain Git makes them, with any content."""
    folder = scratch(clean=True)
    GitEngine.create(folder / "git", branch_ref("main"))
    engine = GitEngine(folder / "git", scratch=lambda: folder)
    (name,) = GitObjects(folder / "git", lambda: folder).write([GitObject("tag", data)])
    (folder / "git" / "refs" / "tags" / "v1").write_text(f"{name}\n")
    for commit in engine.list_refs().values():
        engine.read_commit(commit)


def tree_target(data: bytes) -> None:
    blob = decode_tree(data, COMMIT)
    assert len(blob) == 40


def manifest_file_target(data: bytes) -> None:
    totals = decode_manifest_file(data, COMMIT)
    bytes.fromhex(totals.manifest)
    encoded = encode_manifest_file(ObjectId(bytes.fromhex(totals.manifest)), totals.files, totals.bytes)
    assert decode_manifest_file(encoded, COMMIT) == totals


def reflog_target(data: bytes) -> None:
    entries = parse_lines(data)
    previous_branches(entries)
    for old, new, person, time, reason in entries:
        (again,) = parse_lines(format_line(old, new, person, time, reason))
        assert (again.old, again.new, again.person, again.time) == (old, new, person, time)


def packed_refs_target(data: bytes) -> None:
    refs = _refs(**{"packed-refs": data, "HEAD": b"ref: refs/heads/main\n"})
    for name in refs.values("refs/"):
        refs.read(name)
    refs.update(branch_ref("main"), refs.read(branch_ref("main")), COMMIT, "moved", ADA)
    refs.update(branch_ref("main"), COMMIT, None, "deleted", ADA)


def head_target(data: bytes) -> None:
    folder = scratch()
    refs = _refs(HEAD=data)
    quick = read_head(folder / "git")
    assert quick in (None, refs.head())
    refs.read(RefName(HEAD))


def loose_ref_target(data: bytes) -> None:
    refs = _refs(**{"HEAD": b"ref: refs/heads/main\n", "refs/heads/main": data})
    folder = scratch()
    quick = read_head(folder / "git")
    assert quick in (None, refs.head())
    refs.values("refs/heads/")


def intent_target(data: bytes) -> None:
    """What a killed command noted of the lock files it made; only those may be removed."""
    refs = _refs(HEAD=b"ref: refs/heads/main\n")
    folder = scratch()
    (folder / "locks" / "refs.intent").write_bytes(data)
    for precious in (folder / "precious.lock", folder / "git" / "config.lock"):
        precious.touch()
    refs.update(branch_ref("main"), None, COMMIT, "made", ADA)
    assert (folder / "precious.lock").exists()


def _refs(**files: bytes) -> GitRefs:
    """Refs in a folder that holds just these files."""
    folder = scratch(clean=True)
    GitEngine.create(folder / "git", branch_ref("main"))
    (folder / "locks").mkdir()
    for name, data in files.items():
        file: Path = folder / "git" / name
        file.write_bytes(data)
    return GitRefs(folder / "git", folder / "locks")


# Seeds


def _entry(number: int, kind: Kind = Kind.FILE) -> Entry:
    return Entry(kind, number, hash_bytes(b"%d" % number), hash_bytes(b"recipe") if number % 3 == 2 else None)


def _nodes() -> list[bytes]:
    paths = [b"a", b"b.txt", b"train/1.png", b"train/2.png", b"\xc3\xa9"]
    entries = [_entry(number, Kind(number % 3)) for number in range(5)]
    subtrees = [Subtree(hash_bytes(b"%d" % number), number + 1, 10 * number) for number in range(4)]
    return [
        encode_leaf([], []),
        encode_leaf(paths, entries),
        encode_leaf([b"folder/" + path for path in paths], entries),
        encode_inner(1, paths[:4], subtrees),
        encode_inner(2, [b"x/" + path for path in paths[:4]], subtrees),
    ]


def _commits() -> list[bytes]:
    text = join_message("A message\n\nwith more", "ab" * 20)
    plain = encode_commit("12" * 20, (), ADA, THEN, ADA, THEN, "first\n")
    merge = encode_commit("12" * 20, (COMMIT, CommitId("cd" * 20)), ADA, THEN, ADA, THEN, text)
    return [plain, merge, merge.replace(b"\n\n", b"\nencoding latin-1\ngpgsig x\n y\n\n", 1)]


def _loose() -> list[bytes]:
    items = [
        GitObject("commit", _commits()[0]),
        GitObject("blob", b""),
        GitObject("tree", encode_tree(bytes(20))),
    ]
    return [zlib.compress(b"%s %d\0%s" % (kind.encode(), len(data), data)) for kind, data in items]


def _trees() -> list[bytes]:
    own = encode_tree(bytes(range(20)))
    return [own, b"100644 a\0" + bytes(20) + own]


def _packed_refs() -> list[bytes]:
    line = COMMIT.encode()
    head = b"# pack-refs with: peeled fully-peeled sorted \n"
    return [
        head + line + b" refs/heads/main\n" + line + b" refs/tags/v1\n^" + line + b"\n",
        head,
        line + b" refs/heads/a/b\n",
    ]


TARGETS = [
    Target("manifest-node", manifest_node_target, _nodes),
    Target("git-loose", loose_target, _loose),
    Target("git-commit", commit_target, _commits),
    Target("git-tree", tree_target, _trees),
    Target(
        "git-tag", tag_target, lambda: [b"object " + COMMIT.encode() + b"\ntype commit\ntag v1\n\nmessage\n"]
    ),
    Target("manifest-json", manifest_file_target, lambda: [encode_manifest_file(hash_bytes(b""), 12, 3456)]),
    Target(
        "reflog",
        reflog_target,
        lambda: [
            format_line(None, COMMIT, ADA, THEN, "commit (initial): first")
            + format_line(COMMIT, COMMIT, ADA, THEN, "checkout: moving from main to clean")
        ],
    ),
    Target("packed-refs", packed_refs_target, _packed_refs),
    Target("head", head_target, lambda: [b"ref: refs/heads/main\n", f"{COMMIT}\n".encode()]),
    Target("loose-ref", loose_ref_target, lambda: [f"{COMMIT}\n".encode(), b"ref: refs/heads/other\n"]),
    Target("refs-intent", intent_target, lambda: [b"refs/heads/main\npacked-refs\n\n", b"\n"]),
]
