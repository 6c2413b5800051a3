"""Choosing who explains a file, by what its attributes say, by its suffix, and by how it begins.

Whatever goes wrong with one file is said in its explanation: it never keeps others from being explained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import AidbError, UnreadableContentError
from aidb.inside.attributes import NO_ATTRIBUTES, FileAttributes
from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, Unreadable
from aidb.inside.text import MOST_BYTES as MOST_TEXT
from aidb.inside.text import explain_text, looks_like_text

if TYPE_CHECKING:
    from aidb.inside.tables.files import Format

_LOOK = 8192


@dataclass(frozen=True, slots=True)
class Question:
    """Two versions of a file to compare. A side is None if the file is not there.

    `key` are the columns that tell rows of a table apart; without it, those of the attributes, or a guess. `scratch`
    gives a folder for temporary files.
    """

    path: str
    old: Content | None
    new: Content | None
    scratch: Callable[[], Path]
    old_path: str | None = None
    key: tuple[str, ...] | None = None
    attributes: FileAttributes = NO_ATTRIBUTES


def explain(question: Question) -> Explanation | None:
    """What changed inside the file; None if there is nothing to say beyond that it came, went or changed.

    Never raises for what the file holds: that becomes an `Unreadable`.
    """
    try:
        return _explain(question)
    except AidbError as error:
        return Unreadable(error.message, error.hints)
    except MemoryError:
        return Unreadable("it needs more memory than there is")


def _explain(question: Question) -> Explanation | None:
    kind = question.attributes.diff or kind_of(question)
    if kind in (None, "none"):
        return None
    if kind == "text" or question.old is None or question.new is None:
        return _text(question) if kind == "text" or _is_text(question) else None
    try:
        return _EXPLAINERS[kind](question, question.old, question.new)
    except UnreadableContentError:
        # What is written as text can be read as text, whatever else is wrong with it.
        if (
            question.attributes.diff is None
            and _suffix(question.path) in _WRITTEN_AS_TEXT
            and _is_text(question)
        ):
            return _text(question)
        raise


def kind_of(question: Question) -> str | None:
    """The kind of explanation that a file's suffix or its first bytes ask for."""
    if (suffix := _suffix(question.path)) in _SUFFIXES:
        return _SUFFIXES[suffix]
    if _is_text(question):
        return "text"
    both = question.old is not None and question.new is not None
    return "bytes" if both else None


def _suffix(path: str) -> str:
    return Path(path).suffix.lower()


def _is_text(question: Question) -> bool:
    sides = [side for side in (question.old, question.new) if side is not None]
    return all(side.size <= MOST_TEXT and looks_like_text(side.start(_LOOK)) for side in sides)


def _text(question: Question) -> Explanation:
    return explain_text(question.old, question.new, question.path, question.old_path)


def _table(question: Question, old: Content, new: Content) -> Explanation:
    from aidb.inside.tables.compare import explain_table

    key = question.key or question.attributes.key
    return explain_table(old, new, question.path, table_format(question.path), question.scratch(), key)


def table_format(path: str) -> Format:
    """How a table is written, by its suffix. Raises UnreadableContentError for another."""
    from aidb.inside.tables.files import SUFFIXES

    suffix = _suffix(path)
    if suffix not in SUFFIXES:
        raise UnreadableContentError(
            f"{suffix or 'a file without suffix'} is no kind of table: {', '.join(SUFFIXES)}"
        )
    return SUFFIXES[suffix]


def _arrays(question: Question, old: Content, new: Content) -> Explanation:
    from aidb.inside.arrays import explain_archive, explain_array

    return (explain_archive if question.path.lower().endswith(".npz") else explain_array)(old, new)


def _tensors(_: Question, old: Content, new: Content) -> Explanation:
    from aidb.inside.tensors import explain_tensors

    return explain_tensors(old, new)


def _image(_: Question, old: Content, new: Content) -> Explanation:
    from aidb.inside.images import explain_image

    return explain_image(old, new)


def _json(_: Question, old: Content, new: Content) -> Explanation:
    from aidb.inside.documents import explain_document

    return explain_document(old, new)


def _bytes(_: Question, old: Content, new: Content) -> Explanation:
    from aidb.inside.raw import explain_bytes

    return explain_bytes(old, new)


_EXPLAINERS: dict[str, Callable[[Question, Content, Content], Explanation]] = {
    "table": _table,
    "arrays": _arrays,
    "tensors": _tensors,
    "image": _image,
    "json": _json,
    "bytes": _bytes,
}

_WRITTEN_AS_TEXT = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".geojson", ".ipynb")
_SUFFIXES = {
    **dict.fromkeys((".parquet", ".pq", ".csv", ".tsv", ".tab", ".jsonl", ".ndjson"), "table"),
    **dict.fromkeys((".npy", ".npz"), "arrays"),
    ".safetensors": "tensors",
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm"), "image"),
    **dict.fromkeys((".json", ".geojson", ".ipynb"), "json"),
}
