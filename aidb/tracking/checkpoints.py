"""What a run commits: files at once, checkpoints in the background, on the branch `runs/<id>`.

That branch begins empty, so it holds nothing but what the run made; that of a forked run begins where the other's ends.
Checkpoints are deduplicated against each other by the store. Their copies wait in memory, small ones side by side, a
large one alone: who saves faster than that waits.
"""

from __future__ import annotations

import atexit
import glob
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aidb.errors import InvalidInputError, PathNotFoundError
from aidb.tracking.journal.events import Alert, Made
from aidb.tracking.numbers import plain_number
from aidb.tracking.tensors import State, copied, size_of, write_safetensors
from aidb.types import branch_ref, repo_path, show_path

if TYPE_CHECKING:
    from aidb.tracking.run import Run
    from aidb.transaction import Transaction

_LOG = logging.getLogger("aidb")
MOST_WAITING = 256 << 20
"""Bytes of copies that wait to be committed; a larger one waits alone."""
FOLDER = "checkpoints"
_live: weakref.WeakSet[Checkpoints] = weakref.WeakSet()


class Keep(NamedTuple):
    """Which checkpoints of a series the branch still has: the `newest` ones, or the one with the least `metric`."""

    newest: int = 0
    metric: str = ""
    sign: int = 1


class Checkpoint(NamedTuple):
    """One that is to be committed."""

    source: State | str
    path: str
    step: int
    metrics: dict[str, float]
    keep: Keep | None
    name: str

    @property
    def size(self) -> int:
        return self.source.size if isinstance(self.source, State) else 0


class Checkpoints:
    """The commits of one run. Safe for threads."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.branch = f"runs/{run.id}"
        branch_ref(self.branch)
        self._saved: list[Checkpoint] = []
        self._begin()
        _live.add(self)
        _wait_at_exit()

    def _begin(self) -> None:
        self._queue: deque[Checkpoint] = deque()
        self._changed = threading.Condition()
        self._waiting = 0
        self._busy = self._closing = False
        self._worker: threading.Thread | None = None
        self._error: Exception | None = None

    # Files

    def save_files(self, pattern: str, under: str) -> list[str]:
        """See `Run.save`."""
        self._run.check_open()
        found = [pattern] if os.path.lexists(pattern) else sorted(glob.glob(pattern, recursive=True))
        if not found:
            raise PathNotFoundError(f"{show_path(pattern)} matches no file")
        if not self._run.recording:
            return []
        targets = {_target(path, under): path for path in found}
        with self._transaction(f"Save {show_path(pattern)}") as tx:
            for target, path in targets.items():
                tx.put(target, path)
            sizes = {target: sum(item.bytes for item in tx.ls(target)) for target in targets}
        for target in targets:
            self._record("file", target, tx, sizes[target])
        return list(targets)

    # Checkpoints

    def save(
        self,
        source: str | os.PathLike[str] | Mapping[str, Any],
        step: int,
        metrics: Mapping[str, Any],
        keep: str | int | None,
        name: str,
    ) -> str:
        """See `Run.save_checkpoint`."""
        self._run.check_open()
        numbers = {key: float(plain_number(key, value)) for key, value in metrics.items()}
        rule = _rule(keep, numbers)
        tensors = isinstance(source, Mapping)
        suffix = ".safetensors" if isinstance(source, Mapping) else Path(source).suffix
        rank = f"-rank{self._run.rank}" if self._run.rank else ""
        path = f"{FOLDER}/{name}{rank}-{step:08d}{suffix}"
        repo_path(path)
        if not tensors and not os.path.exists(source):  # type: ignore[arg-type]
            raise PathNotFoundError(f"{show_path(os.fspath(source))} does not exist")  # type: ignore[arg-type]
        if not self._run.recording:
            return path
        content = self._copied(source) if isinstance(source, Mapping) else os.fspath(source)
        self._enqueue(Checkpoint(content, path, step, numbers, rule, name + rank))
        return path

    def wait(self) -> None:
        """Wait until everything is committed. Raises what kept a checkpoint from being so."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue and not self._busy)
            error, self._error = self._error, None
        if error is not None:
            raise error

    def close(self) -> None:
        """Wait until everything is committed; no error is raised, as each was told of."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._worker is not None and self._worker is not threading.current_thread():
            self._worker.join()

    def _copied(self, values: Mapping[str, Any]) -> State:
        """A copy, once there is room for it."""
        size = size_of(values)
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._waiting + size <= MOST_WAITING)
            self._waiting += size
        try:
            return copied(values)
        except BaseException:
            self._leave_room(size)
            raise

    def _leave_room(self, size: int) -> None:
        with self._changed:
            self._waiting -= size
            self._changed.notify_all()

    def _enqueue(self, checkpoint: Checkpoint) -> None:
        with self._changed:
            self._queue.append(checkpoint)
            self._changed.notify_all()
            if self._worker is None:
                name = f"aidb checkpoints {self._run.id}"
                self._worker = threading.Thread(target=self._work, name=name, daemon=True)
                self._worker.start()

    def _work(self) -> None:
        while (checkpoint := self._next()) is not None:
            try:
                self._commit(checkpoint)
            except Exception as error:  # noqa: BLE001 - training goes on; who waits is told
                self._error = error
                _LOG.warning("%s could not be saved: %s", checkpoint.path, error)
                title = f"{checkpoint.path} could not be saved"
                self._run.record(Alert(time=time.time(), title=title, text=str(error), level="error"))
            finally:
                with self._changed:
                    self._waiting -= checkpoint.size
                    self._busy = False
                    del checkpoint  # its tensors, before others are copied
                    self._changed.notify_all()

    def _next(self) -> Checkpoint | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                return None
            self._busy = True
            return self._queue.popleft()

    def _commit(self, checkpoint: Checkpoint) -> None:
        source, temporary = checkpoint.source, None
        if isinstance(source, State):
            temporary = self._run.repo.session.scratch() / f"{os.urandom(8).hex()}.safetensors"
        try:
            if isinstance(source, State) and temporary is not None:
                write_safetensors(source, temporary)
            with self._transaction(f"Checkpoint at step {checkpoint.step}") as tx:
                tx.put(checkpoint.path, temporary or str(source))
                size = sum(item.bytes for item in tx.ls(checkpoint.path))
                dropped = self._superseded(checkpoint)
                for old in dropped:
                    if tx.exists(old.path):
                        tx.delete(old.path)
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
        self._saved = [old for old in self._saved if old not in dropped]
        if checkpoint not in dropped:
            self._saved.append(checkpoint._replace(source=""))
        self._record("checkpoint", checkpoint.path, tx, size, checkpoint)

    def _superseded(self, checkpoint: Checkpoint) -> list[Checkpoint]:
        """Those of its series, perhaps it itself, that the branch need not have any more."""
        rule = checkpoint.keep
        if rule is None:
            return []
        series = [old for old in self._saved if old.name == checkpoint.name and old.path != checkpoint.path]
        series.append(checkpoint)
        if rule.metric:
            rated = [each for each in series if rule.metric in each.metrics]
            best = min(rated, key=lambda each: rule.sign * each.metrics[rule.metric])
            return [each for each in series if each is not best]
        return series[: -rule.newest]

    # Both

    def _transaction(self, message: str) -> Transaction:
        repo, run = self._run.repo, self._run
        source = run.forked_from
        if source is not None and self.branch not in repo.branches and f"runs/{source}" in repo.branches:
            repo.branches.create(self.branch, f"runs/{source}")
        return repo.transaction(self.branch, f"{message}\n\nRun: {run.id} {run.name}", create="empty")

    def _record(
        self, kind: str, path: str, tx: Transaction, size: int, checkpoint: Checkpoint | None = None
    ) -> None:
        commit = tx.commit_id or self._run.repo.resolve(self.branch)
        self._run.keep_commit(commit)
        step, metrics = (checkpoint.step, checkpoint.metrics) if checkpoint else (None, {})
        event = Made(
            time=time.time(),
            kind=kind,
            path=path,
            branch=self.branch,
            commit=commit,
            size=size,
            step=step,
            metrics=metrics,
        )
        self._run.record(event)


def _forked() -> None:
    """The parent commits what it was given; the child has no worker yet."""
    for each in list(_live):
        each._begin()


os.register_at_fork(after_in_child=_forked)


@cache
def _wait_at_exit() -> None:
    """See that a program which simply ends loses no checkpoint.

    What is registered by `atexit` runs when no thread can be started any more, which commits need.
    """
    import concurrent.futures.thread  # noqa: F401 - its own end has to come after this one

    register = getattr(threading, "_register_atexit", atexit.register)
    register(_close_all)


def _close_all() -> None:
    for each in list(_live):
        each.close()


def _target(path: str, under: str) -> str:
    """Where a file goes: its relative path, or its name if it lies elsewhere."""
    relative = os.path.relpath(path)
    inside = (
        os.path.basename(os.path.abspath(path))
        if relative.startswith("..") or os.path.isabs(path)
        else relative
    )
    return os.fsdecode(repo_path(f"{under}/{inside}" if under else inside))


def _rule(keep: str | int | None, metrics: Mapping[str, float]) -> Keep | None:
    if keep is None or keep == "all":
        return None
    if isinstance(keep, int) and not isinstance(keep, bool) and keep > 0:
        return Keep(newest=keep)
    if keep == "last":
        return Keep(newest=1)
    if isinstance(keep, str) and keep.partition(":")[0] == "best":
        metric = keep.partition(":")[2] or next(iter(metrics), "")
        sign = -1 if metric.startswith("-") else 1
        if metric.removeprefix("-") in metrics:
            return Keep(metric=metric.removeprefix("-"), sign=sign)
        raise InvalidInputError(
            f"keep={keep!r} needs that metric",
            hints=('Give it: metrics={"val/loss": …}, keep="best:val/loss".',),
        )
    raise InvalidInputError(
        f'keep is "last", "best:METRIC" or the number of checkpoints to keep, not {keep!r}'
    )
