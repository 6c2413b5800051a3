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

__version__ = "0.1.0"
__all__ = ["AidbError", "Repository", "Snapshot", "__version__", "init", "open"]

_HOME = {
    "AidbError": "aidb.errors",
    "Repository": "aidb.repository",
    "Snapshot": "aidb.snapshot",
    "init": "aidb.repository",
    "open": "aidb.repository",
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
