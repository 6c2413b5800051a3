"""Protected branches: what may still be done to a branch that others build on.

A rule belongs to a repository, not to a version, so it lies in `.aidb/config.toml`: no branch can bring a rule along
that weakens it.

    [branches.main]
    protected = true
    allow = ["merge"]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from aidb.errors import InvalidInputError, ProtectedBranchError
from aidb.types import HEADS, RefName, branch_ref

if TYPE_CHECKING:
    from aidb.config import Config

Move = Literal["commit", "merge", "force", "delete", "skip-checks"]
"""What may be done to a branch: put a commit on top; take in another branch; point it to a commit that does not follow
its tip (reset, amend); delete or rename it; do either of the first two without asking its checks."""

MOVES: tuple[Move, ...] = get_args(Move)
DEFAULT: frozenset[Move] = frozenset(("merge",))


def moves(words: Iterable[str]) -> frozenset[Move]:
    """The moves that these words name. Raises InvalidInputError."""
    given = set(words)
    if unknown := sorted(given.difference(MOVES)):
        raise InvalidInputError(
            f"{unknown[0]!r} is no move of a branch", hints=(f"Moves: {', '.join(MOVES)}.",)
        )
    return frozenset(move for move in MOVES if move in given)


_SECTION = "branches"
_REFUSALS: dict[Move, tuple[str, str]] = {
    "commit": (
        "it takes no direct commits, only merges",
        "Make a branch and merge it: `aidb switch -c NAME`, `aidb commit`, `aidb switch {name}`, `aidb merge NAME`.",
    ),
    "merge": ("it takes no merges", "`aidb branch --protect {name} --allow merge` lets them in."),
    "force": (
        "it only moves forward, so it cannot be reset, amended or moved elsewhere",
        "`aidb revert REV` takes a commit back by a new one{by_merge}.",
    ),
    "delete": ("it cannot be deleted or renamed", "Delete or rename another branch."),
    "skip-checks": (
        "its checks cannot be skipped",
        "`aidb checks run` shows what they find; correct that and try again.",
    ),
}


class Protections(Mapping[str, frozenset[Move]]):
    """The protected branches of a repository by name, each with the moves it still takes."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def __getitem__(self, name: str) -> frozenset[Move]:
        allowed = _read(name, self._config.tables(_SECTION).get(name, {}))
        if allowed is None:
            raise KeyError(name)
        return allowed

    def __iter__(self) -> Iterator[str]:
        tables = self._config.tables(_SECTION)
        return (name for name, table in tables.items() if _read(name, table) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        """Whether any branch is protected; asked at every move of a ref, so in a microsecond where nothing is."""
        return bool(self._config.tables(_SECTION)) and len(self) > 0

    def protect(self, name: str, allow: Iterable[Move] = DEFAULT) -> None:
        """Protect a branch, which need not exist yet; it takes only the moves in `allow`."""
        branch_ref(name)
        table = {"protected": True, "allow": sorted(allow, key=MOVES.index)}
        _read(name, table)
        self._config.set_table(_SECTION, name, table)

    def unprotect(self, name: str) -> None:
        """Lift the protection of a branch; nothing happens if it has none."""
        if name in self:
            self._config.set_table(_SECTION, name, None)

    def refuse(self, ref: RefName, move: Move) -> None:
        """Raise ProtectedBranchError if `ref` is a protected branch that does not take `move`."""
        name = ref.removeprefix(HEADS)
        allowed = self.get(name, MOVES)
        if move in allowed or not ref.startswith(HEADS):
            return
        problem, hint = _REFUSALS[move]
        by_merge = "" if "commit" in allowed else ": do so on a branch (`aidb switch -c NAME`) and merge that"
        raise ProtectedBranchError(
            f"{name} is protected: {problem}",
            hints=(
                hint.format(name=name, by_merge=by_merge),
                f"`aidb branch --unprotect {name}` lifts the protection.",
            ),
        )


def _read(name: str, table: dict[str, Any]) -> frozenset[Move] | None:
    """The moves that a table allows, None if it protects nothing. What cannot be read is refused, not let through."""
    protected, allow = table.get("protected", False), table.get("allow", list(DEFAULT))
    if not isinstance(protected, bool) or not isinstance(allow, list) or not _are_moves(allow):
        raise InvalidInputError(
            f"the protection of the branch {name} in .aidb/config.toml cannot be read",
            hints=(
                f"protected is true or false, allow a list of {', '.join(MOVES)}.",
                f"`aidb branch --protect {name}` writes it anew.",
            ),
        )
    return frozenset(allow) if protected else None


def _are_moves(values: list[Any]) -> bool:
    return all(value in MOVES for value in values)
