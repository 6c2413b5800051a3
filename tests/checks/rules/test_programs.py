"""Commands and Python functions: what they are given, what they may say, and that they only run where trusted."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from aidb.errors import CheckFailedError
from tests.checks.conftest import Guarded


def trusted(guarded: Guarded, keys: str) -> Guarded:
    guarded.check(keys)
    guarded.repo.checks.trust()
    return guarded


def test_a_command_decides(guarded: Guarded) -> None:
    trusted(guarded, 'command = "grep -q fine data/a.txt"\npaths = ["data/"]')
    guarded.add("data/a.txt", "bad")
    assert guarded.found() == ["`grep -q fine data/a.txt` does not agree (exit code 1) [it: command]"]
    guarded.add("data/a.txt", "fine")
    assert guarded.found() == []


def test_a_command_is_not_asked_about_other_paths(guarded: Guarded) -> None:
    trusted(guarded, 'command = "false"\npaths = ["data/"]')
    guarded.add("other.txt", "")
    assert guarded.found() == []


def test_the_end_of_what_it_prints_is_shown(guarded: Guarded) -> None:
    trusted(guarded, 'command = "seq 1000; echo oh no >&2; exit 3"')
    first, *lines = guarded.found()
    assert "exit code 3" in first
    assert (lines[0], lines[-1], len(lines)) == ("990", "oh no", 12)


TELL = """paths = ["*.txt"]
command = '''
echo $AIDB_EVENT $AIDB_BRANCH $AIDB_MESSAGE $([ $AIDB_ROOT = $PWD ] && echo here)
tr '\\0' ' '; echo; tr '\\0' ' ' < $AIDB_CHANGES; exit 1'''
"""


def test_what_it_is_told(guarded: Guarded) -> None:
    guarded.add("old.txt", "1")
    guarded.add("gone.txt", "1")
    guarded.commit()
    trusted(guarded, TELL)
    guarded.repo.remove(["gone.txt"])
    guarded.add("new name.txt", "")
    guarded.add("old.txt", "2")
    assert guarded.found()[1:] == [
        "commit main try here",
        "new name.txt old.txt",
        "D gone.txt A new name.txt M old.txt",
    ]


def test_it_sees_what_is_staged_not_what_lies_there(guarded: Guarded) -> None:
    trusted(guarded, 'command = "cat *.txt; test $AIDB_ROOT != $PWD || echo here; exit 1"')
    guarded.add("data.txt", "staged")
    assert guarded.found()[1:] == ["stagedhere"]
    guarded.write("data.txt", "corrected, but not staged")
    assert guarded.found()[1:] == ["staged"]


def test_a_merge_is_checked_in_a_copy(guarded: Guarded) -> None:
    guarded.check('on = ["pre-merge"]\nneeds = ["schema.txt"]\ncommand = "sh check.sh"')
    guarded.add("check.sh", "ls; cat data.txt; exit 1")
    guarded.add("schema.txt", "")
    guarded.add("big.bin", "not needed")
    guarded.commit()
    guarded.repo.checks.trust()
    guarded.repo.switch("clean", create=True)
    guarded.add("data.txt", "clean")
    guarded.commit()
    guarded.repo.switch("main")
    with pytest.raises(CheckFailedError, match="the checks refuse this merge to main") as caught:
        guarded.repo.merge("clean")
    assert caught.value.findings[0].examples == ("check.sh", "data.txt", "schema.txt", "clean")
    assert not (guarded.root / "data.txt").exists()
    assert guarded.repo.status().clean


def test_one_that_takes_too_long(guarded: Guarded) -> None:
    trusted(guarded, 'command = "sleep 60 & sleep 60"\ntimeout = 0.2')
    began = time.monotonic()
    (found,) = guarded.found()
    assert found == "`sleep 60 & sleep 60` does not agree (took too long and was stopped) [it: command]"
    assert time.monotonic() - began < 20


VALIDATE = """
def validate(proposed):
    assert proposed.event == "commit" and proposed.branch == "main"
    for path in proposed.paths():
        if proposed.read(path) != b"good":
            yield f"{path} is {proposed.stat(path).size} bytes of no good"
"""


def test_a_python_function_decides(guarded: Guarded) -> None:
    guarded.add("checks/__init__.py", "")
    guarded.add("checks/images.py", VALIDATE)
    trusted(guarded, 'entry = "checks.images:validate"\npaths = ["*.png"]')
    guarded.add("a.png", "good")
    guarded.add("b.png", "bad")
    assert guarded.found() == ["b.png is 3 bytes of no good [it: entry]"]
    assert not (guarded.root / "checks" / "__pycache__").exists()
    assert not [name for name in sys.modules if name == "checks" or name.startswith("checks.")]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def f(p): return 'one problem'", "one problem"),
        ("def f(p): return ['two', 'problems']", "two"),
        ("def f(p): raise ValueError('broken')", "mine:f failed: ValueError: broken"),
        ("def f(p): p.read('nowhere')", "PathNotFoundError: nowhere is not in the version"),
        ("def g(p): pass", "AttributeError"),
        ("syntax error", "SyntaxError"),
        ("def f(p): return 3", "TypeError"),
    ],
)
def test_what_a_function_may_say(guarded: Guarded, code: str, said: str) -> None:
    guarded.add("mine.py", code)
    trusted(guarded, 'entry = "mine:f"')
    assert said in guarded.found()[0]


LOOK = """
def f(p):
    return str((list(p.walk("d")) != [], "d/a" in p, [c.status for c in p.changes()], p.open("d/a").read(2)))
"""


def test_a_function_sees_the_whole_version(guarded: Guarded) -> None:
    guarded.add("d/a", "old content")
    guarded.commit()
    guarded.add("mine.py", LOOK)
    trusted(guarded, 'entry = "mine:f"\npaths = ["new"]')
    guarded.add("new", "")
    assert guarded.found() == ["(True, True, ['A'], b'ol') [it: entry]"]


# Trust


def refused(guarded: Guarded) -> bool:
    return not guarded.repo.checks.is_trusted()


def test_nothing_runs_without_consent(guarded: Guarded) -> None:
    guarded.check('command = "touch was-here"')
    assert guarded.found() == ["you have not agreed to run `touch was-here` [it: trust]"]
    assert not (guarded.root / "was-here").exists()
    assert refused(guarded)
    assert guarded.repo.checks.trust() == ["`touch was-here`"]
    assert guarded.found() == []
    assert (guarded.root / "was-here").exists()


def test_rules_run_without_consent(guarded: Guarded) -> None:
    guarded.check('command = "true"\nmax_size = 3')
    assert [line.rpartition(" ")[2] for line in guarded.found()] == ["max_size]", "trust]"]


def test_consent_ends_when_the_program_changes(guarded: Guarded) -> None:
    guarded.add("validate.py", "exit(0)")
    guarded.add("lib/helper.py", "")
    keys = 'command = "python ./validate.py"\nneeds = ["lib"]'
    trusted(guarded, keys)
    assert not refused(guarded)
    for path in ("validate.py", "lib/helper.py", "lib/more.py"):
        guarded.add(path, "exit(0) # changed")
        assert refused(guarded)
        guarded.repo.checks.trust()
        assert not refused(guarded)
    guarded.check(keys + "\nhint = 'other text'")
    assert refused(guarded)


def test_data_that_a_command_names_is_no_program(guarded: Guarded) -> None:
    trusted(guarded, 'command = "cat data/a.txt"\npaths = ["data/"]')
    guarded.add("data/a.txt", "1")
    assert not refused(guarded)


def test_what_was_agreed_to_before_still_counts(guarded: Guarded) -> None:
    trusted(guarded, 'command = "true"')
    trusted(guarded, 'command = "true && true"')
    guarded.check('command = "true"')
    assert not refused(guarded)


def test_consent_can_be_taken_back(guarded: Guarded) -> None:
    trusted(guarded, 'command = "true"')
    assert guarded.repo.checks.untrust()
    assert not guarded.repo.checks.untrust()
    assert refused(guarded)


def test_nobody_agrees_for_somebody_else(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted(guarded, 'command = "true"')
    (file,) = (guarded.root / ".aidb" / "trust").iterdir()
    other = int(file.name) + 1
    file.rename(Path(file.parent, str(other)))
    monkeypatch.setattr("os.geteuid", lambda: other)
    assert refused(guarded)
