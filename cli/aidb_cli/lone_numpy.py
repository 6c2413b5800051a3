"""NumPy loaded without the threads of OpenBLAS.

As it is loaded, OpenBLAS starts a thread for every further core, and each looks for work for 0.1 s of CPU before it
sleeps. A command counts, sorts and splits numbers; it multiplies no matrices. So the variable that says how many
threads there are is set while NumPy is loaded, and only then: what a check or `bisect` runs must find the environment
as it was.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_VARIABLE = "OPENBLAS_NUM_THREADS"


def load_numpy_alone() -> None:
    """From now on NumPy, when it is first needed, is loaded so. Whoever has set the variable gets what it says."""
    if _VARIABLE not in os.environ:
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds NumPy as the others would, once, and sets the variable around its loading."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        if name != "numpy":
            return None
        from importlib.machinery import PathFinder

        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _load_alone(load, module)  # type: ignore[method-assign]
        return spec


def _load_alone(load: Callable[[ModuleType], None], module: ModuleType) -> None:
    os.environ[_VARIABLE] = "1"
    try:
        load(module)
    finally:
        os.environ.pop(_VARIABLE, None)
