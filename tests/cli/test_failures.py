"""Errors as a person and a script see them, and the exit code of every kind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import aidb
from aidb import errors
from aidb.types import CommitId, branch_ref
from aidb_cli import failures
from aidb_cli.failures import EXITS, exit_code
from aidb_cli.output import Output
from tests.cli.conftest import Shell


def every_error() -> list[type[errors.AidbError]]:
    """The whole tree."""
    found = [errors.AidbError]
    for one in found:
        found += one.__subclasses__()
    return [one for one in found if one.__module__ == "aidb.errors"]


EXPECTED = {
    errors.AidbError: 1,
    errors.InvalidInputError: 2,
    errors.NotFoundError: 3,
    errors.RefusedError: 4,
    errors.NothingToDoError: 1,
    errors.MergeConflictError: 5,
    errors.ConcurrencyError: 6,
    errors.IntegrityError: 7,
    errors.StorageError: 8,
}


@pytest.mark.parametrize("error", every_error())
def test_every_error_has_the_exit_code_of_its_group(error: type[errors.AidbError]) -> None:
    group = next(one for one in error.__mro__ if one in EXPECTED)
    assert exit_code(error("it went wrong")) == EXPECTED[group]


def test_other_exceptions() -> None:
    assert exit_code(KeyboardInterrupt()) == 130
    assert exit_code(PermissionError()) == 8
    assert exit_code(ZeroDivisionError()) == 1


def test_exit_codes_are_those_of_the_brief() -> None:
    assert [line.code for line in EXITS] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 130]


def test_an_error_is_a_line_and_its_hints(shell: Shell) -> None:
    ran = shell("status")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == (
        f"error: {shell.folder} is not inside an aidb repository\n"
        "hint: `aidb init` makes one in the current folder.\n"
    )


@pytest.mark.parametrize("argv", [("--json", "status"), ("status", "--json")])
def test_an_error_as_json(shell: Shell, argv: tuple[str, ...]) -> None:
    ran = shell(*argv)
    assert (ran.code, ran.out) == (3, "")
    assert json.loads(ran.err) == {
        "error": {
            "code": "repository-not-found",
            "message": f"{shell.folder} is not inside an aidb repository",
            "hints": ["`aidb init` makes one in the current folder."],
        }
    }


def test_a_mistake_as_json(shell: Shell) -> None:
    ran = shell("log", "--json", "--frobnicate")
    assert ran.code == 2
    assert json.loads(ran.err)["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        (("comit",), "'comit' is not an aidb command", "Did you mean `aidb commit`?"),
        (("checkout", "main"), "'checkout' is not an aidb command", "`aidb switch BRANCH` changes branch"),
        (("xyzzy",), "'xyzzy' is not an aidb command", "`aidb --help` lists the commands."),
        (("log", "--online"), "no such option: --online", "Did you mean --oneline"),
        (("log", "-n", "many"), "invalid value for '-n' / '--max-count'", "`aidb log --help`"),
        (("commit", "-m"), "option '-m' requires an argument", "`aidb commit --help`"),
        (("switch",), "missing argument 'BRANCH'", "`aidb switch --help`"),
        (("mv", "a"), "missing argument 'SOURCE...'", "`aidb mv --help`"),
        (("--color", "blue", "status"), "invalid value for '--color'", "`aidb status --help`"),
        (("-C",), "option '-C' requires an argument", "`aidb --help`"),
        (("add",), "nothing was named to add", "`aidb add .` adds the current folder."),
    ],
)
def test_mistakes(shell: Shell, argv: tuple[str, ...], message: str, hint: str) -> None:
    ran = shell(*argv)
    assert (ran.code, ran.out) == (2, "")
    first, *rest = ran.err.splitlines()
    assert first.startswith(f"error: {message}")
    assert any(line.startswith(f"hint: {hint}") for line in rest)


def test_a_folder_that_is_not_there(shell: Shell) -> None:
    ran = shell("-C", "nowhere", "status")
    assert ran.code == 3
    assert ran.err == "error: cannot go to 'nowhere': there is no such folder\n"


def test_folders_are_relative_to_each_other(shell: Shell) -> None:
    (shell.folder / "a" / "b").mkdir(parents=True)
    shell.ok("-C", "a", "-C", "b", "init", "-q")
    assert (shell.folder / "a/b/.aidb").is_dir()


def test_a_bug_is_kept_out_of_sight(capsys: pytest.CaptureFixture[str]) -> None:
    error = _raised(ZeroDivisionError("1 / 0"))
    assert failures.tell(Output({}), error, kept="") == 1
    err = capsys.readouterr().err
    assert err.startswith("error: this is a bug in aidb: ZeroDivisionError: 1 / 0\nhint: Please report it")
    assert "Traceback" not in err
    file = Path(err.split("traceback in ")[1].split(";")[0])
    assert "ZeroDivisionError" in file.read_text()
    file.unlink()


def test_a_bug_in_sight(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIDB_TRACEBACK", "1")
    failures.tell(Output({}), _raised(ZeroDivisionError()), kept="")
    assert "Traceback" in capsys.readouterr().err


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:  # noqa: BLE001 — any error
        return caught


def _python(*argv: str) -> list[str]:
    return [sys.executable, "-m", "aidb_cli", *argv]


def test_a_reader_that_leaves_early_is_no_error(repo: Shell) -> None:
    for number in range(400):
        repo.write(f"folder-with-a-rather-long-name/{number:04}.txt", "")
    repo.ok("add", "-A")
    repo.ok("commit", "-qm", "many")
    process = subprocess.Popen(
        _python("ls", "-r"), cwd=repo.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_an_interrupted_command_says_what_is_kept(repo: Shell) -> None:
    os.mkfifo(repo.folder / "message")
    repo.write("a.txt", "a")
    repo.ok("add", ".")
    # Tests that run in the background may have been told to ignore it, and would pass that on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        _python("commit", "-F", "message"), cwd=repo.folder, stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGINT, before)
    # Opening for writing waits until the command reads: then it is certainly at work.
    with open(repo.folder / "message", "w"):
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err == "error: interrupted. No commit was made; what was staged stays staged.\n"


def test_somebody_else_was_first(repo: Shell) -> None:
    first = repo.commit("first", a_txt="a")
    second = repo.commit("second", a_txt="b")
    repo.write("a.txt", "c")
    repo.ok("add", ".")
    engine = aidb.open(repo.folder).engine
    engine.update_ref(branch_ref("main"), CommitId(second), CommitId(first), "somebody else")
    ran = repo("commit", "-m", "third")
    assert ran.code == 6
    assert "everything is still staged" in ran.err


def test_a_folder_that_may_not_be_entered(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = shell("-C", "x" * 300, "status")
    assert ran.code == 8
    assert ran.err.startswith("error: going there failed: file name too long")


def test_as_a_real_process(tmp_path: Path) -> None:
    ran = subprocess.run(_python("status"), cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.startswith("error: ")
    ran = subprocess.run(_python("--version"), cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("aidb ")
