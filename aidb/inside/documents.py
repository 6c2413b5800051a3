"""JSON documents: which paths in them were added, removed or have another value.

Lists are compared from both ends towards the middle, so that an insertion is one change and not a shift of all that
follows. Whitespace and the order of keys do not matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from aidb.errors import UnreadableContentError
from aidb.inside.content import Content
from aidb.inside.explanation import Explanation, counted

MOST_BYTES = 16 << 20
"""Longer documents are not parsed."""
MOST_CHANGES = 200
"""So many changes are kept; all are counted."""
_LONGEST = 200
_PLAIN = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One path of a document (`train.steps[3]`): JSON text before and after, None for no value. Long text is cut."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class DocumentDiff(Explanation):
    """Counts of paths, and the first changes in the order of the document."""

    kind: ClassVar[str] = "json"
    added: int
    removed: int
    changed: int
    changes: tuple[ValueChange, ...]

    def summary(self) -> str:
        parts = ((self.changed, "changed"), (self.added, "added"), (self.removed, "removed"))
        told = [f"{counted(number, 'value')} {word}" for number, word in parts if number]
        return ", ".join(told) or "the same values, written differently"


def explain_document(old: Content, new: Content) -> DocumentDiff:
    """Compare two JSON documents. Raises UnreadableContentError."""
    counts = {"added": 0, "removed": 0, "changed": 0}
    kept: list[ValueChange] = []
    for change in _changes(_parse(old), _parse(new)):
        what = "added" if change.before is None else "removed" if change.after is None else "changed"
        counts[what] += 1
        if len(kept) < MOST_CHANGES:
            kept.append(change)
    return DocumentDiff(**counts, changes=tuple(kept))


def _parse(content: Content) -> Any:
    try:
        return json.loads(content.read(MOST_BYTES))
    except RecursionError:
        raise UnreadableContentError("its values are nested too deeply") from None
    except ValueError as error:
        raise UnreadableContentError(f"it is not JSON: {error}") from None


def _changes(old: Any, new: Any) -> Iterator[ValueChange]:
    """Depth first, with a stack of its own: how deep a document goes is not ours to decide."""
    waiting: list[tuple[str, Any, Any]] = [("", old, new)]
    while waiting:
        path, before, after = waiting.pop()
        if _alike(before, after):
            waiting += reversed(list(_parts(path, before, after)))
        elif not _equal(before, after):
            yield ValueChange(path or "$", _shown(before), _shown(after))


class _Missing:
    """Stands for no value at all, which is not null."""


_MISSING = _Missing()


def _alike(before: Any, after: Any) -> bool:
    """Whether both are objects, or both lists, so that the difference is inside."""
    return type(before) is type(after) and isinstance(before, (dict, list))


def _equal(before: Any, after: Any) -> bool:
    """Equal also in kind: 1 is neither true nor 1.0; what is not a number equals itself."""
    return type(before) is type(after) and (before == after or (before != before and after != after))


def _parts(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield _join(path, key), before.get(key, _MISSING), after.get(key, _MISSING)
        return
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1]) if len(before) != len(after) else 0
    middle_old, middle_new = before[head : len(before) - tail], after[head : len(after) - tail]
    for number in range(max(len(middle_old), len(middle_new))):
        yield (
            f"{path}[{head + number}]",
            middle_old[number] if number < len(middle_old) else _MISSING,
            middle_new[number] if number < len(middle_new) else _MISSING,
        )


def _common(one: list[Any], other: list[Any]) -> int:
    """How many items at the beginning are equal as a whole."""
    count = 0
    for a, b in zip(one, other, strict=False):
        # The text tells 1 from true and from 1.0, also deep inside; it is only made where the values seem equal.
        if a != b or _text(a) != _text(b):
            break
        count += 1
    return count


def _join(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def _shown(value: Any) -> str | None:
    if value is _MISSING:
        return None
    text = _text(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise UnreadableContentError("its values are nested too deeply") from None
