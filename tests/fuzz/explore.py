"""One target, explored by libFuzzer through atheris in a process of its own; started by `python -m tests.fuzz`.

    python -m tests.fuzz.explore TARGET CORPUS [OPTION=VALUE of libFuzzer ...]

An exception that must not be ends the process, and the input that caused it is kept where `artifact_prefix` says.
"""

from __future__ import annotations

import resource
import sys
from functools import partial

MEMORY = 2 << 30
"""Bytes of address space: what asks for more fails with MemoryError, which is a finding."""


def explore(name: str, corpus: str, options: list[str]) -> None:
    """Run until libFuzzer has had enough; never returns."""
    import atheris

    with atheris.instrument_imports(include=["aidb"]):
        from tests.fuzz.target import run
        from tests.fuzz.targets import TARGETS

        target = TARGETS[name]
        for seed in target.seeds():
            run(target, seed)  # now everything that is imported late is imported, and watched
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    atheris.Setup([sys.argv[0], *(f"-{option}" for option in options), corpus], partial(run, target))
    atheris.Fuzz()


if __name__ == "__main__":
    explore(sys.argv[1], sys.argv[2], sys.argv[3:])
