"""What a commit is, and how it is written as Git objects.

A commit's tree holds one small file, `manifest.json`, which names the manifest of the version (docs/spec/commit.md).
The Git commit of the code it was made with, if known, is a trailer of the message: `Code-Commit: <id>`.

Only bytes here: nothing in this module opens a repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, NamedTuple

import msgspec

from aidb.errors import DamagedObjectError, InvalidInputError, UnsupportedFormatError
from aidb.types import CommitId, ObjectId

FORMAT = 1
MANIFEST_FILE = b"manifest.json"
MAX_MANIFEST_FILE = 64 * 1024
"""A `manifest.json` is about 150 bytes; anything near this was not written by aidb."""

CODE_TRAILER = "Code-Commit"
_CODE = re.compile(r"[0-9a-f]{7,64}(?:-dirty)?")
_CODE_LINE = re.compile(rf"(?:\A|\n){CODE_TRAILER}: ({_CODE.pattern})\Z")
_TRAILER_LINE = re.compile(r"[A-Za-z][A-Za-z0-9-]*: \S")
_FORBIDDEN = re.compile(r"[<>\n\r\0]")
_NAME = re.compile(rb"[0-9a-f]{40}")
_TREE_START = b"100644 " + MANIFEST_FILE + b"\0"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote something, as Git records it."""

    name: str
    email: str

    def __post_init__(self) -> None:
        if _FORBIDDEN.search(self.name) or _FORBIDDEN.search(self.email):
            raise InvalidInputError(
                f"a name or e-mail address cannot hold '<', '>' or a line break: {str(self)!r}",
                hints=("Set them with `aidb config user.name …` and `aidb config user.email …`.",),
            )

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class Commit:
    """One version: what it holds, where it came from, who made it, when and why.

    `time` is when it was written (Git's author date), `commit_time` when this commit object was made, which differs
    after an amend. `code` is the Git commit of the code, with `-dirty` if the code had uncommitted changes.
    """

    id: CommitId
    parents: tuple[CommitId, ...]
    message: str
    author: Person
    time: datetime
    committer: Person
    commit_time: datetime
    root: ObjectId
    files: int
    bytes: int
    code: str | None = None

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def is_merge(self) -> bool:
        return len(self.parents) > 1


class Links(NamedTuple):
    """What the order of history needs of a commit: its parents and its commit time in seconds since 1970."""

    parents: tuple[CommitId, ...]
    time: int


class Header(NamedTuple):
    """A Git commit object, decoded, without what its tree says."""

    tree: str
    parents: tuple[CommitId, ...]
    author: Person
    time: datetime
    committer: Person
    commit_time: datetime
    text: str


_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Totals(msgspec.Struct, frozen=True):
    """`manifest.json`: which manifest a commit is of, and what it adds up to."""

    manifest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    files: _Count
    bytes: _Count


class _Format(msgspec.Struct):
    format: int


_FORMAT_DECODER = msgspec.json.Decoder(_Format)
_TOTALS_DECODER = msgspec.json.Decoder(Totals)


def encode_manifest_file(root: ObjectId, files: int, size: int) -> bytes:
    """The `manifest.json` of a version."""
    return b'{"format": %d, "manifest": "%s", "files": %d, "bytes": %d}\n' % (
        FORMAT,
        root.hex().encode(),
        files,
        size,
    )


def decode_manifest_file(data: bytes, commit: CommitId) -> Totals:
    """Read a `manifest.json`; errors name the commit it belongs to."""
    if len(data) > MAX_MANIFEST_FILE:
        raise _damaged(commit, f"its manifest.json has {len(data):,} bytes")
    try:
        found = _FORMAT_DECODER.decode(data).format
        if found != FORMAT:
            raise UnsupportedFormatError(
                f"commit {commit[:10]} has format {found}; this version of aidb reads format {FORMAT}",
                hints=("Upgrade aidb: `pip install --upgrade aidb`.",),
            )
        return _TOTALS_DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(commit, f"its manifest.json cannot be read: {error}") from error


def encode_tree(blob: bytes) -> bytes:
    """A Git tree that holds one file, `manifest.json`, with the raw id `blob`."""
    return _TREE_START + blob


def decode_tree(data: bytes, commit: CommitId) -> str:
    """The id of the `manifest.json` in a tree."""
    if len(data) == len(_TREE_START) + 20 and data.startswith(_TREE_START):
        return data[-20:].hex()
    start = 0
    while start < len(data):
        end = data.find(b"\0", start)
        if end < 0 or end + 21 > len(data):
            break
        if data[start:end].partition(b" ")[2] == MANIFEST_FILE:
            return data[end + 1 : end + 21].hex()
        start = end + 21
    raise _damaged(commit, "it was not made by aidb: its tree holds no manifest.json")


def encode_commit(
    tree: str,
    parents: tuple[CommitId, ...],
    author: Person,
    time: datetime,
    committer: Person,
    commit_time: datetime,
    text: str,
) -> bytes:
    """A Git commit object."""
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {signature(author, time)}", f"committer {signature(committer, commit_time)}"]
    return "\n".join([*lines, "", text]).encode("utf-8", "replace")


def decode_commit(data: bytes, commit: CommitId) -> Header:
    """Read a Git commit object, by whichever program it was written."""
    head, _, body = data.partition(b"\n\n")
    fields: dict[bytes, list[bytes]] = {}
    for line in head.split(b"\n"):
        name, _, value = line.partition(b" ")
        fields.setdefault(name, []).append(value)
    try:
        author, time = parse_signature(fields[b"author"][0])
        committer, commit_time = parse_signature(fields[b"committer"][0])
        tree = parse_name(fields[b"tree"][0])
        parents = tuple(CommitId(parse_name(parent)) for parent in fields.get(b"parent", ()))
    except (KeyError, ValueError) as error:
        raise _damaged(commit, "it cannot be read as a commit") from error
    text = _decode_text(body, fields.get(b"encoding"))
    return Header(tree, parents, author, time, committer, commit_time, text)


def decode_links(data: bytes, commit: CommitId) -> Links:
    """Only the parents and the time of a Git commit object: the fast way through a long history."""
    head = data.partition(b"\n\n")[0]
    lines = head.split(b"\n")
    try:
        parents = tuple(CommitId(parse_name(line[7:])) for line in lines if line.startswith(b"parent "))
        committer = next(line for line in lines if line.startswith(b"committer "))
        return Links(parents, int(committer.rpartition(b">")[2].split()[0]))
    except (StopIteration, ValueError, IndexError) as error:
        raise _damaged(commit, "it cannot be read as a commit") from error


def parse_name(raw: bytes) -> str:
    """The id of an object, as another object names it. Raises ValueError for anything that could be another file."""
    if not _NAME.fullmatch(raw):
        raise ValueError("an object is named by 40 hexadecimal digits")
    return raw.decode("ascii")


def _decode_text(body: bytes, encoding: list[bytes] | None) -> str:
    if encoding:
        try:
            return body.decode(encoding[0].decode("ascii"))
        except (LookupError, ValueError):
            pass  # no encoding that there is, or not that of this text
    return body.decode("utf-8", "replace")


def signature(person: Person, time: datetime) -> str:
    """`Name <email> seconds +hhmm`, as Git writes it."""
    offset = time.utcoffset()
    if offset is None:
        raise InvalidInputError("a time without a time zone cannot be recorded")
    seconds = int(time.timestamp())
    if seconds < 0:
        raise InvalidInputError(f"a time before 1970 cannot be recorded: {time.isoformat()}")
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{person.name} <{person.email}> {seconds} {sign}{hours:02d}{rest:02d}"


def parse_signature(raw: bytes) -> tuple[Person, datetime]:
    """The reverse of `signature`. Raises ValueError."""
    name, left, rest = raw.partition(b"<")
    email, right, when = rest.rpartition(b">")
    if not left or not right:
        raise ValueError("a signature has no e-mail address")
    seconds, zone = when.split()
    person = Person(_clean(name), _clean(email))
    try:
        return person, datetime.fromtimestamp(int(seconds), _zone(zone))
    except (OSError, OverflowError) as error:
        raise ValueError("a signature has a time that cannot be") from error


def _clean(raw: bytes) -> str:
    return _FORBIDDEN.sub("", raw.decode("utf-8", "replace")).strip()


def _zone(text: bytes) -> timezone:
    number = int(text)
    hours, minutes = divmod(abs(number), 100)
    if number == 0 or hours > 23 or minutes > 59:
        return UTC
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if number < 0 else offset)


def clean_message(message: str) -> str:
    """The message as it is recorded: as typed, without blank lines around it. Raises InvalidInputError if empty."""
    if "\0" in message:
        raise InvalidInputError("a commit message cannot hold a NUL character")
    lines = [line.rstrip() for line in message.split("\n")]
    text = "\n".join(lines).strip("\n")
    if not text.strip():
        raise InvalidInputError(
            "the commit message is empty", hints=('Say what this version is for: `aidb commit -m "…"`.',)
        )
    return text


def join_message(message: str, code: str | None) -> str:
    """The text of the Git commit: the message and, as its last trailer, the code commit."""
    if code is None:
        return message + "\n"
    if not _CODE.fullmatch(code):
        raise InvalidInputError(f"{code!r} is not the id of a Git commit")
    last = message.rpartition("\n\n")[2]
    in_trailers = last != message and all(_TRAILER_LINE.match(line) for line in last.split("\n"))
    return f"{message}{chr(10) if in_trailers else chr(10) * 2}{CODE_TRAILER}: {code}\n"


def split_message(text: str) -> tuple[str, str | None]:
    """The reverse of `join_message`."""
    text = text.strip("\n")
    found = _CODE_LINE.search(text)
    if found is None:
        return text, None
    return text[: found.start()].rstrip("\n"), found.group(1)


def _damaged(commit: CommitId, problem: str) -> DamagedObjectError:
    return DamagedObjectError(
        f"commit {commit[:10]} is damaged: {problem}",
        hints=("`aidb fsck` lists everything that is damaged.",),
    )
