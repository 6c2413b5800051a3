"""Nodes as bytes: one content is exactly one byte string, and nothing else is accepted back.

A node is one MessagePack array (`docs/spec/manifest.md` has the tables). It is not compressed here: an id must not
depend on the version of a compression library, so the store compresses what it keeps and names what it was given.

Decoding trusts nothing: types, lengths, order, names and encoding are checked, and bounded by the shape of the format.
What one node cannot show (that a child holds what its parent says) is checked by the cursor that walks from one to the
other.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache, lru_cache
from operator import lt
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from aidb.errors import DamagedObjectError, InvalidInputError, InvalidPathError, UnsupportedFormatError
from aidb.types import ID_SIZE, MAX_PATH, Entry, Kind, ObjectId, path_problem, show_path
from aidb.versioning.manifest.node import SEPARATOR, Inner, Leaf, Subtree
from aidb.versioning.manifest.shape import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = 1
MAX_LEVEL = 32
"""Far above any real tree: it bounds the work that a chain of nodes with one child each can cause."""
MAX_NODE = 1024 * 1024
"""No node of the production shape comes near; more is refused before it is parsed."""
MAX_BYTES = 2**63 - 1
"""Largest size of a file, and of all files of a version together."""

_KIND_BYTES = bytes(Kind)
_TOO_LARGE = "its files have too many bytes together"
_LEAF_START = bytes([0x99, FORMAT, 0])
_find_odd_part = re.compile(rb"/[./\0]").search
"""Finds a part of a name, but not of its first, that begins with a dot or is empty."""


Made = TypeVar("Made", Leaf, Inner)


class _BadNodeError(Exception):
    """Why some bytes are no node."""


@cache
def _msgspec() -> tuple[Any, Any, Any, type[Exception]]:
    """Encoder, leaf decoder, inner decoder, error. Loaded at the first node, as msgspec takes 30 ms to import."""
    import msgspec

    count = Annotated[int, msgspec.Meta(ge=0, le=MAX_BYTES)]
    leaf = tuple[int, int, bytes, bytes, bytes, list[count], bytes, list[count], bytes]
    inner = tuple[int, int, bytes, bytes, list[count], list[count], bytes]
    return (
        msgspec.msgpack.Encoder().encode,
        msgspec.msgpack.Decoder(leaf).decode,
        msgspec.msgpack.Decoder(inner).decode,
        msgspec.DecodeError,
    )


def encode_leaf(paths: Sequence[bytes], entries: Sequence[Entry]) -> bytes:
    """The bytes of a leaf. `paths` are sorted; raises InvalidInputError for what no manifest may hold."""
    prefix, names, joined = _relative(paths)
    kinds, sizes, blobs, recipes = zip(*entries, strict=True) if entries else ((), (), (), ())
    recipe_at = [at for at, recipe in enumerate(recipes) if recipe is not None] if any(recipes) else []
    recipe_ids = [recipes[at] for at in recipe_at]
    kind_bytes = bytes(kinds)
    problem = _names_problem(prefix, names, joined) or _kinds_problem(kind_bytes)
    if sizes and (min(sizes) < 0 or sum(sizes) > MAX_BYTES):
        problem = "a size is negative" if min(sizes) < 0 else _TOO_LARGE
    if problem is None and (set(map(len, blobs)) | set(map(len, recipe_ids))) - {ID_SIZE}:
        problem = "an id has the wrong length"
    if problem:
        raise _invalid(problem, prefix, names)
    columns = (kind_bytes, sizes, b"".join(blobs), recipe_at, b"".join(recipe_ids))
    return _encode((FORMAT, 0, prefix, joined, *columns))


def encode_inner(level: int, paths: Sequence[bytes], subtrees: Sequence[Subtree]) -> bytes:
    """The bytes of an inner node above subtrees of `level` - 1."""
    prefix, _, joined = _relative(paths)
    ids, file_counts, byte_counts = zip(*subtrees, strict=True)
    if sum(byte_counts) > MAX_BYTES:
        raise InvalidInputError(f"the files of one version may have {MAX_BYTES} bytes together at most")
    return _encode((FORMAT, level, prefix, joined, file_counts, byte_counts, b"".join(ids)))


def decode_node(data: bytes, node_id: ObjectId) -> Leaf | Inner:
    """Read a node. Raises DamagedObjectError for every byte string that the functions above do not make."""
    try:
        if len(data) > MAX_NODE:
            raise _BadNodeError(f"it has {len(data)} bytes, more than any node")
        return _decode_leaf(data) if data[:3] == _LEAF_START else _decode_inner(data)
    except (_BadNodeError, _msgspec()[3]) as error:
        raise _refusal(data, node_id, str(error)) from None


def _decode_leaf(data: bytes) -> Leaf:
    columns = _msgspec()[1](data)
    _, _, prefix, joined, kinds, sizes, blobs, recipe_at, recipes = columns
    names = _names_of(prefix, joined, PRODUCTION.leaf.most) if sizes or prefix or joined else []
    count = len(names)
    if not (len(kinds) == len(sizes) == count and len(blobs) == count * ID_SIZE):
        raise _BadNodeError("its columns have different lengths")
    if len(recipes) != len(recipe_at) * ID_SIZE or not _rises(recipe_at, count):
        raise _BadNodeError("its recipes fit no entries")
    _check_canonical(_kinds_problem(kinds), columns, data)
    ids = (ObjectId(recipes[at : at + ID_SIZE]) for at in range(0, len(recipes), ID_SIZE))
    return _checked(Leaf(prefix, names, kinds, sizes, blobs, dict(zip(recipe_at, ids, strict=True))))


def _decode_inner(data: bytes) -> Inner:
    columns = _msgspec()[2](data)
    version, level, prefix, joined, file_counts, byte_counts, ids = columns
    names = _names_of(prefix, joined, PRODUCTION.inner.most)
    count = len(names)
    if version != FORMAT or not 1 <= level <= MAX_LEVEL:
        raise _BadNodeError(f"its format is {version} and its level {level}")
    if not (len(file_counts) == len(byte_counts) == count and len(ids) == count * ID_SIZE):
        raise _BadNodeError("its columns have different lengths")
    if min(file_counts) < 1:
        raise _BadNodeError("its file counts cannot be")
    _check_canonical(None, columns, data)
    return _checked(Inner(level, prefix, names, file_counts, byte_counts, ids))


def _checked(node: Made) -> Made:
    """A node whose totals are possible."""
    if max(node.total) > MAX_BYTES:
        raise _BadNodeError(_TOO_LARGE)
    return node


def _check_canonical(problem: str | None, columns: tuple[Any, ...], data: bytes) -> None:
    if problem is None and _encode(columns) != data:
        problem = "it is not in canonical encoding"
    if problem:
        raise _BadNodeError(problem)


@lru_cache(maxsize=16)
def _names_of(prefix: bytes, joined: bytes, most: int) -> list[bytes]:
    """The names of a node, checked; nobody changes the list. What was decoded last is remembered: where versions are
    compared, the same node of the other one comes next, and mostly has the same names."""
    names = joined.split(SEPARATOR)
    if len(names) > most:
        raise _BadNodeError(f"it has {len(names)} names, more than any node of its level")
    problem = _names_problem(prefix, names, joined)
    if problem is None and (prefix != _shared_folder(prefix, names) or prefix[-1:] not in (b"", b"/")):
        problem = "its prefix is not the folder that its paths share"
    if problem:
        raise _BadNodeError(problem)
    return names


def _encode(columns: tuple[Any, ...]) -> bytes:
    encoded: bytes = _msgspec()[0](columns)
    return encoded


def _relative(paths: Sequence[bytes]) -> tuple[bytes, list[bytes], bytes]:
    """Paths as the folder they share, their names below it, and those names in one."""
    prefix = _shared_folder(b"", paths)
    cut = len(prefix)
    names = [path[cut:] for path in paths] if cut else list(paths)
    return prefix, names, SEPARATOR.join(names)


def _shared_folder(prefix: bytes, names: Sequence[bytes]) -> bytes:
    """The longest folder, with its slash, that holds all of the sorted names; `prefix` stands before each of them."""
    if not names:
        return b""
    first, last = names[0], names[-1]
    start = 0
    while (end := first.find(b"/", start) + 1) and first[start:end] == last[start:end]:
        start = end
    return prefix + first[:start]


def _names_problem(prefix: bytes, names: Sequence[bytes], joined: bytes) -> str | None:
    """What is wrong with the paths of a node, or None. Columns are screened; only odd ones are looked at singly."""
    if not names:
        return "it has no names" if joined or prefix else None
    if not all(map(lt, names, names[1:])):
        return "its paths are not in order"
    if joined.count(SEPARATOR) != len(names) - 1:
        return "a path contains a NUL byte"
    if not _looks_odd(prefix, names, joined):
        return None
    return next((why for name in names if (why := _path_problem(prefix + name))), None)


def _looks_odd(prefix: bytes, names: Sequence[bytes], joined: bytes) -> bool:
    """Whether one of the sorted names could be dotted, empty in parts, or too long."""
    if names[0] < b"0" and (not names[0] or bisect_left(names, b".") != bisect_left(names, b"0")):
        return True  # a name is empty, or begins with a dot or a slash
    if prefix and (b"/." in prefix or b"//" in prefix or b"\0" in prefix or prefix[:1] in b"./"):
        return True
    if _find_odd_part(joined) or joined[-1:] == b"/":
        return True
    return _has_run(joined, MAX_PATH - len(prefix))


def _has_run(joined: bytes, longest: int) -> bool:
    """Whether a name has more than `longest` bytes. Looks at one name in so many bytes, not at each."""
    begin = 0
    while len(joined) - begin > longest:
        end = joined.rfind(SEPARATOR, begin, begin + longest + 1)
        if end < 0:
            return True
        begin = end + 1
    return False


def _path_problem(path: bytes) -> str | None:
    problem = path_problem(path)
    return f"the path {show_path(path[:200])} {problem}" if problem else None


def _kinds_problem(kinds: bytes) -> str | None:
    return "it has an entry of unknown kind" if kinds.translate(None, _KIND_BYTES) else None


def _rises(positions: list[int], count: int) -> bool:
    """Whether `positions` are in range and in strict order."""
    if not positions:
        return True
    return positions[0] >= 0 and positions[-1] < count and all(map(lt, positions, positions[1:]))


def _invalid(problem: str, prefix: bytes, names: Sequence[bytes]) -> InvalidInputError:
    where = f" (between {show_path(prefix + names[0])} and {show_path(prefix + names[-1])})"
    return InvalidPathError(f"a version cannot hold these files: {problem}{where}")


def _refusal(data: bytes, node_id: ObjectId, why: str) -> DamagedObjectError | UnsupportedFormatError:
    if len(data) > 1 and 0x90 <= data[0] <= 0x9F and FORMAT < data[1] < 0x80:
        return UnsupportedFormatError(
            f"manifest node {node_id.hex()} has format {data[1]}; this aidb knows format {FORMAT}",
            hints=("Install a newer version of aidb.",),
        )
    return DamagedObjectError(
        f"{node_id.hex()} is not a valid manifest node: {why}",
        hints=("Run `aidb fsck` to see which versions are hit.",),
    )
