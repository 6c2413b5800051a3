"""A filter as a list of tokens."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from aidb.errors import FilterError

Kind = Literal["word", "number", "text", "sign", "end"]

LONGEST = 10_000
"""Characters of the longest filter that is read."""

_TOKEN = re.compile(
    r"""
      (?P<number> [-+]? (?: \d[\d_]* (?:\.\d*)? | \.\d+ ) (?:[eE][-+]?\d+)? (?![\w.]) | [-+]inf\b )
    | (?P<word>   [^\W\d] [\w/-]* )
    | (?P<text>   "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
    | (?P<sign>   <= | >= | == | != | !~ | [<>=~(),.] )
    """,
    re.VERBOSE | re.DOTALL,
)
_KEY = re.compile(r"[\w/-]+")
"""After a dot even digits are part of a name: params.layers.0"""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Token(NamedTuple):
    """A piece of a filter: what it is, its characters, where it begins, and for texts what they say."""

    kind: Kind
    written: str
    at: int
    text: str = ""


_NOTHING = Token("end", "", 0)


def tokenize(source: str) -> list[Token]:
    """All tokens; the last is an `end`. Raises FilterError at the first character that begins none."""
    if len(source) > LONGEST:
        raise FilterError(f"the filter has more than {LONGEST:,} characters", source=source[:80], at=0)
    tokens: list[Token] = []
    at = _after_space(source, 0)
    while at < len(source):
        tokens.append(_token(source, at, tokens[-1] if tokens else _NOTHING))
        at = _after_space(source, at + len(tokens[-1].written))
    return [*tokens, Token("end", "", len(source))]


def _token(source: str, at: int, before: Token) -> Token:
    if before.written == "." and (key := _KEY.match(source, at)):
        return Token("word", key.group(), at)
    if source[at] == "." and before.kind in ("word", "text"):
        return Token("sign", ".", at)
    found = _TOKEN.match(source, at)
    if found is None:
        raise FilterError(_unreadable(source, at), source=source, at=at)
    kind: Kind = found.lastgroup  # type: ignore[assignment]
    return Token(kind, found.group(), at, _unquoted(found.group()) if kind == "text" else "")


def _after_space(source: str, at: int) -> int:
    while at < len(source) and source[at].isspace():
        at += 1
    return at


def quoted(text: str) -> str:
    """A text as the language writes it; `tokenize` reads it back."""
    for letter, char in (("\\", "\\"), ('"', '"'), *_ESCAPES.items()):
        text = text.replace(char, "\\" + letter)
    return f'"{text}"'


def _unquoted(written: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found.group(1), found.group(1)), written[1:-1])


def _unreadable(source: str, at: int) -> str:
    char = source[at]
    if char in "\"'":
        return f"the text that begins with {char} has no end"
    if char.isdigit() or char in "+-":
        return "this is not a number"
    if char in "&|":
        return f"{char!r} is not part of a filter: write `and`, `or`"
    return f"{char!r} is not part of a filter"
