"""The parsers of the workspace and of what people write: index, lock file, settings, ignore files, checks."""

from __future__ import annotations

import os
import struct
import zlib
from datetime import UTC, datetime

from blake3 import blake3

from aidb.checks.file import parse_checks
from aidb.checks.rules.contents import READERS
from aidb.checks.selection import Selection
from aidb.config import Config
from aidb.errors import InvalidInputError
from aidb.inside.attributes import Attributes
from aidb.store import MemoryBackend
from aidb.store.hashing import hash_bytes
from aidb.store.suspects import KEY as SUSPECTS
from aidb.store.suspects import read_suspects, write_suspects
from aidb.types import CommitId, Entry, Kind, RepoPath
from aidb.versioning.operations import Files, Merging, Move, OperationLog, Rename, StateChange, View
from aidb.versioning.operations.record import Line, encode_line
from aidb.versioning.protection import Protections
from aidb.versioning.workspace.index.file import MAGIC, Block, IndexWriter, Place, Table
from aidb.versioning.workspace.index.index import Index, open_index
from aidb.versioning.workspace.index.rows import ROW
from aidb.versioning.workspace.index.state import (
    Conflict,
    State,
    Unfinished,
    decode_state,
    encode_conflicts,
    encode_state,
)
from aidb.versioning.workspace.lockfile import parse_lock
from aidb.versioning.workspace.verbs.bisect import decode_marks
from aidb.versioning.workspace.views import roots_of, state_before
from tests.checks.rules.test_contents import SOUND
from tests.checks.test_file import EVERYTHING
from tests.fuzz.scratch import scratch
from tests.fuzz.target import Target

_FOOTER = struct.Struct("<QQQ32s8s")
_MOST_BLOCKS = 64
THEN = datetime(2026, 11, 25, tzinfo=UTC)


def index_file_target(data: bytes) -> None:
    """As it is, and with checksums that are right."""
    folder = scratch()
    for content in (data, signed(data)):
        path = folder / "index"
        path.write_bytes(content)
        file = open_index(path)
        index = Index(file)
        for name in index.folders()[:_MOST_BLOCKS]:
            for path_ in list(index.tracked_below(name))[:_MOST_BLOCKS]:
                index.row(path_)
        index.subfolders()


def operations_target(data: bytes) -> None:
    """Each line as it is, and with a checksum that is right."""
    folder = scratch()
    lines = [part for line in data.split(b"\n") for part in (line, _checked(line))]
    (folder / "operations").write_bytes(b"\n".join(lines))
    log = OperationLog(folder / "operations", folder, scratch)
    log.roots(THEN)
    for operation in log.read():
        operation.net_moves()
        if operation.files is not None:
            roots_of(operation.files)
        if operation.states:
            state_before(operation, State())


def _checked(body: bytes) -> bytes:
    return blake3(body).hexdigest()[:16].encode() + b" " + body


def _operations() -> list[bytes]:
    """The bodies of the lines of some operations."""
    root, other = (hash_bytes(text).hex() for text in (b"one", b"other"))
    view = View("ab" * 20, root, other, Merging("merge", ("cd" * 20,), root, "both", "clean"))
    conflicts = encode_conflicts(list(STATE.conflicts))
    lines = [
        Line("3f1c", THEN, "Ada", "reset", "--hard HEAD", local=True),
        Line("3f1c", move=Move("HEAD", "ab" * 20, "ref: refs/heads/main"), renames=(Rename(b"a", b"b\xff"),)),
        Line("3f1c", files=Files(root, other, 3, ("lost",)), state=StateChange(view, View(), conflicts, b"")),
        Line("3f1c", done=True),
    ]
    bodies = [encode_line(line).partition(b" ")[2].rstrip(b"\n") for line in lines]
    return [b"\n".join(bodies), bodies[0], bodies[2]]


def bisect_target(data: bytes) -> None:
    marks = decode_marks(data)
    for commit in (marks.bad, *marks.good, *marks.skipped):
        assert commit is None or len(bytes.fromhex(commit)) == 20


def suspects_target(data: bytes) -> None:
    """Advice: whatever it says, it is understood or passed over."""
    backend = MemoryBackend()
    backend.put(SUSPECTS, data)
    known = read_suspects(backend)
    write_suspects(backend, known)
    assert read_suspects(backend) == known


def signed(data: bytes) -> bytes:
    """An index file whose checksums are made to fit: else a fuzzer sees nothing but wrong ones."""
    if len(data) < _FOOTER.size:
        return data
    table_at, table_length, state_length, _, magic = _FOOTER.unpack(data[-_FOOTER.size :])
    if table_at + table_length + state_length + _FOOTER.size != len(data):
        return data
    table, state = data[table_at : table_at + table_length], data[table_at + table_length : -_FOOTER.size]
    table = _with_checksums(data, table, table_at)
    footer = _FOOTER.pack(table_at, len(table), len(state), blake3(table + state).digest(), magic)
    return data[:table_at] + table + state + footer


def _with_checksums(data: bytes, table: bytes, end: int) -> bytes:
    try:
        known = Table.decode(table, end)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the parser will meet it
        return table
    places = [
        Place(p.offset, p.length, zlib.crc32(data[p.offset : p.offset + p.length]), p.files)
        for p in known.places
    ]
    return Table(known.folders, places).encode()


def block_target(data: bytes) -> None:
    block = Block.decode(data)
    assert block.encode() == data
    assert len(block.names) == len(block.decoded_names) == len(list(block.items()))
    for name in block.names:
        block.row(name)


def table_target(data: bytes) -> None:
    assert Table.decode(data, 1 << 20).encode() == data


def state_target(data: bytes) -> None:
    assert encode_state(decode_state(data)) == data


def lock_target(data: bytes) -> None:
    parse_lock(data)


def config_target(data: bytes) -> None:
    file = scratch(clean=True) / "config.toml"
    file.write_bytes(data)
    refused = 0
    for action in (list, lambda config: dict(Protections(config)), set_and_unset):
        try:
            action(Config(file))
        except InvalidInputError:
            refused += 1
    if refused:
        raise InvalidInputError("it cannot be read, or not be changed")


def set_and_unset(config: Config) -> None:
    config.set("user.name", "Ada")
    assert config.get("user.name") == "Ada"
    config.unset("user.name")
    Protections(config).protect("main")
    assert "main" in Protections(config)


def checks_target(data: bytes) -> None:
    for check in parse_checks(data):
        assert check.rules
        check.selection.covers(b"train/1.png")
        check.selection.applies("commit", "main")


def ignore_target(data: bytes) -> None:
    lines = os.fsdecode(data).splitlines()
    Selection(paths=tuple(lines)).covers(b"train/\xff 1.png")


def attributes_target(data: bytes) -> None:
    Attributes(lambda path: data if path == b".aidbattributes" else None).of(b"train/\xff 1.csv")


def contents_target(data: bytes) -> None:
    """The first byte says as what the rest is to be read."""
    if data:
        import io

        read = list(READERS.values())[data[0] % len(READERS)]
        problem = read(io.BytesIO(data[1:]), len(data) - 1)
        assert problem is None or problem.isprintable() or "\n" not in problem


# Seeds


def _block(*names: bytes) -> Block:
    return Block.of((name, ROW.pack(1, 2, 3, number, 0o100644)) for number, name in enumerate(sorted(names)))


def _index_file() -> bytes:
    path = scratch() / "seed"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    writer = IndexWriter(fd)
    writer.add(b"", _block(b"a", b"b"))
    writer.add(b"train", _block(b"1.png", b"2.png", b"\xff"))
    writer.finish(STATE)
    os.close(fd)
    data = path.read_bytes()
    assert data.startswith(MAGIC)
    return data


def _entry(number: int) -> Entry:
    return Entry(Kind(number), 10, hash_bytes(b"%d" % number), hash_bytes(b"") if number else None)


STATE = State(
    CommitId("cd" * 20),
    hash_bytes(b"b"),
    hash_bytes(b"s"),
    Unfinished("merge", (CommitId("ab" * 20),), hash_bytes(b"m"), "Merge é", "clean"),
    (Conflict(RepoPath(b"a/b"), _entry(0), None, _entry(1), "both changed it", "row 3"),),
)


def _tables() -> list[bytes]:
    places = [Place(8, 100, 1234, 2), Place(108, 50, 99, 1)]
    return [Table([], []).encode(), Table([b"", b"train/deep"], places).encode()]


_LOCK = b'format = 1\ncommit = "%s"\nbranch = "main"\nmanifest = "00"\nfiles = 1\nbytes = 2\n' % (b"ab" * 20)
_CONFIG = b'[user]\nname = "Ada"\n[store]\ncompression = "none"\n[branches.main]\nprotected = true\nallow = ["merge"]\n'

TARGETS = [
    Target("index-file", index_file_target, lambda: [_index_file()]),
    Target("index-block", block_target, lambda: [_block().encode(), _block(b"a", b"b").encode()]),
    Target("index-table", table_target, _tables),
    Target("index-state", state_target, lambda: [encode_state(State()), encode_state(STATE)]),
    Target("operations", operations_target, _operations),
    Target(
        "bisect",
        bisect_target,
        lambda: [b'{"origin":"main","bad":"%s","good":["%s"],"skipped":[]}\n' % (b"ab" * 20, b"cd" * 20)],
    ),
    Target(
        "suspects",
        suspects_target,
        lambda: [b"%s.data %s\n" % (b"ef" * 32, b"01" * 32)],
    ),
    Target("aidb-lock", lock_target, lambda: [_LOCK]),
    Target("config", config_target, lambda: [_CONFIG, b""]),
    Target("checks-file", checks_target, lambda: [EVERYTHING.encode(), b"[[check]]\nmax_files = 3\n"]),
    Target("ignore-file", ignore_target, lambda: [b"*.tmp\n!keep.tmp\n/train/**/[0-9]*\n# no\n\\#yes\n"]),
    Target(
        "attributes",
        attributes_target,
        lambda: [b"*.csv merge=table key=a,b\n*.bin diff=none\n# no\n[a]* x\n"],
    ),
    Target(
        "contents",
        contents_target,
        lambda: [bytes([number]) + SOUND[kind] for number, kind in enumerate(READERS) if kind in SOUND],
    ),
]
