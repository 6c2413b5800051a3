"""Lines drawn with braille characters: a grid of two by four dots in each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800


class Canvas:
    """A picture of `width` by `height` characters, over a range of values. Later lines stand before earlier ones."""

    def __init__(self, width: int, height: int, x: tuple[float, float], y: tuple[float, float]) -> None:
        self.width, self.height = width, height
        self._x, self._y = x, y
        self._cells: dict[tuple[int, int], tuple[int, int]] = {}

    def line(self, xs: Sequence[float], ys: Sequence[float], mark: int) -> None:
        """Draw straight lines from point to point, none of them NaN; `mark` comes back in `rows`."""
        places = [self._place(x, y) for x, y in zip(xs, ys, strict=True)]
        for (x, y), (to_x, to_y) in zip(places, places[1:] or places, strict=False):
            for column, row in _between(x, y, to_x, to_y):
                self._dot(column, row, mark)

    def rows(self) -> Iterator[Iterable[tuple[str, int | None]]]:
        """From the top, each row as characters with the mark of the line they belong to."""
        for row in range(self.height):
            cells = (self._cells.get((column, row)) for column in range(self.width))
            yield [(" ", None) if cell is None else (chr(_BLANK + cell[0]), cell[1]) for cell in cells]

    def _place(self, x: float, y: float) -> tuple[int, int]:
        column = _scaled(x, *self._x) * (self.width * 2 - 1)
        row = (1 - _scaled(y, *self._y)) * (self.height * 4 - 1)
        return round(column), round(row)

    def _dot(self, column: int, row: int, mark: int) -> None:
        place = column // 2, row // 4
        dots, _ = self._cells.get(place, (0, mark))
        self._cells[place] = dots | _DOTS[row % 4][column % 2], mark


def _scaled(value: float, low: float, high: float) -> float:
    return 0.5 if high <= low else min(1.0, max(0.0, (value - low) / (high - low)))


def _between(x: int, y: int, to_x: int, to_y: int) -> Iterator[tuple[int, int]]:
    steps = max(abs(to_x - x), abs(to_y - y), 1)
    for at in range(steps + 1):
        yield round(x + (to_x - x) * at / steps), round(y + (to_y - y) * at / steps)
