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


class _Plan(NamedTuple):
    """What is to be started."""

    run: str
    past: Past
    start: Start | None
    """None for a rank that only joins in."""
    rewind: int | None
    first_step: int


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
    place = _repository(repo, around)
    rank = around.rank if rank is None else rank
    shared = id or around.run
    given = {
        **(read_config(config) if config is not None else {}),
        **(flat(params) if params is not None else {}),
    }
    enabled = checked_mode(mode or around.mode) == "enabled" and (rank == 0 or shared is not None)
    names = (experiment or around.experiment or place.root.name or "default", name or around.name)
    if not enabled:
        past = Past(names[0], names[1] or "disabled", params=given, last_step=-1)
        return Run(shared or "disabled", place, SilentWriter(), past)
    plan = _plan(
        place.folder / RUNS, names, shared, resume, fork_from, step, _parent_id(parent, around), rank
    )
    run = _begun(place, plan, rank)
    _describe(run, plan, given, (*around.tags, *tags) if plan.start else (), notes)
    ending.opened(run)
    with_console = around.console if console is None else console
    run._begin(
        _heart(run, capture=capture and plan.start is not None), _console(run) if with_console else None
    )
    return run


def _repository(repo: Repository | str | os.PathLike[str] | None, around: Surroundings) -> Repository:
    if isinstance(repo, Repository):
        return repo
    place = repo if repo is not None else around.repository or "."
    try:
        return open_repository(place)
    except RepositoryNotFoundError:
        _LOG.info("made an aidb repository in %s", Path(place).absolute())
        return init(place)


def _parent_id(parent: str | Run | None, around: Surroundings) -> str | None:
    if parent is None:
        active = ending.current_run()
        return active.id if active is not None else around.parent
    return parent.id if isinstance(parent, Run) else parent


def _plan(
    runs: Path,
    names: tuple[str, str | None],
    shared: str | None,
    resume: str | bool,
    fork_from: str | None,
    step: int | None,
    parent: str | None,
    rank: int,
) -> _Plan:
    wanted = resume if isinstance(resume, str) else shared
    there = wanted is not None and _has_begun(runs / check_run_id(wanted))
    if fork_from is not None:
        return _forking(runs, names, None if there else wanted, fork_from, step, parent)
    if wanted is not None and (isinstance(resume, str) or (resume and there)):
        return _resuming(runs, wanted, step, rank)
    if step is not None:
        raise InvalidInputError(
            "a step to start from needs a run", hints=("Say which, with resume= or fork_from=.",)
        )
    if there and rank == 0:
        raise RefusedError(
            f"there is a run {wanted} already", hints=("Go on with it by resume=True, or choose another id.",)
        )
    run = wanted or new_run_id()
    past = Past(names[0], names[1] or friendly_name(run), parent)
    if rank:
        return _Plan(run, past, None, None, 0)
    begin = Start(time=time.time(), experiment=past.experiment, name=past.name, parent=parent)
    return _Plan(run, past, begin, None, 0)


def _has_begun(folder: Path) -> bool:
    if not journals(folder):
        return False
    from aidb.tracking.past import read_past

    return read_past(folder).started


def _resuming(runs: Path, run: str, step: int | None, rank: int) -> _Plan:
    from aidb.tracking.past import read_past

    past = read_past(runs / run)
    first = past.last_step + 1 if step is None else step + 1
    if rank:
        return _Plan(run, past, None, None, first)
    begin = Start(
        time=time.time(), experiment=past.experiment, name=past.name, parent=past.parent, resumed=True
    )
    return _Plan(run, past, begin, step if step is not None and step < past.last_step else None, first)


def _forking(
    runs: Path,
    names: tuple[str, str | None],
    wanted: str | None,
    source: str,
    step: int | None,
    parent: str | None,
) -> _Plan:
    from aidb.tracking.past import read_past

    past = read_past(runs / check_run_id(source))
    at = past.last_step if step is None else step
    run = wanted or new_run_id()
    past.name, past.parent, past.tags = names[1] or friendly_name(run), parent, set()
    past.forked_from = source
    begin = Start(
        time=time.time(),
        experiment=past.experiment,
        name=past.name,
        parent=parent,
        forked_from=source,
        forked_step=at,
    )
    return _Plan(run, past, begin, None, at + 1)


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
        from aidb.tracking.capture.entry import captured_at_once, surroundings_of

        command = captured_at_once()
        heart.once(lambda: surroundings_of(run, command))
    from aidb.tracking.system import SECONDS, SystemMetrics

    metrics = SystemMetrics(run)
    heart.every(SECONDS, metrics.sample)
    return heart


def _console(run: Run) -> Console | None:
    from aidb.tracking.console import record_console

    return record_console(run)
