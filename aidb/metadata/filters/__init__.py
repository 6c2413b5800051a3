"""The language in which runs are asked for.

    metrics.val_loss.min < 0.2 and params.lr > 1e-3 and tags has "best" and started > "2 days ago"

A text becomes tokens (`tokens`), a tree (`parser`, `nodes`) and a condition in SQL (`sql`) whose values are always
parameters. Logic has two values: a comparison with what a run does not have, or with NaN, is false, and its `not` true.
docs/guides/compare-runs.md has the whole grammar.
"""

from aidb.metadata.filters.nodes import (
    And,
    Compare,
    Field,
    Has,
    In,
    IsNaN,
    IsNull,
    Like,
    Literal,
    Match,
    Node,
    Not,
    Or,
    fields_of,
    write,
    write_field,
)
from aidb.metadata.filters.parser import parse, parse_field

__all__ = [
    "And",
    "Compare",
    "Field",
    "Has",
    "In",
    "IsNaN",
    "IsNull",
    "Like",
    "Literal",
    "Match",
    "Node",
    "Not",
    "Or",
    "fields_of",
    "parse",
    "parse_field",
    "write",
    "write_field",
]
