"""The one way in which commands talk.

The answer goes to standard output; notes, warnings, errors and progress go to standard error. In JSON mode standard
output holds one JSON value and nothing else; in quiet mode there are no notes, no progress and no summaries of what
was done. Colour and progress are for terminals.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO, TypeVar

from aidb.progress import SILENT, Progress

if TYPE_CHECKING:
    from aidb_cli.syntax import Invocation

Json = Any
"""What `json.dumps` takes."""

Item = TypeVar("Item")

_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""

_STYLES = {
    "added": "32",
    "modified": "33",
    "removed": "31",
    "renamed": "36",
    "conflict": "1;31",
    "commit": "33",
    "branch": "1;32",
    "tag": "1;33",
    "head": "1;36",
    "heading": "1",
    "dim": "2",
    "error": "1;31",
    "warning": "1;33",
    "hint": "36",
    "folder": "1;34",
    "link": "36",
}


class View(Protocol):
    """An answer that can be shown both ways."""

    def json(self) -> Json:
        """The answer as data."""

    def draw(self, out: Output) -> None:
        """The answer for a person, through `out.line`."""


class Output:
    """Where commands write, and how."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self._screen: TextIO = sys.stdout
        self.stdout = self._screen
        self.stderr: TextIO = sys.stderr
        self.json_mode = False
        self.quiet = False
        self.pageable = False
        self._color = self._error_color = False
        self._progress: Progress | None = None
        self.configure("auto")

    def configure(
        self, color: str, *, json: bool = False, quiet: bool = False, pageable: bool = False
    ) -> None:
        """Take over what the command line asks for."""
        self.json_mode, self.quiet = json, quiet
        self.pageable = pageable and not json and is_terminal(self.stdout)
        self._color = self._wants_color(color, self.stdout)
        self._error_color = self._wants_color(color, self.stderr)
        for stream in (self.stdout, self.stderr):
            # A name that the terminal's encoding does not have is shown escaped; it is no reason to fail.
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace")

    def obey(self, invocation: Invocation) -> None:
        """`configure`, from a command line."""
        shared = invocation.shared
        self.configure(
            shared["color"],
            json=shared["json"],
            quiet=shared["quiet"],
            pageable=invocation.command.pages and not shared["no_pager"],
        )

    def _wants_color(self, when: str, stream: TextIO) -> bool:
        if when != "auto":
            return when == "always"
        return is_terminal(stream) and not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"

    # The answer

    def line(self, text: str = "") -> None:
        """One line of the answer."""
        self.stdout.write(text + "\n")

    def write_bytes(self, data: bytes | memoryview) -> None:
        """A piece of the answer that is a file's content."""
        self.stdout.flush()
        self.stdout.buffer.write(data)

    def emit(self, value: Json) -> None:
        """The whole answer as JSON."""
        import json

        self.line(json.dumps(value, indent=2 if is_terminal(self.stdout) else None))

    def show(self, view: View) -> None:
        """The answer, the way it was asked for."""
        if self.json_mode:
            self.emit(view.json())
        else:
            with self.paged():
                view.draw(self)

    def report(self, value: Json, *lines: str) -> None:
        """What a command did: data for a script, a summary for a person, nothing in quiet mode."""
        if self.json_mode:
            self.emit(value)
        elif not self.quiet:
            for text in lines:
                self.line(text)

    def rows(
        self, items: Iterable[Item], as_json: Callable[[Item], Json], as_line: Callable[[Item], str]
    ) -> None:
        """A list of any length, streamed."""
        if self.json_mode:
            self._json_array(map(as_json, items))
            return
        with self.paged():
            for item in items:
                self.line(as_line(item))

    def _json_array(self, values: Iterable[Json]) -> None:
        import json

        self.stdout.write("[")
        separator = "\n  "
        for value in values:
            self.stdout.write(separator + json.dumps(value))
            separator = ",\n  "
        self.stdout.write("]\n" if separator == "\n  " else "\n]\n")

    # Beside the answer

    def note(self, text: str) -> None:
        """Something that helps a person and that no script needs."""
        if not (self.json_mode or self.quiet):
            self._tell(self.error_style("hint", text) if text.startswith("hint:") else text)

    def hint(self, text: str) -> None:
        """The next command to try."""
        self.note(f"hint: {text}")

    def warn(self, text: str) -> None:
        """Something a person must see even in quiet mode."""
        if not self.json_mode:
            self._tell(self.error_style("warning", "warning:") + " " + text)

    def error(self, text: str) -> None:
        """A line of an error."""
        self._tell(text)

    def _tell(self, text: str) -> None:
        self.stop_progress()
        self.stdout.flush()
        self.stderr.write(text + "\n")
        self.stderr.flush()

    @property
    def progress(self) -> Progress:
        """Who is told how far long work is: a terminal, or nobody."""
        if self._progress is None:
            wanted = is_terminal(self.stderr) and not (self.json_mode or self.quiet)
            if wanted and self.environ.get("TERM") != "dumb":
                from aidb_cli.progress import TerminalProgress

                self._progress = TerminalProgress(self.stderr, color=self._error_color)
            else:
                self._progress = SILENT
        return self._progress

    def stop_progress(self) -> None:
        """Erase bars that are still on the screen."""
        if (close := getattr(self._progress, "close", None)) is not None:
            close()

    # Looks

    def style(self, name: str, text: str) -> str:
        """`text` for standard output, coloured if that is wanted."""
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if self._color else text

    def error_style(self, name: str, text: str) -> str:
        """`text` for standard error, coloured if that is wanted."""
        return f"\x1b[{_STYLES[name]}m{text}\x1b[0m" if self._error_color else text

    @property
    def on_terminal(self) -> bool:
        """Whether a person looks at the answer, through a pager or without one."""
        return is_terminal(self._screen)

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        if self.environ.get("COLUMNS", "").isdecimal():
            return int(self.environ["COLUMNS"])
        try:
            return os.get_terminal_size(self._screen.fileno()).columns or _WIDTH
        except (OSError, ValueError):
            return _WIDTH

    @contextmanager
    def paged(self) -> Iterator[None]:
        """Send the answer through the person's pager while the block runs, if it goes to a terminal."""
        if not self.pageable:
            yield
            return
        from aidb_cli.pager import pager

        plain = self.stdout
        with pager(self.environ, plain) as self.stdout:
            self.pageable = False
            try:
                yield
            finally:
                self.stdout = plain


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at `stream`."""
    return not stream.closed and stream.isatty()
