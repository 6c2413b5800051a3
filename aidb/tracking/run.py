"""One run, as training code sees it.

    with aidb.start_run("digits", params={"lr": 1e-3}) as run:
        data = run.use("main:train/")
        for step, batch in enumerate(batches):
            run.log({"train/loss": loss}, step=step)
        run.save_checkpoint(model.state_dict(), step=step)

`log` has written when it returns. Everything else that takes time happens in a thread beside it. Nothing that goes
wrong there stops training: it is told once through the logger `aidb`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aidb.errors import InvalidInputError, RepositoryNotFoundError
from aidb.tracking import ending
from aidb.tracking.journal.events import Alert, Event, Finish, Name, Notes, Stored, Tags, Values
from aidb.tracking.journal.events import Params as ParamsEvent
from aidb.tracking.journal.files import store_file
from aidb.tracking.journal.folder import RUNS
from aidb.tracking.journal.writer import already_finished
from aidb.tracking.media.logging import MediaLogging
from aidb.tracking.numbers import checked_step, is_number, no_number
from aidb.tracking.params import Params, json_value

if TYPE_CHECKING:
    from aidb.repository import Repository
    from aidb.tracking.checkpoints import Checkpoints
    from aidb.tracking.console import Console
    from aidb.tracking.heart import Heart
    from aidb.tracking.journal.silent import SilentWriter
    from aidb.tracking.journal.writer import JournalWriter
    from aidb.tracking.past import Past
    from aidb.tracking.used import Data

_LOG = logging.getLogger("aidb")
_LEVELS = ("info", "warning", "error")


class Run(MediaLogging):
    """A run that goes on. Use it as a context manager, or end it by `finish`. Safe for threads."""

    def __init__(
        self,
        run_id: str,
        repo: Repository | None,
        journal: JournalWriter | SilentWriter,
        past: Past,
        *,
        first_step: int = 0,
        rank: int = 0,
    ) -> None:
        """See `start_run`. `past` is what the run was like until now. Only a disabled run may have no repository."""
        self.id = run_id
        self.rank = rank
        self.forked_from = past.forked_from
        """The run whose points and checkpoints this one goes on from, if it is a fork."""
        self._repo = repo
        self.experiment = past.experiment
        self._name = past.name
        self._tags = set(past.tags)
        self._journal = journal
        self._next_step = first_step
        self._heart: Heart | None = None
        self._console: Console | None = None
        self._finished = False
        self._time = time.time
        self.params = Params(past.params, self._record_params)
        """The hyperparameters: `run.params.update(…)`, `run.params["lr"] = …`."""

    @property
    def repo(self) -> Repository:
        """The repository. Raises RepositoryNotFoundError for a disabled run outside of any."""
        if self._repo is None:
            raise RepositoryNotFoundError(
                "the run is disabled, and there is no aidb repository here",
                hints=("`aidb init` makes one in the current folder.",),
            )
        return self._repo

    @property
    def folder(self) -> Path:
        """Where everything lies that the run records."""
        return self.repo.folder / RUNS / self.id

    # Metrics

    def log(
        self, values: Mapping[str, Any], /, *, step: int | None = None, epoch: float | None = None
    ) -> None:
        """Log metrics at a step; without one, at that after the last.

        A value is a number (Python's, NumPy's, an array or tensor that holds one), a text, a list, or a dict of those,
        whose keys are joined by `/`. None is left out. `epoch` is one more metric. Raises InvalidInputError for
        anything else, RefusedError if the run is finished.
        """
        if step is None:
            step = self._next_step
        if epoch is not None:
            values = {**values, "epoch": epoch}
        mixed = False
        try:
            self._journal.points(values, step, self._time())
        except InvalidInputError:
            mixed = True
        if mixed:
            self._log_mixed(values, step)
        try:
            self._next_step = step + 1
        except TypeError:
            self._next_step = checked_step(step) + 1

    def _log_mixed(self, values: Mapping[str, Any], step: Any) -> None:
        """Metrics among which are other things than numbers."""
        step = checked_step(step)
        numbers: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for key, value in _joined(values):
            if is_number(value):
                numbers[key] = value
            elif isinstance(value, (str, list, tuple)):
                others[key] = json_value(value)
            elif value is not None:
                raise no_number(key, value)
        now = self._time()
        if numbers:
            self._journal.points(numbers, step, now)
        if others:
            self._journal.event(Values(time=now, step=step, values=others))

    # What is said of the run

    @property
    def name(self) -> str:
        """What people call it; may be set."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._journal.event(Name(time=self._time(), name=name))
        self._name = name

    @property
    def tags(self) -> frozenset[str]:
        """Its tags; see `tag` and `untag`."""
        return frozenset(self._tags)

    def tag(self, *tags: str) -> None:
        """Give it tags."""
        self._journal.event(Tags(time=self._time(), add=_texts(tags)))
        self._tags.update(tags)

    def untag(self, *tags: str) -> None:
        """Take tags away."""
        self._journal.event(Tags(time=self._time(), remove=_texts(tags)))
        self._tags.difference_update(tags)

    def note(self, text: str) -> None:
        """Say what the run is about; replaces what was said before."""
        self._journal.event(Notes(time=self._time(), text=text))

    def alert(self, title: str, text: str = "", *, level: str = "info") -> None:
        """Tell whoever watches: `level` is info, warning or error."""
        if level not in _LEVELS:
            raise InvalidInputError(f"the level of an alert is one of {', '.join(_LEVELS)}, not {level!r}")
        self._journal.event(Alert(time=self._time(), title=title, text=text, level=level))

    def _record_params(self, values: dict[str, Any]) -> None:
        self._journal.event(ParamsEvent(time=self._time(), values=values))

    # Data, files, checkpoints

    def use(self, address: str = "HEAD") -> Data:
        """Read data: `main:train/`, `v1`, `HEAD:labels.csv`. Records which commit that is now; returns what is there.

        Raises RevisionNotFoundError, PathNotFoundError.
        """
        from aidb.tracking.used import use

        return use(self, address)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """What the run has committed, and what waits to be."""
        from aidb.tracking.checkpoints import Checkpoints

        return Checkpoints(self)

    def save(self, pattern: str | os.PathLike[str], *, under: str = "") -> list[str]:
        """Commit files on the branch of the run: a file, a folder, or all that match `*.csv`; return their paths there.

        The files are read before this returns. Raises PathNotFoundError if there are none.
        """
        return self.checkpoints.save_files(os.fspath(pattern), under)

    def save_checkpoint(
        self,
        source: str | os.PathLike[str] | Mapping[str, Any],
        *,
        step: int | None = None,
        metrics: Mapping[str, Any] | None = None,
        keep: str | int | None = None,
        name: str = "checkpoint",
    ) -> str:
        """Commit a checkpoint on the branch of the run, in the background; return its path there.

        `source` is a state dict, whose tensors are copied before this returns, or a file or folder, which must stay as
        it is until `run.checkpoints.wait()` or the end of the run. Waits while too much is being saved already.

        `keep` says which checkpoints of that `name` the branch still has: `"last"` this one, `"best:val/loss"` (or
        `"best:-val/acc"`: greater is better) that with the least of its `metrics`, a number the newest ones. Earlier
        commits of the branch have the others.
        """
        when = self._next_step - 1 if step is None else step
        return self.checkpoints.save(source, checked_step(max(when, 0)), metrics or {}, keep, name)

    def watch(self, model: Any, *, every: int = 100, gradients: bool = True, weights: bool = True) -> None:
        """Log histograms of a PyTorch module's gradients and weights at each `every`-th backward pass."""
        from aidb.tracking.watch import watch

        watch(self, model, every=every, gradients=gradients, weights=weights)

    # Other runs

    def fork(self, step: int, *, name: str | None = None, params: Any = None) -> Run:
        """Start a run that goes on from a step of this one: it has its parameters, and its points up to there."""
        from aidb.tracking.start import start_run

        return start_run(self.experiment, name, params=params, fork_from=self.id, step=step, repo=self.repo)

    # The end

    def finish(self, status: str = "finished", *, error: str = "") -> None:
        """End the run: wait for what is being saved, and write what is left. Harmless when done twice."""
        if self._finished:
            return
        self._finished = True
        ending.closed(self)
        if status == "killed":  # there may be little time
            self._end(status, error)
        for stop in self._parts():
            _guarded(stop)
        if status != "killed":
            self._end(status, error)
        _guarded(self._journal.close)

    def _end(self, status: str, error: str) -> None:
        _guarded(lambda: self._journal.event(Finish(time=self._time(), status=status, error=error)))

    def _parts(self) -> list[Callable[[], None]]:
        parts: list[Callable[[], None]] = []
        if "checkpoints" in self.__dict__:
            parts.append(self.checkpoints.close)
        if self._console is not None:
            parts.append(self._console.close)
        if self._heart is not None:
            parts.append(self._heart.stop)
        return parts

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        status, text = ending.outcome(error)
        self.finish(status, error=text)

    def __repr__(self) -> str:
        return f"<Run {self.id} {self._name!r} of {self.experiment!r}>"

    # For the modules of this package

    def record(self, event: Event) -> None:
        """Write an event to the journal."""
        self._journal.event(event)

    def keep_commit(self, commit: str) -> None:
        """See that garbage collection spares a commit that the run read or made."""
        self._journal.keep_commit(commit)

    def store_file(self, data: bytes, suffix: str, **about: Any) -> Stored:
        """Keep some bytes as a file of the run, named by what it holds."""
        self.check_open()
        return store_file(self.folder, data, suffix, about)

    def current_step(self, step: int | None) -> int:
        """The step to log something at: the one given, or that of the last metrics."""
        return max(self._next_step - 1, 0) if step is None else checked_step(step)

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self._finished

    def check_open(self) -> None:
        """Raise RefusedError if it has ended."""
        if self._finished:
            raise already_finished()

    @property
    def recording(self) -> bool:
        """Whether anything is recorded."""
        return self._journal.records

    def _begin(self, heart: Heart, console: Console | None) -> None:
        self._heart, self._console = heart, console
        heart.start()


def _joined(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _joined(value, f"{prefix}{key}/")
        else:
            yield (f"{prefix}{key}" if prefix else key), value


def _texts(tags: tuple[str, ...]) -> tuple[str, ...]:
    for tag in tags:
        if not str(tag) or not str(tag).isprintable():
            raise InvalidInputError(f"{tag!r} cannot be a tag: tags are lines of text")
    return tags


def _guarded(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the end of a run must not hide how training ended
        _LOG.warning("ending the run: %s", error)
