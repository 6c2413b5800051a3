"""status, add, rm, mv, commit, restore, reset: what they print and what they do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Shell


def test_status_from_beginning_to_end(repo: Shell) -> None:
    assert repo.ok("status") == (
        "On branch main\n\n"
        "No commits yet\n\n"
        'nothing to commit (put files into this folder and use "aidb add" to track them)\n'
    )
    repo.write("labels.csv", "cat\n")
    repo.write("train/1.png", "x")
    assert repo.ok("status") == (
        "On branch main\n\n"
        "No commits yet\n\n"
        "Untracked files:\n"
        '  (use "aidb add <path>..." to include them in what will be committed)\n'
        "        labels.csv\n"
        "        train/\n\n"
        'nothing to commit, but there are untracked files (use "aidb add" to track them)\n'
    )
    repo.ok("add", ".")
    assert repo.ok("status") == (
        "On branch main\n\n"
        "No commits yet\n\n"
        "Changes to be committed:\n"
        '  (use "aidb restore --staged <path>..." to unstage)\n'
        "        new file:   labels.csv\n"
        "        new file:   train/1.png\n"
    )
    repo.ok("commit", "-qm", "first")
    assert repo.ok("status") == "On branch main\n\nnothing to commit, working tree clean\n"
    repo.write("labels.csv", "cat\ndog\n")
    repo.ok("mv", "train/1.png", "train/2.png")
    assert repo.ok("status") == (
        "On branch main\n\n"
        "Changes to be committed:\n"
        '  (use "aidb restore --staged <path>..." to unstage)\n'
        "        renamed:    train/1.png → train/2.png\n\n"
        "Changes not staged for commit:\n"
        '  (use "aidb add <path>..." to stage them, or "aidb commit -a" for all)\n'
        '  (use "aidb restore --force <path>..." to throw them away)\n'
        "        modified:   labels.csv\n"
    )
    assert repo.ok("status", "-s") == " M labels.csv\nR  train/2.png\n"


def test_status_in_a_folder_names_paths_from_there(repo: Shell) -> None:
    repo.write("a.txt", "a")
    repo.write("train/b.txt", "b")
    assert repo.ok("-C", "train", "status", "-s") == "?? ../a.txt\n?? ./\n"
    repo.ok("-C", "train", "add", "b.txt")
    assert repo.ok("-C", "train", "status", "-s") == "A  b.txt\n?? ../a.txt\n"
    assert repo.ok("-C", "train", "status", "-s", ".") == "A  b.txt\n"


def test_status_as_json(repo: Shell) -> None:
    commit = repo.commit("first", labels_csv="cat\n")
    repo.write("labels.csv", "cat\ndog\n")
    repo.write("new.txt", "")
    answer = json.loads(repo.ok("status", "--json"))
    assert answer.pop("unstaged")[0]["path"] == "labels.csv"
    assert answer == {
        "branch": "main",
        "commit": commit,
        "clean": False,
        "merging": None,
        "staged": [],
        "untracked": ["new.txt"],
        "conflicts": [],
        "notes": [],
    }


def test_many_changes_are_shown_by_folder(repo: Shell) -> None:
    for number in range(60):
        repo.write(f"train/{number % 3}/{number}.txt", "x" * 1024)
    repo.ok("add", ".")
    text = repo.ok("status")
    assert "        train/0/  20 added (+20.0 KiB)\n" in text
    assert "        in all: 60 added (+60.0 KiB)\n" in text
    assert "train/0/0.txt" not in text


def test_add(repo: Shell) -> None:
    repo.write("a.txt", "a")
    repo.write("b.txt", "bb")
    assert repo.ok("add", "-n", ".") == "add a.txt\nadd b.txt\n"
    assert repo.ok("add", ".") == "Staged: 2 added (3 B)\n"
    assert repo.ok("add", ".") == "Nothing changed since it was last added.\n"
    repo.ok("commit", "-qm", "first")
    (repo.folder / "a.txt").unlink()
    repo.write("b.txt", "bbb")
    repo.write("c.txt", "c")
    assert json.loads(repo.ok("add", "--json", "-u")) == {
        "added": 0,
        "modified": 1,
        "removed": 1,
        "bytes_read": 3,
        "notes": [],
    }
    assert repo.ok("status", "-s") == "D  a.txt\nM  b.txt\n?? c.txt\n"


def test_add_an_ignored_file(repo: Shell) -> None:
    repo.write(".aidbignore", "*.tmp\n")
    repo.write("x.tmp", "x")
    ran = repo("add", "x.tmp")
    assert ran.code == 4
    assert ran.err.startswith("error: x.tmp: left out by .aidbignore\nhint: ")
    assert "--force" in ran.err
    assert repo.ok("add", "-f", "x.tmp") == "Staged: 1 added (1 B)\n"


def test_add_what_is_not_there(repo: Shell) -> None:
    ran = repo("add", "nothing.txt")
    assert ran.code == 3
    assert "nothing.txt" in ran.err
    ran = repo("add", "/etc/passwd")
    assert ran.code == 2
    assert ran.err.startswith(f"error: /etc/passwd is outside the repository {repo.folder}\n")


def test_a_path_by_another_way(repo: Shell) -> None:
    repo.write("train/a.txt", "a")
    os.symlink(repo.folder, repo.folder.parent / "link")
    repo.ok("add", str(repo.folder.parent / "link" / "train"))
    repo.ok("add", str(repo.folder / "train" / "a.txt"))
    repo.ok("-C", str(repo.folder.parent / "link" / "train"), "add", "../train/./a.txt")
    assert repo.ok("status", "-s") == "A  train/a.txt\n"


def test_rm(repo: Shell) -> None:
    repo.write("old/a.txt", "a")
    repo.write("old/b.txt", "b")
    repo.commit("first", labels_csv="cat\n")
    ran = repo("rm", "old")
    assert ran.code != 0
    assert "-r" in ran.err
    assert repo.ok("rm", "-r", "old") == "removed old/a.txt\nremoved old/b.txt\n"
    assert json.loads(repo.ok("rm", "--json", "--cached", "labels.csv")) == {
        "removed": ["labels.csv"],
        "cached": True,
    }
    assert (repo.folder / "labels.csv").exists()
    assert not (repo.folder / "old").exists()


def test_rm_keeps_changes_that_are_not_committed(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.write("labels.csv", "precious\n")
    ran = repo("rm", "labels.csv")
    assert ran.code == 4
    assert (repo.folder / "labels.csv").read_text() == "precious\n"
    repo.ok("rm", "-f", "labels.csv")


def test_mv(repo: Shell) -> None:
    repo.commit("first", a_txt="a", b_txt="b")
    (repo.folder / "folder").mkdir()
    assert repo.ok("mv", "a.txt", "b.txt", "folder/") == "a.txt → folder/a.txt\nb.txt → folder/b.txt\n"
    assert repo.ok("-C", "folder", "mv", "a.txt", "c.txt") == "a.txt → c.txt\n"
    answer = json.loads(repo.ok("mv", "--json", "folder/c.txt", "a.txt"))
    assert answer == [{"old": "folder/c.txt", "new": "a.txt"}]


def test_commit(repo: Shell) -> None:
    repo.write("labels.csv", "cat\n")
    repo.ok("add", ".")
    out = repo.ok("commit", "-m", "First", "-m", "The reason why.")
    assert out.startswith("[main (first commit) ")
    assert out.endswith("] First\n 1 file, 4 B in this version\n")
    repo.write("labels.csv", "cat\ndog\n")
    out = repo.ok("commit", "-am", "Second")
    assert out.endswith("] Second\n 1 modified (+4 B)\n 1 file, 8 B in this version\n")
    commit = json.loads(
        repo.ok("commit", "--json", "--amend", "--no-edit", "--author", "Grace <grace@example.com>")
    )
    assert commit["message"].strip() == "Second"
    assert commit["author"] == {"name": "Grace", "email": "grace@example.com"}
    first = json.loads(repo.ok("show", "--json", "HEAD~"))
    assert first["message"].strip() == "First\n\nThe reason why."
    assert first["author"] == {"name": "Ada Lovelace", "email": "ada@example.com"}


def test_commit_of_some_paths_only(repo: Shell) -> None:
    repo.commit("first", a_txt="a", b_txt="b")
    repo.write("a.txt", "aa")
    repo.write("b.txt", "bb")
    repo.ok("commit", "-qm", "only a", "a.txt")
    assert repo.ok("status", "-s") == " M b.txt\n"


def test_commit_takes_its_message_from_a_file(repo: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write("message", "From a file\n")
    repo.ok("commit", "-q", "--allow-empty", "-F", "message")
    assert "    From a file\n" in repo.ok("log")
    assert repo("commit", "-F", "message", "-m", "x").code == 2
    assert repo("commit", "-F", "nowhere").code == 8


def test_commit_refuses(repo: Shell) -> None:
    ran = repo("commit", "-m", "nothing")
    assert ran.code == 1
    assert ran.err.startswith("error: nothing to commit\n")
    repo.write("a.txt", "a")
    repo.ok("add", ".")
    ran = repo("commit")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == 'error: no commit message\nhint: Give it with `-m "what changed and why"`.\n'
    assert repo("commit", "-m", "  ").code == 2
    assert repo("commit", "-m", "x", "--author", "nobody").code == 2
    assert repo.ok("status", "-s") == "A  a.txt\n"


def test_restore(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="cat\n")
    repo.commit("second", labels_csv="cat\ndog\n")
    repo.write("labels.csv", "oops")
    assert repo("restore", "labels.csv").code == 4
    assert repo.ok("restore", "-f", "labels.csv") == "Restored 1 file.\n"
    assert (repo.folder / "labels.csv").read_text() == "cat\ndog\n"
    repo.ok("restore", "-s", first, "labels.csv")
    assert (repo.folder / "labels.csv").read_text() == "cat\n"
    repo.ok("add", ".")
    assert repo.ok("restore", "--staged", ".") == "Un-staged 1 file.\n"
    assert repo.ok("status", "-s") == " M labels.csv\n"
    assert json.loads(repo.ok("restore", "--json", "-f", ".")) == {"restored": ["labels.csv"]}
    ran = repo("restore", "labls.csv")
    assert ran.code == 3
    assert repo("restore", "--ours", "--theirs", "labels.csv").code == 2


def test_reset(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="cat\n")
    second = repo.commit("second", labels_csv="cat\ndog\n")
    assert repo.ok("reset", "--soft", "HEAD~") == f"HEAD is now at {first[:10]} first\n"
    assert repo.ok("status", "-s") == "M  labels.csv\n"
    assert repo.ok("reset", "--", "labels.csv") == "Un-staged.\n"
    assert repo.ok("status", "-s") == " M labels.csv\n"
    repo.ok("reset", "-q", "--hard", "main@{1}")
    assert repo.ok("status", "-s") == ""
    assert json.loads(repo.ok("show", "--json"))["id"] == second
    assert repo("reset", "--hard", "--", "labels.csv").code == 2
    assert repo("reset", "--hard", "--soft").code == 2
    assert repo("reset", "nowhere").code == 3


def test_names_that_are_not_utf8(repo: Shell) -> None:
    name = os.fsdecode(b"caf\xe9\n.txt")
    (repo.folder / name).write_bytes(b"x")
    assert repo.ok("status", "-s") == "?? caf\\xe9\\n.txt\n"
    repo.ok("add", name)
    repo.ok("commit", "-qm", "odd name")
    (item,) = json.loads(repo.ok("ls", "--json"))
    assert os.fsencode(item["path"]) == b"caf\xe9\n.txt"
    assert repo("cat", name).stdout == b"x"
    assert repo.ok("ls") == "caf\\xe9\\n.txt\n"


def test_a_disk_that_says_no(repo: Shell, tmp_path: Path) -> None:
    repo.commit("first", labels_csv="cat\n")
    ran = repo("get", "labels.csv", "/proc/nothing/here")
    assert ran.code == 8
    assert ran.err.startswith("error: ")
