"""init, config, version, completion."""

from __future__ import annotations

import json
import subprocess
import sys

import aidb
from aidb_cli.editor import _without_comments
from tests.cli.conftest import Shell


def test_init(shell: Shell) -> None:
    ran = shell("init")
    assert ran.code == 0
    assert ran.out == f"Made an empty aidb repository in {shell.folder}/.aidb\n"
    assert ran.err == 'hint: `aidb add .` takes in what is here, `aidb commit -m "…"` records it.\n'
    again = shell("init")
    assert (again.code, again.err) == (0, "")
    assert again.out == f"There is already a repository in {shell.folder}/.aidb\n"


def test_init_elsewhere_with_a_branch_of_another_name(shell: Shell) -> None:
    answer = json.loads(shell.ok("init", "--json", "-b", "trunk", "data/images"))
    assert answer == {"path": str(shell.folder / "data/images"), "created": True}
    assert shell.ok("-C", "data/images", "branch", "--show-current") == "trunk\n"


def test_version(shell: Shell) -> None:
    assert shell.ok("--version") == shell.ok("-V") == f"aidb {aidb.__version__}\n"
    assert shell.ok("-q", "--version") == f"aidb {aidb.__version__}\n"
    assert shell.ok("version").startswith(f"aidb {aidb.__version__}\npython ")
    assert json.loads(shell.ok("version", "--json"))["aidb"] == aidb.__version__


def test_config(repo: Shell) -> None:
    assert repo.ok("config", "store.compression") == "auto\n"
    assert repo.ok("config", "store.compression", "none") == "store.compression = none\n"
    assert repo.ok("config", "store.compression") == "none\n"
    assert repo.ok("config", "--unset", "store.compression") == "store.compression is auto again.\n"
    repo.ok("config", "--user", "user.name", "Grace")
    items = {item["name"]: item for item in json.loads(repo.ok("config", "--json"))}
    assert items["user.name"]["value"] == "Grace"
    assert items["user.name"]["origin"] == "user"
    assert "user.name = Grace" in repo.ok("config", "--list")


def test_config_outside_a_repository(shell: Shell) -> None:
    shell.ok("config", "--user", "init.branch", "trunk")
    assert shell.ok("config", "init.branch") == "trunk\n"
    ran = shell("config", "init.branch", "main")
    assert ran.code == 3
    assert "hint: `aidb config --user NAME VALUE`" in ran.err
    shell.ok("init", "-q")
    assert shell.ok("branch", "--show-current") == "trunk\n"


def test_config_mistakes(repo: Shell) -> None:
    ran = repo("config", "user.nam")
    assert (ran.code, ran.err) == (
        2,
        "error: there is no setting 'user.nam'\nhint: Did you mean user.name?\n",
    )
    assert repo("config", "store.compression", "fast").code == 2


def test_completion_scripts(shell: Shell) -> None:
    for name in ("bash", "zsh", "fish"):
        assert "_AIDB_COMPLETE" in shell.ok("completion", name)
    assert shell("completion", "tcsh").code == 2


def completed(shell: Shell, line: str) -> list[str]:
    """What bash would offer at the end of a line."""
    words = line.split(" ")
    environ = {
        "_AIDB_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "HOME": str(shell.folder),
        "PATH": "/usr/bin:/bin",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "aidb_cli"],
        cwd=shell.folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return ran.stdout.split()


def test_completion(repo: Shell) -> None:
    repo.write("train/cats/1.png", "x")
    repo.commit("first", labels_csv="cat\n")
    repo.ok("branch", "clean")
    repo.ok("tag", "v1")
    assert completed(repo, "aidb sw") == ["switch"]
    assert completed(repo, "aidb commit --am") == ["--amend"]
    assert completed(repo, "aidb switch c") == ["clean"]
    assert completed(repo, "aidb tag -d ") == ["v1"]
    assert completed(repo, "aidb merge v") == ["v1"]
    assert completed(repo, "aidb ls train/") == ["train/cats/"]
    assert completed(repo, "aidb cat main:la") == ["main:labels.csv"]
    assert completed(repo, "aidb config user.") == ["user.name", "user.email"]
    assert completed(repo, "aidb --color ") == ["auto", "always", "never"]


def test_completion_outside_a_repository_offers_nothing(shell: Shell) -> None:
    assert completed(shell, "aidb switch ") == []


def test_comments_are_no_part_of_a_message() -> None:
    assert _without_comments("First line\n\n# a comment\nMore  \n\n") == "First line\n\nMore"
