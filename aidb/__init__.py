"""aidb: Git for AI work — one repository for datasets, checkpoints and experiments.

    import aidb

    repo = aidb.init("my-data")
    repo.add(["images"])
    repo.commit("First version")
    repo.at("main").read("images/0001.png")

`import aidb` is cheap: everything heavy is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.lazy import lazy_names

if TYPE_CHECKING:
    from aidb.errors import AidbError
    from aidb.metadata.here import runs
    from aidb.repository import Repository, init, open
    from aidb.snapshot import Snapshot
    from aidb.tracking.active import active_run, finish, log
    from aidb.tracking.run import Run
    from aidb.tracking.start import start_run

__version__ = "0.1.0"
__all__ = [
    "AidbError",
    "Repository",
    "Run",
    "Snapshot",
    "__version__",
    "active_run",
    "finish",
    "init",
    "log",
    "open",
    "runs",
    "start_run",
]

_HOME = {
    "AidbError": "errors",
    "Repository": "repository",
    "Run": "tracking.run",
    "Snapshot": "snapshot",
    "active_run": "tracking.active",
    "finish": "tracking.active",
    "init": "repository",
    "log": "tracking.active",
    "open": "repository",
    "runs": "metadata.here",
    "start_run": "tracking.start",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
