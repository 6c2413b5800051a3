"""Help and documentation: every command explains itself, with examples, and docs/cli.md is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aidb_cli.commands import __path__ as command_folders
from aidb_cli.docs import page
from aidb_cli.failures import EXITS
from aidb_cli.help import command_help
from aidb_cli.reading import read
from aidb_cli.registry import NAMES, load, module_of
from aidb_cli.syntax import Invocation, Option
from tests.cli.conftest import Shell

DOCS = Path(__file__).parents[2] / "docs"


def test_every_module_is_a_command() -> None:
    modules = {file.stem for file in Path(command_folders[0]).glob("*.py")} - {"__init__"}
    assert modules == set(map(module_of, NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str, shell: Shell) -> None:
    command = load(name)
    assert command.name == name
    assert re.fullmatch(r"[A-Z][^\n]{10,75}\.", command.purpose)
    assert 1 <= len(command.examples) <= 4
    text = shell.ok(name, "--help")
    assert text == shell.ok("help", name) == shell.ok(name, "-h")
    for line, what in command.examples:
        assert line in text
        assert what.split()[0] in text
    assert all(p.info.help.endswith((".", '".')) for p in command.parameters)
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("name", NAMES)
def test_every_example_can_be_read(name: str, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    monkeypatch.chdir(shell.folder)
    for line, _ in load(name).examples:
        for part in re.split(r"&&|\||>>?", line):
            words = shlex.split(part)
            if words[0] == "aidb" and words[1:] != ["--version"]:
                assert isinstance(read(words[1:], {}), Invocation)


@pytest.mark.parametrize("name", NAMES)
def test_no_spelling_stands_for_two_options(name: str) -> None:
    names = [one for p in load(name).parameters if isinstance(p.info, Option) for one in p.info.names]
    assert len(names) == len(set(names))


def test_help_lists_commands_and_exit_codes(shell: Shell) -> None:
    text = shell.ok("--help")
    assert text == shell.ok() == shell.ok("help")
    for name in NAMES:
        assert re.search(rf"^  {name} +[A-Z]", text, re.MULTILINE)
    for line in EXITS:
        assert f"{line.code:<5}{line.meaning}" in text


def test_help_fits_narrow_terminals() -> None:
    text = command_help(load("log"), lambda _, text: text, 50)
    assert "One line per commit." in text
    assert "\x1b" not in text


def test_the_reference_is_up_to_date() -> None:
    assert (DOCS / "cli.md").read_text("utf-8") == page(), "run `make docs`"


def test_the_reference_has_every_command_option_and_exit_code() -> None:
    text = page()
    for name in NAMES:
        assert f"### aidb {name}\n" in text
    for line in EXITS:
        assert f"| {line.code} | {line.meaning} |" in text
