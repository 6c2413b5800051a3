"""The two readers of command lines agree: whatever `quick` reads, typer reads the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidb_cli import quick
from aidb_cli.app import read_with_typer
from aidb_cli.registry import NAMES, load
from aidb_cli.syntax import Invocation, Option, Parameter, everywhere, parameters_of

WORDS = ["main", "v1", "-", "a b", "main..clean", "HEAD:train/x", "5", "", "é", "--", "-q", "bash", "never"]


def _spellings(parameter: Parameter) -> st.SearchStrategy[list[str]]:
    assert isinstance(parameter.info, Option)
    names = st.sampled_from(parameter.info.names)
    if parameter.is_flag:
        return names.map(lambda name: [name])
    values = st.sampled_from([*WORDS, *parameter.choices])
    apart = st.tuples(names, values).map(list)
    joined = st.tuples(names, values).map(
        lambda pair: ["=".join(pair) if pair[0].startswith("--") else "".join(pair)]
    )
    return apart | joined


def _clusters(parameters: list[Parameter]) -> st.SearchStrategy[list[str]]:
    letters = [
        name[1] for p in parameters if isinstance(p.info, Option) for name in p.info.names if len(name) == 2
    ]
    return st.lists(st.sampled_from(letters), min_size=1, max_size=4).map(lambda some: ["-" + "".join(some)])


def _lines(parameters: list[Parameter]) -> st.SearchStrategy[list[str]]:
    pieces = [_spellings(p) for p in parameters if isinstance(p.info, Option)]
    pieces += [st.sampled_from(WORDS).map(lambda word: [word]), _clusters(parameters)]
    return st.lists(st.one_of(pieces), max_size=6).map(
        lambda some: [word for piece in some for word in piece]
    )


def _by_typer(name: str, args: list[str]) -> dict[str, Any]:
    answer = read_with_typer([name, *args])
    assert isinstance(answer, Invocation)
    return answer.values


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_read_quickly_is_what_typer_reads(name: str, data: st.DataObject) -> None:
    parameters = load(name).parameters
    args = data.draw(_lines(parameters))
    try:
        values = quick.read(parameters, args)
    except quick.DeclinedError:
        return
    for shared in parameters_of(everywhere):
        values.pop(shared.name, None)
    assert _by_typer(name, args) == values


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("commit", ["-am", "x"], {"everything": True, "message": ("x",)}),
        ("commit", ["-mx", "-m", "y", "--amend"], {"message": ("x", "y"), "amend": True}),
        ("log", ["-n5", "--since=today", "main"], {"limit": 5, "since": "today", "words": ("main",)}),
        ("mv", ["a", "b", "c"], {"sources": ("a", "b"), "target": "c"}),
        ("add", ["--", "-u"], {"paths": ("-u",), "update": False}),
        ("switch", ["-"], {"target": "-"}),
        ("switch", ["-c", "new", "old"], {"target": "new", "start": "old", "create": True}),
    ],
)
def test_familiar_lines(name: str, args: list[str], expected: dict[str, Any]) -> None:
    values = quick.read(load(name).parameters, args)
    assert {key: values[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("commit", ["-m"]),
        ("commit", ["--amen"]),
        ("commit", ["--all=yes"]),
        ("log", ["-n", "five"]),
        ("mv", ["alone"]),
        ("switch", []),
        ("switch", ["a", "b", "c"]),
        ("completion", ["tcsh"]),
        ("add", ["--help"]),
    ],
)
def test_mistakes_are_left_to_typer(name: str, args: list[str]) -> None:
    with pytest.raises(quick.DeclinedError):
        quick.read(load(name).parameters, args)
