"""The methods of a run that log media. Each makes a file, or a few numbers, and an event that names it."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from aidb.tracking.journal.events import Event, Media, Stored

if TYPE_CHECKING:
    from aidb.tracking.media.made import Made

Source = str | os.PathLike[str]
"""The path of a file."""


class MediaLogging(ABC):
    """What a `Run` can log beside numbers. Without a step, it is that of the last metrics."""

    @abstractmethod
    def record(self, event: Event) -> None: ...

    @abstractmethod
    def store_file(self, data: bytes, suffix: str, **about: Any) -> Stored: ...

    @property
    @abstractmethod
    def recording(self) -> bool: ...

    @abstractmethod
    def current_step(self, step: int | None) -> int: ...

    def log_image(self, key: str, image: Any, *, step: int | None = None, caption: str = "") -> None:
        """Log a picture: a path, a PIL image, an array or tensor (H, W), (H, W, C) or (C, H, W)."""
        self.log_images(key, [image], step=step, captions=[caption])

    def log_images(
        self, key: str, images: Iterable[Any], *, step: int | None = None, captions: Sequence[str] = ()
    ) -> None:
        """Log several pictures together."""
        from aidb.tracking.media.images import image_file

        def made() -> Iterable[Made]:
            texts = chain(captions, repeat(""))
            return [image_file(image).with_caption(text) for image, text in zip(images, texts, strict=False)]

        self._log("image", key, step, made)

    def log_audio(
        self, key: str, audio: Any, *, rate: int = 44_100, step: int | None = None, caption: str = ""
    ) -> None:
        """Log sound: a path, or samples (N,) or (N, channels) at a `rate` per second; floats from -1 to 1."""
        from aidb.tracking.media.sounds import audio_file

        self._log("audio", key, step, lambda: [audio_file(audio, rate).with_caption(caption)])

    def log_video(
        self, key: str, video: Any, *, fps: float = 10, step: int | None = None, caption: str = ""
    ) -> None:
        """Log moving pictures: the path of a file, or an array (T, H, W, C) or (T, C, H, W), which becomes a GIF."""
        from aidb.tracking.media.images import video_file

        self._log("video", key, step, lambda: [video_file(video, fps).with_caption(caption)])

    def log_table(
        self, key: str, table: Any, *, columns: Sequence[str] | None = None, step: int | None = None
    ) -> None:
        """Log a table: a data frame (pandas, Polars, Arrow), a dict of columns, or rows with the names of `columns`."""
        from aidb.tracking.media.tables import table_file

        self._log("table", key, step, lambda: [table_file(table, columns)])

    def log_histogram(self, key: str, values: Any, *, bins: int = 64, step: int | None = None) -> None:
        """Log how values are spread: an array or tensor of any shape, or a pair of counts and edges."""
        from aidb.tracking.media.counts import histogram

        self._log("histogram", key, step, data=lambda: histogram(values, bins))

    def log_figure(self, key: str, figure: Any, *, step: int | None = None) -> None:
        """Log a figure of plotly, which stays interactive, or of matplotlib."""
        from aidb.tracking.media.documents import figure_file

        self._log("figure", key, step, lambda: [figure_file(figure)])

    def log_text(self, key: str, text: str, *, step: int | None = None) -> None:
        """Log text of any length. Short ones are also taken by `log`."""
        from aidb.tracking.media.documents import text_file

        self._log("text", key, step, lambda: [text_file(text, ".txt")])

    def log_html(self, key: str, html: str, *, step: int | None = None) -> None:
        """Log a page, which is shown without access to anything."""
        from aidb.tracking.media.documents import text_file

        self._log("html", key, step, lambda: [text_file(html, ".html")])

    def log_confusion_matrix(
        self,
        key: str,
        truth: Iterable[Any],
        predicted: Iterable[Any],
        *,
        labels: Sequence[Any] | None = None,
        step: int | None = None,
    ) -> None:
        """Log how often each class was taken for each other one."""
        from aidb.tracking.media.counts import confusion_matrix

        self._log("confusion-matrix", key, step, data=lambda: confusion_matrix(truth, predicted, labels))

    def log_pr_curve(
        self,
        key: str,
        truth: Iterable[Any],
        scores: Iterable[Any],
        *,
        points: int = 200,
        step: int | None = None,
    ) -> None:
        """Log precision and recall at each threshold: truth is 0 or 1 (or false or true), scores are higher for 1."""
        from aidb.tracking.media.counts import pr_curve

        self._log("pr-curve", key, step, data=lambda: pr_curve(truth, scores, points))

    def _log(
        self,
        kind: str,
        key: str,
        step: int | None,
        made: Callable[[], Iterable[Made]] = tuple,
        data: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """Both are only asked if anything is recorded: other ranks should not spend their time on pictures."""
        if not self.recording:
            return
        files = tuple(self.store_file(each.data, each.suffix, **each.about) for each in made())
        at = self.current_step(step)
        self.record(Media(time=time.time(), key=key, step=at, kind=kind, files=files, data=data()))
