"""Merging the content of a file that both sides changed, where `.aidbattributes` says how."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.errors import UnreadableContentError
from aidb.inside.attributes import Attributes
from aidb.inside.content import Content, StoredContent
from aidb.types import Blob, decode_path

if TYPE_CHECKING:
    from aidb.store import ObjectStore, StoreWriter


@dataclass(frozen=True, slots=True)
class Sides:
    """The content of one path in the three versions that a merge compares."""

    path: bytes
    base: Blob
    ours: Blob
    theirs: Blob


class ContentMerger:
    """Merges tables whose attributes say `merge=table`. Attributes are those of ours."""

    def __init__(self, store: ObjectStore, scratch: Callable[[], Path], attributes: Attributes) -> None:
        """`scratch` gives a folder for temporary files."""
        self._store, self._scratch, self._attributes = store, scratch, attributes

    def merge(self, sides: Sides, writer: StoreWriter) -> Blob | str | None:
        """The merged content, stored by `writer`; why it is a conflict; or None if nothing says how to merge it.

        Raises InvalidInputError for an `.aidbattributes` that cannot be read.
        """
        said = self._attributes.of(sides.path)
        if said.merge in (None, "none"):
            return None
        if said.key is None:
            return "its attributes name no key: write `key=COLUMN` beside `merge=table` in .aidbattributes"
        try:
            return self._merge(sides, said.key, writer)
        except UnreadableContentError as error:
            return f"cannot look inside: {error.message}"

    def _merge(self, sides: Sides, key: tuple[str, ...], writer: StoreWriter) -> Blob | str:
        from aidb.inside.explain import table_format
        from aidb.inside.tables.merge import TableConflict, Versions, merge_tables

        path = decode_path(sides.path)
        base, ours, theirs = map(self._content, (sides.base, sides.ours, sides.theirs))
        versions = Versions(base, ours, theirs, path, table_format(path))
        target = self._scratch() / f"merged-{os.urandom(8).hex()}"
        try:
            merged = merge_tables(versions, key, self._scratch(), target)
            if isinstance(merged, TableConflict):
                return merged.message
            with target.open("rb") as stream:
                return writer.put_blob(stream, name_hint=path)
        finally:
            with suppress(OSError):
                target.unlink(missing_ok=True)

    def _content(self, blob: Blob) -> Content:
        return StoredContent(self._store, blob, self._scratch)
