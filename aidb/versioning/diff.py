"""What changed between two versions, file by file, with renames.

A rename is a removed and an added file of the same content; of several candidates one with the same base name is
taken, then the first by path, so the outcome depends on nothing else. Empty files are never taken for renamed.

What is not promised: renames of files that also changed, or among more than `MOST_RENAMES` added and removed files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from aidb.errors import PathNotFoundError, RefusedError
from aidb.notebook import html_table, human_bytes
from aidb.types import CommitId, Entry, Kind, ObjectId, RepoPath, decode_path, show_path
from aidb.versioning.path_filter import AnyPath, PathFilter

if TYPE_CHECKING:
    from aidb.inside.explanation import Explanation
    from aidb.versioning.engine import Engine
    from aidb.versioning.manifest import Change, Manifest, NodeReader

    Explain = Callable[["FileChange", tuple[str, ...] | None], Explanation | None]
    """Looks inside one changed file; given are the columns that tell rows of a table apart, if somebody named them."""

MOST_RENAMES = 500_000
"""With more added and removed files than this, they are reported as just that: looking would take much memory."""

Status = Literal["A", "M", "D", "R", "T"]
"""Added, modified, deleted, renamed, or changed in kind: file, executable file, symlink."""

_SHOWN = 50


class FileChange(NamedTuple):
    """One file that differs. `old_path` is set for a rename, `old` is None if it was added, `new` if it was removed."""

    status: Status
    path: str
    old_path: str | None
    old: Entry | None
    new: Entry | None


@dataclass(frozen=True, slots=True)
class DiffTotals:
    """How many files changed in which way, and the bytes of content that came and went (none for a rename)."""

    added: int = 0
    modified: int = 0
    deleted: int = 0
    renamed: int = 0
    kind_changed: int = 0
    bytes_added: int = 0
    bytes_removed: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Diff:
    """The changes between two versions, in the order of their paths.

    diff = repo.diff("main", "clean")
    print(diff.explain("train.parquet", key=["id"]).summary())
    """

    changes: list[FileChange]
    look_inside: Explain | None = field(default=None, compare=False)
    """How to read both sides of a change; a repository fills it in."""

    def explain(self, change: FileChange | str, *, key: Iterable[str] | None = None) -> Explanation | None:
        """What changed inside one file: an object of `aidb.inside`, with `summary()` and `json()`.

        `change` is one of this diff or its path. `key` names the columns that tell rows of a table apart; without it,
        `.aidbattributes` or a guess does. None if there is nothing to say beyond that the file came, went or changed.
        Content that cannot be read is an `Unreadable` explanation and no error; PathNotFoundError says that the path
        did not change.
        """
        if self.look_inside is None:
            raise RefusedError(
                "this diff does not know how to read the files", hints=("Take it from `Repository.diff`.",)
            )
        columns = None if key is None else (key,) if isinstance(key, str) else tuple(key)
        return self.look_inside(self._change_of(change) if isinstance(change, str) else change, columns)

    def _change_of(self, path: str) -> FileChange:
        for change in self.changes:
            if change.path == path:
                return change
        raise PathNotFoundError(
            f"{show_path(path)} is not among the changes", hints=("`aidb diff` lists them.",)
        )

    @property
    def totals(self) -> DiffTotals:
        """The changes added up."""
        count = dict.fromkeys("AMDRT", 0)
        added = removed = 0
        for change in self.changes:
            count[change.status] += 1
            if change.old is None or change.new is None or change.old.blob != change.new.blob:
                added += change.new.size if change.new else 0
                removed += change.old.size if change.old else 0
        return DiffTotals(count["A"], count["M"], count["D"], count["R"], count["T"], added, removed)

    def __iter__(self) -> Iterator[FileChange]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __repr__(self) -> str:
        t = self.totals
        counts = f"{t.added:,} added, {t.modified:,} modified, {t.deleted:,} deleted, {t.renamed:,} renamed"
        return f"<Diff: {counts}, +{human_bytes(t.bytes_added)} -{human_bytes(t.bytes_removed)}>"

    def _repr_html_(self) -> str:
        rows = [(c.status, _shown_path(c), _size(c.old), _size(c.new)) for c in self.changes[:_SHOWN]]
        more = f"… and {len(self) - _SHOWN:,} more" if len(self) > _SHOWN else ""
        return html_table(repr(self)[1:-1], ("", "path", "old size", "new size"), rows, more=more)


def diff_commits(
    engine: Engine,
    reader: NodeReader,
    old: CommitId | None,
    new: CommitId | None,
    *,
    paths: Iterable[AnyPath] = (),
) -> Diff:
    """What makes the version of `new` out of that of `old`; None stands for a version without files."""
    from aidb.versioning.manifest import Manifest, NodeCache

    nodes = NodeCache(reader)

    def manifest(commit: CommitId | None) -> Manifest | None:
        return None if commit is None else Manifest(nodes, engine.read_commit(commit).root)

    return diff_manifests(manifest(old), manifest(new), paths=paths)


def diff_manifests(
    old: Manifest | None, new: Manifest | None, *, paths: Iterable[AnyPath] = (), renames: bool = True
) -> Diff:
    """What makes `new` of `old`, of the `paths` that are wanted: files, folders or patterns."""
    changes = PathFilter(paths).changes(old, new)
    return Diff(file_changes(changes, renames=renames))


def file_changes(changes: Iterable[Change], *, renames: bool = True) -> list[FileChange]:
    """Changes of paths as changes of files: removed and added files of equal content become renames."""
    found = list(changes)
    pairs = find_renames(found) if renames else {}
    gone = set(pairs.values())
    result = []
    for change in found:
        origin = pairs.get(change.path)
        if origin is not None:
            result.append(
                FileChange("R", decode_path(change.path), decode_path(origin.path), origin.old, change.new)
            )
        elif change not in gone:
            result.append(file_change(change))
    return result


def file_change(change: Change) -> FileChange:
    """One change of a path as a change of a file."""
    return FileChange(_status(change.old, change.new), decode_path(change.path), None, change.old, change.new)


def _status(old: Entry | None, new: Entry | None) -> Status:
    if old is None:
        return "A"
    if new is None:
        return "D"
    if (old.kind is Kind.SYMLINK) != (new.kind is Kind.SYMLINK):
        return "T"
    return "T" if old.kind != new.kind and old.blob == new.blob else "M"


_Content = tuple[ObjectId, bool]


def find_renames(changes: list[Change]) -> dict[RepoPath, Change]:
    """For each added path that is a rename, the removal it came from."""
    removed: dict[_Content, list[Change]] = {}
    for change in changes:
        if change.new is None and change.old is not None and change.old.size:
            removed.setdefault(_content(change.old), []).append(change)
    if not removed or len(changes) > MOST_RENAMES:
        return {}
    added: dict[_Content, list[RepoPath]] = {}
    for change in changes:
        if change.old is None and change.new is not None and _content(change.new) in removed:
            added.setdefault(_content(change.new), []).append(change.path)
    pairs: dict[RepoPath, Change] = {}
    for content, paths in added.items():
        _pair(removed[content], paths, pairs)
    return pairs


def _content(entry: Entry) -> _Content:
    return entry.blob, entry.kind is Kind.SYMLINK


def _pair(removed: list[Change], added: list[RepoPath], pairs: dict[RepoPath, Change]) -> None:
    """Pair files of equal content: those that kept their base name, then the others in order."""
    by_name: dict[bytes, list[Change]] = {}
    for change in reversed(removed):
        by_name.setdefault(_base_name(change.path), []).append(change)
    taken = set()
    for path in added:
        if same_name := by_name.get(_base_name(path)):
            pairs[path] = same_name.pop()
            taken.add(pairs[path].path)
    others = (path for path in added if path not in pairs)
    pairs.update(zip(others, (change for change in removed if change.path not in taken), strict=False))


def _base_name(path: RepoPath) -> bytes:
    return path.rpartition(b"/")[2]


def _shown_path(change: FileChange) -> str:
    new = show_path(change.path)
    return new if change.old_path is None else f"{show_path(change.old_path)} → {new}"


def _size(entry: Entry | None) -> str:
    return "" if entry is None else human_bytes(entry.size)
