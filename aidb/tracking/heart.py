"""The thread beside training: what is done once, and what is done again and again, without holding anybody up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger("aidb")
Work = Callable[[], None]


class Heart:
    """Work that repeats every so many seconds, and work that is done once; all in one daemon thread."""

    def __init__(self, name: str) -> None:
        self._repeated: list[tuple[float, float, Work]] = []
        self._once: list[Work] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=name, daemon=True)

    def once(self, work: Work) -> None:
        """Do this first; `stop` waits for it. To be called before `start`."""
        self._once.append(work)

    def every(self, seconds: float, work: Work) -> None:
        """Do this again and again. To be called before `start`."""
        self._repeated.append((seconds, 0.0, work))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End when what is done once is done. Harmless in a forked child, where no such thread runs."""
        self._stopping.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _beat(self) -> None:
        for work in self._once:
            _guarded(work)
        shortest = min((seconds for seconds, _, _ in self._repeated), default=1.0)
        while not self._stopping.wait(shortest):
            now = time.monotonic()
            for place, (seconds, last, work) in enumerate(self._repeated):
                if now - last >= seconds * 0.9:
                    _guarded(work)
                    self._repeated[place] = (seconds, now, work)


def _guarded(work: Work) -> None:
    """Whatever fails beside training must not end it."""
    try:
        work()
    except Exception as error:  # noqa: BLE001
        _LOG.warning("recording the run: %s", error)
        _LOG.debug("recording the run", exc_info=True)
