"""The helper process that captures what is around a run; `entry` starts it.

Finding all this out takes Python a tenth of a second, in which training would again and again wait for this thread.
"""

from __future__ import annotations

import logging
import marshal
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from aidb.tracking.journal.events import Captured, Stored


class Keep(Protocol):
    """Keeps some bytes as a file of the run."""

    def __call__(self, data: bytes, suffix: str, **about: Any) -> Stored: ...


Part = Callable[[Keep, Path], "tuple[dict[str, Any], tuple[Stored, ...]]"]


def surroundings_of(run_folder: Path, folder: Path) -> Iterator[Captured]:
    """One part after the other; what one cannot tell does not keep the others. `folder` is that of the script."""
    from aidb.tracking.capture.code import code
    from aidb.tracking.capture.host import environment, hardware, host
    from aidb.tracking.capture.packages import packages
    from aidb.tracking.journal.events import Captured
    from aidb.tracking.journal.files import store_file

    def keep(data: bytes, suffix: str, **about: Any) -> Stored:
        return store_file(run_folder, data, suffix, about)

    parts: dict[str, Part] = {
        "code": code,
        "host": host,
        "environment": environment,
        "hardware": hardware,
        "packages": packages,
    }
    for about, part in parts.items():
        try:
            values, files = part(keep, folder)
        except Exception as error:  # noqa: BLE001 - one part must not hide the others
            logging.getLogger("aidb").info("capturing the %s of the run: %s", about, error)
            continue
        if values:
            yield Captured(time=time.time(), about=about, values=values, files=files)


if __name__ == "__main__":
    sys.path[:], folder_of_run, folder_of_script = marshal.load(sys.stdin.buffer)
    import msgspec

    # What is printed by mistake must not be taken for the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with answers:
        answers.write(
            msgspec.msgpack.encode(list(surroundings_of(Path(folder_of_run), Path(folder_of_script))))
        )
