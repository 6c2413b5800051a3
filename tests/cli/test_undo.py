"""undo, redo, op, stash, cherry-pick, annotate, bisect, archive, log -p."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def mistaken(repo: Shell) -> Shell:
    """A commit, changes to it, and a `reset --hard --force` over them."""
    repo.commit("first", labels_csv="cat\n", birds_csv="eagle\n")
    repo.write("labels.csv", "my work\n")
    repo.write("birds.csv", "mine, too\n")
    ran = repo("reset", "--hard", "--force")
    assert ran.err == "hint: 2 overwritten files were kept: `aidb undo` brings them back.\n"
    return repo


def test_undo_and_redo(mistaken: Shell) -> None:
    ran = mistaken("undo")
    assert ran.out == "Undid `reset --hard HEAD` (just now).\n  2 files written\n"
    assert ran.err == ('hint: `aidb redo` does it again; `aidb undo` takes back `commit "first"` next.\n')
    assert (mistaken.folder / "labels.csv").read_text() == "my work\n"
    ran = mistaken("redo")
    assert ran.out == "Did `reset --hard HEAD` again.\n  2 files written\n"
    assert ran.err == "hint: `aidb undo` takes it back.\n"
    mistaken.ok("undo", "-q")
    mistaken.write("labels.csv", "more work\n")
    ran = mistaken("redo")
    assert ran.code == 4
    assert "labels.csv" in ran.err
    mistaken.ok("redo", "--force")
    answer = json.loads(mistaken.ok("undo", "--json"))
    assert (answer["title"], answer["written"], answer["refs"]) == ("reset --hard HEAD", 2, [])
    assert (mistaken.folder / "labels.csv").read_text() == "more work\n"


def test_undo_moves_refs(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="cat\n")
    second = repo.commit("second", labels_csv="dog\n")
    assert repo.ok("undo").splitlines()[1] == f"  main  {second[:10]} → {first[:10]}"
    repo.ok("tag", "-q", "v1")
    repo.ok("switch", "-qc", "side")
    assert repo.ok("undo").splitlines()[1:] == ["  HEAD  side → main", f"  side  {first[:10]} → none"]
    assert repo.ok("undo").splitlines()[1:] == [f"  tag v1  {first[:10]} → none"]
    assert repo("redo").code == 0
    assert repo("undo", "nothing").code == 3


def test_undo_to_the_beginning(repo: Shell) -> None:
    ran = repo("undo")
    assert ran.code == 1
    assert ran.err.startswith("error: there is nothing to undo\n")
    assert repo("redo").code == 1
    assert repo("op", "show").code == 1


def test_op(mistaken: Shell) -> None:
    mistaken.ok("undo")
    lines = mistaken.ok("op").splitlines()
    assert [re.sub(r"^\w{12}  just now +", "", line) for line in lines] == [
        "undo reset --hard HEAD",
        "reset --hard HEAD  (undone)",
        'commit "first"',
        "add .",
    ]
    assert len(mistaken.ok("op", "log", "-2").splitlines()) == 2
    found = json.loads(mistaken.ok("op", "log", "--json"))
    assert [one["undone"] for one in found] == [False, True, False, False]
    shown = mistaken.ok("op", "show", found[1]["id"])
    assert "What:   reset --hard HEAD\n" in shown
    assert "\nFiles: 2 modified (-8 B)\n  M  birds.csv" in shown
    assert (
        json.loads(mistaken.ok("op", "show", found[2]["id"], "--json"))["refs"][0]["ref"] == "refs/heads/main"
    )
    ran = mistaken("op", "restore", found[3]["id"])
    assert ran.out.startswith("Everything is as it was after `add .` (just now).\n")
    assert mistaken("log").code == 3
    mistaken.ok("undo")
    assert mistaken.ok("log", "--oneline").endswith("first\n")
    assert mistaken("op", "restore").code == 2
    assert mistaken("op", "show", "none").code == 3


def test_stash(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.write("labels.csv", "dog\n")
    repo.write("new.csv", "new\n")
    ran = repo("stash", "-u", "-m", "half-done")
    assert ran.out == "Put aside: stash@{0}, On main: half-done\n"
    assert ran.err == "hint: `aidb stash pop` brings it back, here or on another branch.\n"
    assert repo.ok("stash", "list").endswith("On main: half-done\n")
    assert (
        repo.ok("stash", "show", "--stat")
        == "M  labels.csv  4 B\nA  new.csv     4 B\n1 added (+4 B), 1 modified\n"
    )
    assert "+dog" in repo.ok("stash", "show")
    assert repo("stash").code == 1
    assert repo.ok("stash", "pop") == "Brought back stash@{0}, On main: half-done.\n"
    assert repo.ok("stash", "list") == ""
    assert json.loads(repo.ok("stash", "--json"))["base"] == json.loads(repo.ok("show", "--json"))["id"]
    repo.ok("rm", "-q", "labels.csv")
    repo.ok("commit", "-qm", "gone")
    ran = repo("stash", "apply")
    assert ran.code == 5
    assert "deleted here, changed there" in ran.out
    repo.ok("undo")
    assert repo.ok("stash", "drop").startswith("Dropped stash@{0}, WIP on main")
    assert repo("stash", "drop").code == 3
    assert repo("stash", "push", "name").code == 2


def test_cherry_pick(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.ok("switch", "-qc", "side")
    birds = repo.commit("birds", birds_csv="eagle\n")
    labels = repo.commit("labels", labels_csv="cat, clean\n")
    repo.ok("switch", "-q", "main")
    repo.commit("ours", labels_csv="cat, ours\n")
    ran = repo("cherry-pick", "main..side")
    assert ran.code == 5
    picked, stopped, conflict = ran.out.splitlines()
    assert re.fullmatch(r"Picked \w{10} birds", picked)
    assert stopped == f"Picking {labels[:10]} labels stopped at 1 conflict; everything else is staged."
    assert conflict == "  labels.csv  changed on both sides"
    assert "`aidb cherry-pick --continue` commits it." in ran.err
    repo.ok("restore", "-q", "--theirs", "labels.csv")
    assert re.fullmatch(r"Picked \w{10} labels\n", repo.ok("cherry-pick", "--continue"))
    assert repo.ok("cherry-pick", birds) == f"Nothing to pick from {birds[:10]} birds: it is here already.\n"
    assert repo("cherry-pick").code == 2
    assert repo("cherry-pick", "--continue").code == 1
    assert repo("cherry-pick", "--abort").code == 1
    repo.write("labels.csv", "again\n")
    repo.ok("commit", "-aqm", "again")
    assert json.loads(repo("cherry-pick", "--json", labels).stdout)["stopped"] == labels
    assert "given up" in repo.ok("cherry-pick", "--abort")


def test_annotate(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="cat\n", birds_csv="eagle\n")
    second = repo.commit("second", labels_csv="dog\n")
    lines = repo.ok("annotate").splitlines()
    assert [line.split()[0] for line in lines] == [first[:10], second[:10]]
    assert lines[1].endswith("  Ada Lovelace  labels.csv")
    assert repo.ok("annotate", f"{first}:labels.csv").startswith(first[:10])
    assert [one["commit"] for one in json.loads(repo.ok("annotate", "--json"))] == [first, second]
    assert repo("annotate", "nowhere.csv").code == 3


def test_bisect(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="0\n")
    for number in range(1, 6):
        repo.commit(f"number {number}", labels_csv=f"{number}\n", **({"broken": "x"} if number == 3 else {}))
    ran = repo("bisect", "start")
    assert ran.out == "A good and a bad commit have to be known first.\n"
    ran = repo("bisect", "start", "HEAD", first)
    assert re.fullmatch(r"Testing \w{10} number \d \(5 commits left, about 2 steps\)\n", ran.out)
    assert repo("bisect", "run").code == 2
    ran = repo("bisect", "run", "--", "test", "!", "-e", "broken")
    assert ran.out.endswith(" number 3\nis the first bad commit.\n")
    assert json.loads(repo.ok("bisect", "status", "--json"))["kind"] == "found"
    assert repo.ok("bisect", "reset") == "The search is over; back at main.\n"
    assert repo("bisect", "good").code == 1
    assert repo("bisect", "start", first, "HEAD").code == 4


def test_archive(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n", birds_csv="eagle\n")
    assert repo.ok("archive", "-o", "a.tar.zst") == "Wrote 2 files (10 B) to a.tar.zst\n"
    assert repo("archive", "-o", "a.tar.zst").code == 4
    ran = repo("archive", "HEAD:birds.csv", "--format", "tar", "-o", "-")
    assert ran.stdout.startswith(b"birds.csv\0")
    assert len(ran.stdout) % 512 == 0
    assert repo("archive").code == 2
    assert repo("archive", "-o", "a.rar").code == 2


def test_log_with_patches(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.commit("second", labels_csv="dog\n")
    text = repo.ok("log", "-p")
    assert text.count("--- a/labels.csv\n+++ b/labels.csv\n@@ -1 +1 @@\n-cat\n+dog\n") == 1
    assert "\n A  labels.csv  4 B\n" in text
    assert "| -cat\n" in repo.ok("log", "-p", "--graph")
