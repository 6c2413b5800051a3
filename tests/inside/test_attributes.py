"""`.aidbattributes`."""

from __future__ import annotations

import pytest

from aidb.errors import InvalidInputError
from aidb.inside import Attributes, FileAttributes


def test_the_last_line_and_the_deepest_file_decide() -> None:
    found = Attributes(
        {
            b".aidbattributes": b"# a comment\n\n*.csv merge=table key=id other=1\nraw/*.csv key=a,b\n*.bin -diff\n",
            b"sub/.aidbattributes": b"special.csv key=path\n/top.csv diff=text\n",
        }.get
    )
    assert found.of(b"a.csv") == FileAttributes(None, "table", ("id",))
    assert found.of(b"raw/a.csv") == FileAttributes(None, "table", ("a", "b"))
    assert found.of(b"sub/special.csv") == FileAttributes(None, "table", ("path",))
    assert found.of(b"sub/top.csv") == FileAttributes("text", "table", ("id",))
    assert found.of(b"sub/deep/top.csv") == FileAttributes(None, "table", ("id",))
    assert found.of(b"x/y.bin").diff == "none"
    assert found.of(b"x/\xff.txt") == FileAttributes()


@pytest.mark.parametrize("line", ["*.csv merge=magic", "*.csv diff=", "!*.csv key=id"])
def test_lines_that_cannot_be_read_are_named(line: str) -> None:
    found = Attributes({b"sub/.aidbattributes": f"\n{line}\n".encode()}.get)
    assert found.of(b"a.csv") == FileAttributes()
    with pytest.raises(InvalidInputError, match=r"^sub/.aidbattributes, line 2: "):
        found.of(b"sub/a.csv")
