"""Ids of runs, which sort by time, and the names that people call them by."""

from __future__ import annotations

import os
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Without i, l, o and u, so that an id can be read aloud and copied by hand."""
_TIME, _RANDOM = 7, 5

_ADJECTIVES = """
amber bold brave brisk calm clear clever cosy crisp dapper deep eager early fair fleet fond fresh gentle
glad golden grand hardy humble jolly keen kind light lively lucid lucky mellow merry mild neat nimble noble
patient plain proud quick quiet rapid ready royal rustic serene sharp shiny silent silver sleek smooth snug
sober solid spry steady stout sunny swift tidy vivid warm wise
""".split()  # noqa: SIM905 - two hundred quotes less
_NOUNS = """
badger beaver bison bittern cedar comet condor crane curlew delta dolphin dune eagle egret elm ember falcon
fern finch fjord fox gecko glacier grove gull harbor hare hawk heron ibex jay juniper kestrel lagoon lark
lynx maple marlin marten meadow merlin newt oak orca osprey otter owl pine plover puffin raven reef robin
salmon sparrow spruce stork swan tern thrush tiger vole willow wren
""".split()  # noqa: SIM905 - two hundred quotes less


def new_run_id(now: float | None = None) -> str:
    """Twelve letters and digits: the second, then chance. Later seconds sort later."""
    seconds = int(time.time() if now is None else now)
    chance = int.from_bytes(os.urandom(4), "little")
    return _spelled(seconds, _TIME) + _spelled(chance, _RANDOM)


def friendly_name(run: str) -> str:
    """A name such as `brave-heron` that always is the same for an id."""
    from zlib import crc32

    number = crc32(run.encode())
    return f"{_ADJECTIVES[number % len(_ADJECTIVES)]}-{_NOUNS[number // 64 % len(_NOUNS)]}"


def _spelled(number: int, digits: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
