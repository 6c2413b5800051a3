"""Looking inside files: what changed between two versions of one, and merging them.

    diff = repo.diff("main", "clean")
    found = diff.explain("train.parquet", key=["id"])
    found.summary()                       # "1,000 rows changed"
    found.columns[0].after.mean           # a TableDiff

Words: a *content* is one side of a comparison; an *explanation* is what changed, one class per kind of file; an
*attribute* is what `.aidbattributes` says about files. Optional libraries have one door each: DuckDB
`aidb.inside.tables.duck`, Pillow `aidb.inside.images`.

Promised: memory is bounded whatever the files hold, and hostile content becomes an `Unreadable` explanation, never an
error. Not promised: that files made to deceive a hash or a checksum are told apart by more than their ids.

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.lazy import lazy_names

if TYPE_CHECKING:
    from aidb.inside.arrays import ArrayChange, ArraysDiff
    from aidb.inside.attributes import Attributes, FileAttributes
    from aidb.inside.documents import DocumentDiff, ValueChange
    from aidb.inside.explanation import Explanation, Unreadable
    from aidb.inside.images import ImageDiff
    from aidb.inside.numbers import Difference
    from aidb.inside.raw import BytesDiff
    from aidb.inside.tables.compare import ChangedRow, Column, ColumnChange, Retyped, TableDiff
    from aidb.inside.tables.statistics import Statistics
    from aidb.inside.tensors import MetadataChange, TensorsDiff
    from aidb.inside.text import TextDiff

_HOME = {
    "ArrayChange": "arrays",
    "ArraysDiff": "arrays",
    "Attributes": "attributes",
    "BytesDiff": "raw",
    "ChangedRow": "tables.compare",
    "Column": "tables.compare",
    "ColumnChange": "tables.compare",
    "Difference": "numbers",
    "DocumentDiff": "documents",
    "Explanation": "explanation",
    "FileAttributes": "attributes",
    "ImageDiff": "images",
    "MetadataChange": "tensors",
    "Retyped": "tables.compare",
    "Statistics": "tables.statistics",
    "TableDiff": "tables.compare",
    "TensorsDiff": "tensors",
    "TextDiff": "text",
    "Unreadable": "explanation",
    "ValueChange": "documents",
}

__all__ = [
    "ArrayChange",
    "ArraysDiff",
    "Attributes",
    "BytesDiff",
    "ChangedRow",
    "Column",
    "ColumnChange",
    "Difference",
    "DocumentDiff",
    "Explanation",
    "FileAttributes",
    "ImageDiff",
    "MetadataChange",
    "Retyped",
    "Statistics",
    "TableDiff",
    "TensorsDiff",
    "TextDiff",
    "Unreadable",
    "ValueChange",
]

__getattr__, __dir__ = lazy_names(__name__, _HOME)
