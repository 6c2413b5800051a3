"""Starting a run: which one, in which repository, as which rank."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import aidb
from aidb.errors import InvalidInputError, RefusedError, RepositoryNotFoundError
from aidb.files import storage_errors
from aidb.repository import Repository, init
from aidb.repository import open as open_repository
from aidb.tracking import ending
from aidb.tracking.environment import Surroundings, checked_mode, surroundings
from aidb.tracking.heart import Heart
from aidb.tracking.journal.events import Notes, Rewind, Start
from aidb.tracking.journal.events import Params as ParamsEvent
from aidb.tracking.journal.folder import RUNS, check_run_id, journals
from aidb.tracking.journal.silent import SilentWriter
from aidb.tracking.journal.writer import JournalWriter
from aidb.tracking.names import friendly_name, new_run_id
from aidb.tracking.params import flat, read_config
from aidb.tracking.past import Past
from aidb.tracking.run import Run

if TYPE_CHECKING:
    from aidb.tracking.console import Console

_LOG = logging.getLogger("aidb")
_SYNC_SECONDS = 1.0


class _Wanted(NamedTuple):
    """What was asked for, by arguments and variables."""

    runs: Path
    experiment: str
    name: str | None
    run: str | None
    must_exist: bool
    may_exist: bool
    fork_from: str | None
    step: int | None
    parent: str | None
    rank: int


class _Plan(NamedTuple):
    """What is to be started."""

    run: str
    past: Past
    start: Start | None = None
    """None for a rank that only joins in."""
    rewind: int | None = None
    first_step: int = 0


def start_run(
    experiment: str | None = None,
    name: str | None = None,
    *,
    params: Any = None,
    config: Any = None,
    tags: Iterable[str] = (),
    notes: str = "",
    id: str | None = None,  # noqa: A002 - the name people know from other trackers
    resume: str | bool = False,
    fork_from: str | None = None,
    step: int | None = None,
    parent: str | Run | None = None,
    rank: int | None = None,
    repo: Repository | str | os.PathLike[str] | None = None,
    mode: str | None = None,
    console: bool | None = None,
    capture: bool = True,
) -> Run:
    """Start a run, or go on with one.

    `params` and `config` (also the path of a JSON, TOML or YAML file) are hyperparameters. `resume` is the id of a run
    to go on with; True takes `id` if there is such a run. With a `step`, what was logged after it does not count any
    more. `fork_from` with a `step` starts a new run that goes on from there. `parent` is the run that this one is part
    of; a run that is started while another one is open is part of that.

    The repository is the one around the current folder; where there is none, one is made. Processes of other ranks
    than 0 record nothing, unless they are told the same run by `id` or `AIDB_RUN_ID`: then each writes a file of its
    own. `mode="disabled"` records nothing. Without `console`, what is printed is not recorded; without `capture`,
    neither code, packages nor hardware are. What the arguments leave open, `AIDB_*` variables say
    (aidb/tracking/environment.py).
    """
    around = surroundings()
    rank = around.rank if rank is None else rank
    run_id = resume if isinstance(resume, str) else id or around.run
    given = {**read_config(config), **flat(params)}
    enabled = checked_mode(mode or around.mode) == "enabled" and (rank == 0 or run_id is not None)
    place = _repository(repo, around, make=enabled)
    title = experiment or around.experiment or (place.root.name if place is not None else "") or "default"
    if place is None or not enabled:
        past = Past(title, name or around.name or "disabled", params=given)
        return Run(run_id or "disabled", place, SilentWriter(), past)
    whole = _parent_id(parent, around) if fork_from is None or parent is not None else None
    wanted = _Wanted(
        place.folder / RUNS,
        title,
        name or around.name,
        run_id,
        isinstance(resume, str),
        bool(resume),
        fork_from,
        step,
        whole,
        rank,
    )
    plan = _plan(wanted)
    run = _begun(place, plan, rank)
    _describe(run, plan, given, (*around.tags, *tags) if plan.start else (), notes)
    ending.opened(run)
    heart = _heart(run, capture=capture and plan.start is not None)
    run._begin(heart, _console(run) if (around.console if console is None else console) else None)
    return run


def _repository(
    repo: Repository | str | os.PathLike[str] | None, around: Surroundings, *, make: bool
) -> Repository | None:
    """The repository to record in; None if there is none and none is to be made."""
    if isinstance(repo, Repository):
        return repo
    place = repo if repo is not None else around.repository or "."
    try:
        return open_repository(place)
    except RepositoryNotFoundError:
        if not make:
            return None
        _LOG.info("made an aidb repository in %s", Path(place).absolute())
        return init(place)


def _parent_id(parent: str | Run | None, around: Surroundings) -> str | None:
    if parent is None:
        active = ending.current_run()
        return active.id if active is not None else around.parent
    return parent.id if isinstance(parent, Run) else parent


def _plan(wanted: _Wanted) -> _Plan:
    there = wanted.run is not None and _has_begun(wanted.runs / check_run_id(wanted.run))
    if wanted.fork_from is not None and not there:
        return _forking(wanted, wanted.fork_from)
    if wanted.run is not None and (wanted.must_exist or (wanted.may_exist and there)):
        return _resuming(wanted, wanted.run)
    if wanted.step is not None:
        raise InvalidInputError(
            "a step to start from needs a run", hints=("Say which, with resume= or fork_from=.",)
        )
    if there and not wanted.rank:
        raise RefusedError(
            f"there is a run {wanted.run} already",
            hints=("Go on with it by resume=True, or choose another id.",),
        )
    run = wanted.run or new_run_id()
    past = Past(wanted.experiment, wanted.name or friendly_name(run), wanted.parent)
    return _Plan(run, past, None if wanted.rank else _start(past))


def _has_begun(folder: Path) -> bool:
    if not journals(folder):
        return False
    from aidb.tracking.past import read_past

    return read_past(folder).started


def _resuming(wanted: _Wanted, run: str) -> _Plan:
    from aidb.tracking.past import read_past

    past = read_past(wanted.runs / run)
    step = past.last_step if wanted.step is None else wanted.step
    if wanted.rank:
        return _Plan(run, past, first_step=step + 1)
    return _Plan(run, past, _start(past, resumed=True), step if step < past.last_step else None, step + 1)


def _forking(wanted: _Wanted, source: str) -> _Plan:
    from aidb.tracking.past import read_past

    past = read_past(wanted.runs / check_run_id(source))
    step = past.last_step if wanted.step is None else wanted.step
    run = wanted.run or new_run_id()
    past.name, past.parent, past.tags = wanted.name or friendly_name(run), wanted.parent, set()
    past.forked_from = source
    begin = None if wanted.rank else _start(past, forked_from=source, forked_step=step)
    return _Plan(run, past, begin, first_step=step + 1)


def _start(past: Past, **how: Any) -> Start:
    return Start(time=time.time(), experiment=past.experiment, name=past.name, parent=past.parent, **how)


def _begun(repo: Repository, plan: _Plan, rank: int) -> Run:
    folder = repo.folder / RUNS / plan.run
    with storage_errors("making the folder of the run"):
        folder.mkdir(parents=True, exist_ok=True)
    journal = JournalWriter(folder, plan.run, rank=rank, version=aidb.__version__, warn=_LOG.warning)
    run = Run(plan.run, repo, journal, plan.past, first_step=plan.first_step, rank=rank)
    if plan.start is not None:
        run.record(plan.start)
    if plan.rewind is not None:
        run.record(Rewind(time=time.time(), step=plan.rewind))
    return run


def _describe(run: Run, plan: _Plan, given: dict[str, Any], tags: tuple[str, ...], notes: str) -> None:
    if plan.start is not None and plan.start.forked_from is not None and run.params:
        run.record(ParamsEvent(time=time.time(), values=dict(run.params)))
    if given and plan.start is not None:
        run.params.update(given)
    if tags:
        run.tag(*tags)
    if notes:
        run.record(Notes(time=time.time(), text=notes))


def _heart(run: Run, *, capture: bool) -> Heart:
    """The work beside training. What is captured comes first; the modules that do it are loaded there, too."""
    journal = run._journal
    heart = Heart(f"aidb run {run.id}")
    if isinstance(journal, JournalWriter):
        heart.every(_SYNC_SECONDS, journal.retry)
        heart.every(_SYNC_SECONDS, journal.sync)
    if capture:
        from aidb.tracking.capture.entry import captured_at_once, record_surroundings

        command = captured_at_once()
        heart.once(lambda: record_surroundings(run, command))
    from aidb.tracking.system import SECONDS, SystemMetrics

    metrics = SystemMetrics(run)
    heart.every(SECONDS, metrics.sample)
    return heart


def _console(run: Run) -> Console | None:
    from aidb.tracking.console import record_console

    return record_console(run)
