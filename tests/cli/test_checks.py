"""`aidb checks`, refused commits and protected branches as a person sees them."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Shell

CHECKS = """
[[check]]
name = "labels"
branches = ["main"]
paths = ["*.csv"]
schema = {id = "int64"}
values = {label = ["cat", "dog"]}
"""

REFUSAL = """\
error: the checks refuse this commit to main: 2 problems found; everything is still staged
  a.csv: id is no int64 in 1 row [labels: schema]
      row 3: 'x'
  a.csv: label is not one of cat, dog in 1 row [labels: values]
      row 2: 'dgo'
hint: Correct it, `aidb add` it and commit again; the checks are in .aidbchecks.toml.
hint: `aidb commit --no-verify` leaves the checks out.
"""


@pytest.fixture
def bad(repo: Shell) -> Shell:
    """A repository in which something bad is staged."""
    pytest.importorskip("duckdb")
    repo.write(".aidbchecks.toml", CHECKS)
    repo.write("a.csv", "id,label\n1,cat\n")
    repo.ok("add", "-A")
    repo.ok("commit", "-qm", "first")
    repo.write("a.csv", "id,label\n1,cat\n2,dgo\nx,dog\n")
    repo.ok("add", "-A")
    return repo


def test_a_refused_commit(bad: Shell) -> None:
    ran = bad("commit", "-m", "second")
    assert (ran.code, ran.out, ran.err) == (4, "", REFUSAL)
    assert bad.ok("status", "--short") == "M  a.csv\n"
    bad.ok("commit", "--no-verify", "-m", "second")


def test_a_refused_commit_as_json(bad: Shell) -> None:
    ran = bad("commit", "--json", "-m", "second")
    error = json.loads(ran.err)["error"]
    assert (ran.code, error["code"], error["more"]) == (4, "check-failed", 0)
    assert error["findings"][1] == {
        "check": "labels",
        "rule": "values",
        "path": "a.csv",
        "problem": "label is not one of cat, dog in 1 row",
        "examples": ["row 2: 'dgo'"],
    }


def test_checks_by_hand(bad: Shell) -> None:
    ran = bad("checks", "run")
    shown = [line[2:] for line in REFUSAL.splitlines()[1:5]]
    assert (ran.code, ran.out.splitlines()) == (4, [*shown, "2 problems found, 1 check asked."])
    assert bad.ok("checks", "run", "main") == "All is well: 1 check asked.\n"
    assert bad.ok("checks", "run", "-b", "other") == "All is well: 0 checks asked.\n"
    assert bad("checks", "run", "--worktree").code == 4
    bad.ok("commit", "--no-verify", "-qm", "second")
    assert json.loads(bad("checks", "run", "main~..main", "--json").out)["ok"] is False
    assert bad.ok("checks", "run", "main..").startswith("All is well")


def test_listing(bad: Shell) -> None:
    assert bad.ok("checks") == (
        "labels\n"
        "    *.csv, on main, at pre-commit and pre-merge\n"
        "    columns id int64; label one of cat, dog\n"
    )
    listed = json.loads(bad.ok("checks", "list", "main", "--json"))
    assert listed["trusted"] is True
    assert listed["checks"][0]["paths"] == ["*.csv"]


def test_listing_nothing(repo: Shell) -> None:
    assert repo("checks").out == "There are no checks.\n"
    repo.write(".aidbchecks.toml", CHECKS)
    assert "it counts once it is staged" in repo("checks").err


def test_trust(repo: Shell) -> None:
    assert repo("checks", "trust").code == 3
    repo.write(".aidbchecks.toml", '[[check]]\nname = "mine"\ncommand = "echo no; exit 1"\n')
    repo.ok("add", "-A")
    ran = repo("commit", "-m", "first")
    assert "  you have not agreed to run `echo no; exit 1` [mine: trust]\n" in ran.err
    assert "hint: Read what would run with `aidb checks`; if you agree, `aidb checks trust`.\n" in ran.err
    assert "programs of these checks do not run" in repo("checks").err
    assert "`aidb checks trust`" in repo("checks", "run").err
    assert repo.ok("checks", "trust") == "These run from now on, until they change:\n  `echo no; exit 1`\n"
    ran = repo("commit", "-m", "first")
    assert "  `echo no; exit 1` does not agree (exit code 1) [mine: command]\n      no\n" in ran.err
    assert repo.ok("checks", "untrust") == "No program of a check runs here any more.\n"
    assert repo.ok("checks", "untrust") == "No program was trusted here.\n"


@pytest.mark.parametrize(
    "argv", [("checks", "list", "-w"), ("checks", "run", "-w", "main"), ("checks", "trust", "-b", "main")]
)
def test_mistakes(repo: Shell, argv: tuple[str, ...]) -> None:
    assert repo(*argv).code == 2


def test_hooks_talk_beside_the_answer(repo: Shell) -> None:
    hook = repo.folder / ".aidb" / "hooks" / "post-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho told\n")
    hook.chmod(0o755)
    repo.write("a", "1")
    repo.ok("add", "-A")
    assert repo("commit", "-m", "first").err == "told\n"
    repo.write("a", "2")
    repo.ok("add", "-A")
    assert repo("commit", "--json", "-m", "second").err == ""


def test_protected_branches(repo: Shell) -> None:
    repo.commit("first", a_txt="1")
    assert repo.ok("branch", "--protect", "main") == "main is protected: it takes merge only.\n"
    assert repo.ok("branch") == "* main  (protected)\n"
    assert json.loads(repo.ok("branch", "--json"))[0]["protected"] is True
    repo.write("a.txt", "2")
    repo.ok("add", "-A")
    ran = repo("commit", "-m", "second")
    assert ran.code == 4
    assert ran.err == (
        "error: main is protected: it takes no direct commits, only merges\n"
        "hint: Make a branch and merge it: `aidb switch -c NAME`, `aidb commit`, `aidb switch main`,"
        " `aidb merge NAME`.\n"
        "hint: `aidb branch --unprotect main` lifts the protection.\n"
    )
    for words in (
        ("switch", "-c", "work"),
        ("commit", "-m", "second"),
        ("switch", "main"),
        ("merge", "work"),
    ):
        repo.ok(*words)
    assert repo("reset", "--hard", "HEAD~").code == 4
    assert repo("merge", "--no-verify", "work").code == 0  # nothing to merge
    repo.ok("branch", "--protect", "--allow", "commit", "--allow", "merge", "main", "soon")
    assert repo("commit", "--no-verify", "--allow-empty", "-m", "x").code == 4
    repo.ok("commit", "--allow-empty", "-m", "third")
    assert repo.ok("branch", "--unprotect", "main") == "main is not protected.\n"
    repo.ok("reset", "--hard", "HEAD~")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("branch", "--protect"), "no branch was named"),
        (("branch", "--protect", "main", "--allow", "push"), "'push' is no move of a branch"),
        (("branch", "main", "--allow", "merge"), "--allow is for --protect"),
        (("branch", "--protect", "--unprotect", "main"), "exclude each other"),
    ],
)
def test_mistakes_of_protecting(repo: Shell, argv: tuple[str, ...], said: str) -> None:
    ran = repo(*argv)
    assert ran.code == 2
    assert said in ran.err
