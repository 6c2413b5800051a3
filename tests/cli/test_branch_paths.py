"""put, cp, and mv and rm with BRANCH:PATH: commits without the workspace."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def branch(repo: Shell) -> Shell:
    """A repository with a commit on main, and the folder new/ beside it."""
    repo.commit("first", labels_csv="cat\n")
    repo.write("new/a.txt", "a")
    repo.write("new/b/c.txt", "c")
    return repo


def listed(shell: Shell, revision: str = "main") -> list[str]:
    return shell.ok("ls", "-r", f"{revision}:").split()


def test_put(branch: Shell) -> None:
    ran = branch("put", "new", "main:data", "-m", "Add data")
    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith("[main ")
    assert " 2 added (+2 B)\n 3 files, 6 B in this version\n" in ran.out
    assert ran.err == "hint: `aidb switch main` brings the workspace to it.\n"
    assert listed(branch) == ["data/a.txt", "data/b/c.txt", "labels.csv"]
    branch.ok("put", "labels.csv", "main:data", "-qm", "into a folder that is there")
    branch.ok("put", "labels.csv", "main:more/", "-qm", "into one that is not")
    branch.ok("put", "labels.csv", ":copy.csv", "-qm", "on the branch checked out")
    branch.ok("put", "new", "main:", "-qm", "at the top")
    assert {"data/labels.csv", "more/labels.csv", "copy.csv", "a.txt", "b/c.txt"} <= set(listed(branch))
    assert branch.ok("put", "new", "main:", "-m", "again") == "Nothing to change: main has it already\n"
    assert branch.ok("switch", "main") == "Switched to branch main (7 files written)\n"


def test_put_from_standard_input(branch: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\0piped")))
    branch.ok("put", "-", "main:dump.bin", "-m", "Dump")
    assert branch("cat", "main:dump.bin").stdout == b"\0piped"
    assert branch("put", "-", "main:folder/", "-m", "Dump").code == 2


def test_as_json(branch: Shell) -> None:
    answer = json.loads(branch.ok("put", "new", "main:data", "-m", "Add", "--json"))
    assert answer["branch"] == "main"
    assert (answer["commit"]["message"], answer["commit"]["files"]) == ("Add", 3)
    assert json.loads(branch.ok("put", "new", "main:data", "-m", "Add", "--json"))["commit"] is None
    for argv in (("cp", "main:data", "main:d2"), ("mv", "main:d2", "main:d3"), ("rm", "-r", "main:d3")):
        assert json.loads(branch.ok(*argv, "-m", "x", "--json"))["commit"]["message"] == "x"


def test_cp(branch: Shell) -> None:
    branch.ok("put", "new", "main:data", "-qm", "two")
    branch.ok("cp", "main~1:labels.csv", "main:data", "-qm", "a file into a folder")
    branch.ok("cp", "main:data", "side:raw", "-cqm", "a folder, to a branch that is made")
    branch.ok("cp", "main:data/b", "side:raw", "-qm", "beside what is there")
    assert {"raw/a.txt", "raw/b/c.txt", "raw/labels.csv", "raw/c.txt"} <= set(listed(branch, "side"))
    assert branch("cp", "main:nothing", "side:x", "-m", "x").code == 3


def test_mv(branch: Shell) -> None:
    branch.ok("put", "new", "main:data", "-qm", "two")
    branch.ok("mv", "main:data/a.txt", "main:labels.csv", "main:data/b", "-qm", "into a folder")
    branch.ok("mv", "main:data", "main:all", "-qm", "a folder")
    assert listed(branch) == ["all/b/a.txt", "all/b/c.txt", "all/b/labels.csv"]
    branch.ok("put", "new/a.txt", "main:a.txt", "-qm", "three")
    ran = branch("mv", "main:a.txt", "main:all/b", "-m", "in the way")
    assert (ran.code, "all/b/a.txt exists already on main" in ran.err) == (4, True)
    branch.ok("mv", "-f", "main:a.txt", "main:all/b", "-m", "replaced")
    assert (branch.folder / "labels.csv").exists()


def test_rm(branch: Shell) -> None:
    branch.ok("put", "new", "main:data", "-qm", "two")
    ran = branch("rm", "main:data", "-m", "x")
    assert (ran.code, "data is a folder" in ran.err) == (2, True)
    branch.ok("rm", "-r", "main:data/b", "main:labels.csv", "-m", "x")
    assert listed(branch) == ["data/a.txt"]
    assert branch("rm", "main:nothing", "-m", "x").code == 3


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("put", "new", "main:x"), 2, "needs a message"),
        (("put", "new", "x", "-m", "x"), 2, "Write it BRANCH:PATH, as main:x"),
        (("put", "new", "mian:x", "-m", "x"), 3, "Did you mean main?"),
        (("put", "nothing", "main:x", "-m", "x"), 3, "no file or folder nothing"),
        (("put", "new/a.txt", "main:labels.csv/x", "-m", "x"), 2, "both a file and a folder"),
        (("put", "new", "main:../x", "-m", "x"), 2, "could leave the workspace"),
        (("cp", "main:labels.csv", "x", "-m", "x"), 2, "names no path on a branch"),
        (("mv", "labels.csv", "main:x", "-m", "x"), 2, "names no path on a branch"),
        (("mv", "labels.csv", "x", "-m", "x"), 2, "-m is for paths on a branch"),
        (("rm", "labels.csv", "-m", "x"), 2, "-m is for paths on a branch"),
        (("rm", "labels.csv", "main:labels.csv", "-m", "x"), 2, "by a command of their own"),
        (("rm", "main:labels.csv"), 2, "needs a message"),
    ],
)
def test_mistakes(branch: Shell, argv: tuple[str, ...], code: int, said: str) -> None:
    ran = branch(*argv)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert listed(branch) == ["labels.csv"]


def test_a_move_stays_on_its_branch(branch: Shell) -> None:
    branch.ok("branch", "side")
    ran = branch("mv", "side:labels.csv", "main:x", "-m", "x")
    assert (ran.code, "stays on one branch" in ran.err) == (2, True)


def test_a_file_with_a_colon_in_its_name(branch: Shell) -> None:
    branch.write("main:x", "odd")
    branch.write("other:x", "odd, but no branch")
    branch.ok("add", ".")
    ran = branch("rm", "--cached", "main:x")
    assert (ran.code, "both a file here and a path on a branch" in ran.err) == (2, True)
    branch.ok("rm", "--cached", "./main:x")
    branch.ok("mv", "other:x", "plain")
    assert (branch.folder / "plain").exists()
