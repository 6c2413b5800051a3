"""From text to tree, by recursive descent; every error points at a character and says what would fit there.

filter  = [ or ]
or      = and { "or" and }
and     = not { "and" not }
not     = "not" not | "(" or ")" | test
test    = "tags" "has" TEXT
        | field ( "<" | "<=" | ">" | ">=" | "=" | "!=" ) value
        | field [ "not" ] "in" "(" value { "," value } ")"
        | field [ "not" ] "like" TEXT
        | field ( "~" | "!~" ) TEXT
        | field "is" [ "not" ] ( "null" | "nan" )
field   = ( "metrics" | "params" ) "." key { "." key } | [ "run" "." ] WORD
key     = WORD | TEXT
value   = NUMBER | TEXT | "true" | "false" | "inf"
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from aidb.errors import FilterError
from aidb.metadata.filters.fields import RUN_FIELDS, SPACES, STATISTICS, WORDS
from aidb.metadata.filters.nodes import (
    And,
    Compare,
    Field,
    Has,
    In,
    IsNaN,
    IsNull,
    Like,
    Literal,
    Match,
    Node,
    Not,
    Operator,
    Or,
)
from aidb.metadata.filters.tokens import Token, tokenize

DEEPEST = 50
"""Parentheses and `not` within each other; more are refused."""

_COMPARISONS = ("<", "<=", ">", ">=", "=", "==", "!=")
_AFTER_A_FIELD = "a comparison such as < or =, or one of: in, like, ~, is, not"


def parse(source: str) -> Node | None:
    """Read a filter; None if it is empty and so keeps everything. Raises FilterError."""
    return _Parser(source).whole()


def parse_field(source: str) -> Field:
    """Read the name of a column or of what to sort by: `params.lr`, `metrics.loss.min`. Raises FilterError."""
    parser = _Parser(source)
    field = parser.field()
    parser.expect_end("nothing more")
    return field


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokenize(source)
        self._next = 0
        self._depth = 0

    # Tokens

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def _accept(self, *written: str) -> Token | None:
        """The next token, if it is one of these words or signs."""
        token = self._token
        if token.kind in ("word", "sign") and token.written in written:
            return self._take()
        return None

    def _expect(self, written: str, what: str) -> None:
        if self._accept(written) is None:
            raise self._unexpected(what)

    def expect_end(self, what: str) -> None:
        if self._token.kind != "end":
            raise self._unexpected(what)

    def _unexpected(self, what: str, names: Iterable[str] = ()) -> FilterError:
        token = self._token
        found = "the end" if token.kind == "end" else token.written
        return self._error(f"expected {what}, not {found}", token, names)

    def _error(self, message: str, token: Token, names: Iterable[str] = ()) -> FilterError:
        return FilterError(message, source=self._source, at=token.at, hints=_near(token.written, names))

    # Logic

    def whole(self) -> Node | None:
        if self._token.kind == "end":
            return None
        node = self._or()
        self.expect_end("`and`, `or` or the end")
        return node

    def _or(self) -> Node:
        parts = self._joined("or", self._and)
        return parts[0] if len(parts) == 1 else Or(parts)

    def _and(self) -> Node:
        parts = self._joined("and", self._not)
        return parts[0] if len(parts) == 1 else And(parts)

    def _joined(self, word: str, part: Callable[[], Node]) -> tuple[Node, ...]:
        parts = [part()]
        while self._accept(word):
            parts.append(part())
        return tuple(parts)

    def _not(self) -> Node:
        opening = self._accept("not", "(")
        if opening is None:
            return self._test()
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} parentheses or `not` within each other", opening)
        if opening.written == "not":
            node: Node = Not(self._not())
        else:
            node = self._or()
            self._expect(")", "`and`, `or` or `)`")
        self._depth -= 1
        return node

    # Tests

    def _test(self) -> Node:
        if self._accept("tags"):
            self._expect("has", '`has`, as in: tags has "best"')
            return Has(self._text("a tag in quotes"))
        field = self.field()
        if sign := self._accept(*_COMPARISONS):
            operator = cast(Operator, "=" if sign.written == "==" else sign.written)
            return Compare(field, operator, self._value(field), self._before.at)
        if self._accept("is"):
            return self._is(field)
        if self._accept("!~"):
            return Not(self._pattern(field, Match))
        if self._accept("~"):
            return self._pattern(field, Match)
        return self._negatable(field)

    def _negatable(self, field: Field) -> Node:
        negated = self._accept("not") is not None
        if self._accept("in"):
            node: Node = self._in(field)
        elif self._accept("like"):
            node = self._pattern(field, Like)
        else:
            raise self._unexpected("`in` or `like`" if negated else _AFTER_A_FIELD)
        return Not(node) if negated else node

    def _is(self, field: Field) -> Node:
        negated = self._accept("not") is not None
        if self._accept("null"):
            node: Node = IsNull(field)
        elif self._accept("nan"):
            node = IsNaN(field)
        else:
            raise self._unexpected("`null` or `nan`" if negated else "`null`, `nan` or `not`")
        return Not(node) if negated else node

    def _in(self, field: Field) -> In:
        self._expect("(", "`(` and values")
        values, at = [self._value(field)], self._before.at
        while self._accept(","):
            values.append(self._value(field))
        self._expect(")", "`,` or `)`")
        return In(field, tuple(values), at)

    def _pattern(self, field: Field, kind: type[Like] | type[Match]) -> Like | Match:
        if field.space == "metrics" or (field.space == "run" and RUN_FIELDS[field.key] != "text"):
            raise self._error("only texts are compared with a pattern", self._before)
        pattern = self._text("a pattern in quotes")
        return kind(field, pattern, self._before.at)

    # Fields and values

    def field(self) -> Field:
        token = self._token
        if token.kind != "word" or token.written in WORDS:
            raise self._unexpected("a field such as params.lr, metrics.loss.min or name")
        self._take()
        if token.written in SPACES and self._accept("."):
            if token.written == "run":
                return self._run_field(self._take())
            return self._keyed(token)
        if token.written in SPACES:
            raise self._unexpected(f"`.` and a name, as in: {token.written}.name")
        return self._run_field(token)

    def _run_field(self, token: Token) -> Field:
        if token.written not in RUN_FIELDS:
            names = [*RUN_FIELDS, "tags", "metrics", "params"]
            what = token.written or "the end"
            hint = "params and metrics are written params.NAME, metrics.NAME"
            raise self._error(f"{what} is no field of a run: {hint}", token, names)
        return Field("run", token.written, at=token.at)

    def _keyed(self, space: Token) -> Field:
        words = [self._key()]
        while self._accept("."):
            words.append(self._key())
        if space.written == "params":
            return Field("params", ".".join(text for text, _ in words), at=space.at)
        statistic = "last"
        last, is_quoted = words[-1]
        if len(words) > 1 and last in STATISTICS and not is_quoted:
            statistic = last
            words.pop()
        return Field("metrics", ".".join(text for text, _ in words), statistic, space.at)

    def _key(self) -> tuple[str, bool]:
        """A part of a name, and whether it is in quotes."""
        token = self._token
        if token.kind not in ("word", "text"):
            raise self._unexpected(
                "a name, in quotes if it has other characters than letters, digits, _, - and /"
            )
        self._take()
        return (token.text, True) if token.kind == "text" else (token.written, False)

    def _text(self, what: str) -> str:
        if self._token.kind != "text":
            raise self._unexpected(what)
        return self._take().text

    def _value(self, field: Field) -> Literal:
        token = self._token
        kind = (
            "param"
            if field.space == "params"
            else "number"
            if field.space == "metrics"
            else RUN_FIELDS[field.key]
        )
        if token.kind == "text" and kind != "number":
            return self._take().text
        if token.kind == "number" and kind in ("param", "number", "span"):
            return _number(self._take().written)
        if token.written == "inf" and kind in ("param", "number"):
            self._take()
            return float("inf")
        if kind == "param" and (word := self._accept("true", "false")):
            return word.written == "true"
        raise self._unexpected(_EXPECTED[kind])

    @property
    def _before(self) -> Token:
        return self._tokens[self._next - 1]


_EXPECTED = {
    "param": "a number, a text in quotes, true or false",
    "number": "a number",
    "text": "a text in quotes",
    "time": 'a time in quotes, such as "2026-11-01" or "2 days ago"',
    "span": 'seconds, or a length of time in quotes such as "2h"',
}


def _number(written: str) -> int | float:
    text = written.replace("_", "")
    try:
        return int(text)
    except ValueError:
        return float(text)


def _near(written: str, names: Iterable[str]) -> tuple[str, ...]:
    from difflib import get_close_matches

    close = get_close_matches(written, list(names), n=2, cutoff=0.6)
    return (f"Did you mean {' or '.join(close)}?",) if close else ()
