"""aidb: Git for AI work — one repository for datasets, checkpoints and experiments.

    import aidb

    repo = aidb.init("my-data")
    repo.add(["images"])
    repo.commit("First version")
    repo.at("main").read("images/0001.png")

`import aidb` is cheap: everything heavy is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aidb.errors import AidbError
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
    "start_run",
]

_HOME = {
    "AidbError": "aidb.errors",
    "Repository": "aidb.repository",
    "Run": "aidb.tracking.run",
    "Snapshot": "aidb.snapshot",
    "active_run": "aidb.tracking.active",
    "finish": "aidb.tracking.active",
    "init": "aidb.repository",
    "log": "aidb.tracking.active",
    "open": "aidb.repository",
    "start_run": "aidb.tracking.start",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'aidb' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
