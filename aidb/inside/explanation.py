"""What an explanation is: a typed value that a person reads through `summary()` and a program through `json()`."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

Json = Any
"""What `json.dumps` takes."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What changed inside one file. Each format has a class of its own, told apart by `kind`."""

    kind: ClassVar[str] = ""

    def summary(self) -> str:
        """One line without the path: `3 rows changed, 1 added`."""
        raise NotImplementedError

    def json(self) -> dict[str, Json]:
        """The whole explanation as data; fields may be added in later versions, never changed."""
        fields = {field.name: plain(getattr(self, field.name)) for field in dataclasses.fields(self)}
        return {"kind": self.kind, "summary": self.summary(), **fields}


@dataclass(frozen=True, slots=True)
class Unreadable(Explanation):
    """The file is not what its name says, is hostile, or needs a package that is not installed."""

    kind: ClassVar[str] = "unreadable"
    reason: str
    hints: tuple[str, ...] = ()

    def summary(self) -> str:
        return f"cannot look inside: {self.reason}"


def plain(value: Any) -> Json:
    """A value of dataclasses and tuples as JSON has it; what is not finite becomes text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def counted(count: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def share(part: float, whole: float) -> str:
    """`part` of `whole` in per cent, never rounded to nothing or to all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "<0.1%"
    if 99.9 < percent < 100:
        return ">99.9%"
    return f"{percent:.1f}".rstrip("0").rstrip(".") + "%"
