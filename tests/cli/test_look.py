"""log, show, diff, ls, cat, get, du."""

from __future__ import annotations

import json
import random
import re

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def history(repo: Shell) -> Shell:
    """Two branches that parted and met.

    * merge           (main)
    |\\
    | * remove dogs   (clean, v1)
    * | add birds
    |/
    * first
    """
    repo.write("train/cat.png", b"\x89PNG\0" * 100)
    repo.write("train/dog.png", b"\x89PNG\1" * 200)
    repo.commit("first", labels_csv="cat\ndog\n")
    repo.ok("switch", "-qc", "clean")
    (repo.folder / "train/dog.png").unlink()
    repo.commit("remove dogs", labels_csv="cat\n")
    repo.ok("tag", "-q", "v1")
    repo.ok("switch", "-q", "main")
    repo.commit("add birds", birds_csv="eagle\n")
    repo.ok("merge", "-q", "-m", "merge", "clean")
    return repo


def subjects(shell: Shell, *argv: str) -> list[str]:
    return [line.split(" ", 1)[1] for line in shell.ok("log", "--oneline", *argv).splitlines()]


def test_log_draws_the_history(history: Shell) -> None:
    text = re.sub(r"[0-9a-f]{10}", "ID", history.ok("log", "--oneline", "--graph", "--all"))
    assert text == (
        "*   ID (HEAD -> main) merge\n"
        "|\\\n"
        "| * ID (clean, tag: v1) remove dogs\n"
        "* | ID add birds\n"
        "|/\n"
        "* ID first\n"
    )


def test_log_of_some_commits_draws_over_the_others(history: Shell) -> None:
    text = re.sub(r"[0-9a-f]{10}", "ID", history.ok("log", "--oneline", "--graph", "--", "train"))
    assert text == "* ID (clean, tag: v1) remove dogs\n* ID first\n"


def test_log_in_full(history: Shell) -> None:
    text = history.ok("log", "-1", "clean")
    assert re.fullmatch(
        r"commit [0-9a-f]{40} \(clean, tag: v1\)\n"
        r"Author: Ada Lovelace <ada@example.com>\n"
        r"Date:   \w{3} \w{3} \d+ \d\d:\d\d:\d\d \d{4} [+-]\d{4}\n"
        r"Data:   2 files, 504 B\n"
        r"\n"
        r"    remove dogs\n",
        text,
    )
    assert "Merge:  " in history.ok("log", "-1")
    assert history.ok("log", "-2", "--graph").splitlines()[1].startswith("|\\  Merge:  ")


def test_log_chooses(history: Shell) -> None:
    assert subjects(history, "clean..main", "--first-parent") == ["(HEAD -> main) merge", "add birds"]
    assert subjects(history, "birds.csv") == ["add birds"]
    assert subjects(history, "--grep", "dogs") == ["(clean, tag: v1) remove dogs"]
    assert subjects(history, "--author", "nobody") == []
    assert subjects(history, "-1", "v1") == ["(clean, tag: v1) remove dogs"]
    assert subjects(history, "--until", "2001-01-01") == []
    assert len(subjects(history, "--all", "--since", "1 hour ago")) == 4


def test_log_with_changes(history: Shell) -> None:
    text = history.ok("log", "--oneline", "--stat", "-1", "v1")
    assert text.splitlines()[1:] == [
        " M  labels.csv     8 B → 4 B",
        " D  train/dog.png  1000 B",
        " 1 modified (-4 B), 1 deleted (-1000 B)",
    ]


def test_log_as_json(history: Shell) -> None:
    commits = json.loads(history.ok("log", "--json"))
    assert commits[0]["message"].strip() == "merge"
    assert commits[0]["refs"] == ["HEAD -> main"]
    assert len(commits[0]["parents"]) == 2
    assert set(commits[0]) >= {"id", "author", "time", "files", "bytes", "code", "manifest"}


def test_log_mistakes(history: Shell) -> None:
    ran = history("log", "cleen")
    assert ran.code == 3
    assert ran.err == (
        "error: 'cleen' is neither a revision nor a path here or in HEAD\n"
        "hint: Did you mean clean?\n"
        "hint: Write `--` before paths that no longer exist.\n"
    )
    assert history("log", "main~99").err.startswith("error: main~99 goes back too far")
    ran = history("log", "main", "train/dog.png")
    assert ran.code == 3
    history.ok("log", "main", "--", "train/dog.png")
    history.ok("branch", "-q", "labels.csv")
    assert "both a revision and a path" in history("log", "labels.csv").err
    assert history("log", "--all", "main").code == 2
    assert history("log", "main", "clean", "--", "x").code == 2


def test_log_before_the_first_commit(repo: Shell) -> None:
    ran = repo("log")
    assert ran.code == 3
    assert ran.err.startswith("error: main has no commits yet\n")


def test_show(history: Shell) -> None:
    lines = history.ok("show", "v1").splitlines()
    assert lines[7:] == [
        "M  labels.csv     8 B → 4 B",
        "D  train/dog.png  1000 B",
        "1 modified (-4 B), 1 deleted (-1000 B)",
        "",
        "--- a/labels.csv",
        "+++ b/labels.csv",
        "@@ -1,2 +1 @@",
        " cat",
        "-dog",
    ]
    assert "---" not in history.ok("show", "--stat", "v1")
    answer = json.loads(history.ok("show", "--json", "v1"))
    assert [change["path"] for change in answer["changes"]] == ["labels.csv", "train/dog.png"]
    assert answer["totals"]["deleted"] == 1


def test_show_a_file_or_a_folder(history: Shell) -> None:
    assert history.ok("show", "v1:labels.csv") == "cat\n"
    assert history.ok("show", "main~2:train") == "cat.png\ndog.png\n"
    assert history.ok("show", "v1:") == "labels.csv\ntrain/\n"
    assert json.loads(history.ok("show", "--json", "v1:labels.csv"))["size"] == 4


def test_diff(history: Shell) -> None:
    assert history.ok("diff") == ""
    history.write("labels.csv", "cat\nhorse\n")
    assert history.ok("diff") == (
        "M  labels.csv  4 B → 10 B\n"
        "1 modified (+6 B)\n"
        "\n"
        "--- a/labels.csv\n"
        "+++ b/labels.csv\n"
        "@@ -1 +1,2 @@\n"
        " cat\n"
        "+horse\n"
    )
    assert history.ok("diff", "--staged") == ""
    history.ok("add", ".")
    assert history.ok("diff") == ""
    assert (
        history.ok("diff", "--cached", "--stat")
        == "M  labels.csv  4 B → 10 B  1 line added\n1 modified (+6 B)\n"
    )
    assert history.ok("diff", "HEAD", "--name-only") == "labels.csv\n"


def test_diff_between_versions(history: Shell) -> None:
    expected = "M\tlabels.csv\nD\ttrain/dog.png\n"
    assert history.ok("diff", "main~2", "v1", "--name-status") == expected
    assert history.ok("diff", "main~2..v1", "--name-status") == expected
    assert history.ok("diff", "main~1...v1", "--name-status") == expected
    assert history.ok("diff", "main~2..v1", "--name-status", "--", "train") == "D\ttrain/dog.png\n"
    assert history.ok("diff", "main~2", "v1", "labels.csv", "--name-status") == "M\tlabels.csv\n"
    assert history.ok("diff", "v1..main~2", "--stat", "train") == (
        "A  train/dog.png  1000 B\n1 added (+1000 B)\n"
    )
    answer = json.loads(history.ok("diff", "--json", "main~2..v1"))
    assert answer["totals"] == {
        "added": 0,
        "modified": 1,
        "deleted": 1,
        "renamed": 0,
        "changed_in_kind": 0,
        "bytes": -1004,
    }
    assert answer["changes"][1]["new"] is None


def test_diff_with_an_exit_code(history: Shell) -> None:
    assert history("diff", "--exit-code").code == 0
    assert history("diff", "--exit-code", "HEAD~").code == 1
    assert history("diff", "HEAD~").code == 0


def test_diff_of_text_without_a_last_newline(repo: Shell) -> None:
    repo.commit("first", notes_txt="one\ntwo")
    repo.write("notes.txt", "one\ntwo\n")
    assert repo.ok("diff").splitlines()[6:] == [
        " one",
        "-two",
        "\\ No newline at end of file",
        "+two",
    ]


def test_diff_of_many_files_is_by_folder(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    for number in range(90):
        repo.write(f"{number % 30:02}/{number}.bin", b"\0" * 2048)
    repo.ok("add", ".")
    lines = repo.ok("diff", "--staged").splitlines()
    assert lines[0] == "00/  3 added (+6.0 KiB)"
    assert lines[-2:] == ["… and 30 more changes in 10 folders", "90 added (+180.0 KiB)"]
    assert len(repo.ok("diff", "--staged", "--name-only").splitlines()) == 90


def test_diff_of_a_change_in_kind(repo: Shell) -> None:
    repo.commit("first", run_sh="#!/bin/sh\n")
    (repo.folder / "run.sh").chmod(0o755)
    assert repo.ok("diff") == "T  run.sh  file → executable\n1 changed in kind\n"


def test_diff_mistakes(history: Shell) -> None:
    assert history("diff", "--stat", "--name-only").code == 2
    assert history("diff", "--staged", "main", "v1").code == 2
    assert history("diff", "main..v1", "main").code == 2
    assert history("diff", "main..nowhere").code == 3


def test_ls(history: Shell) -> None:
    assert history.ok("ls") == "birds.csv\nlabels.csv\ntrain/\n"
    assert history.ok("ls", "v1") == history.ok("ls", "v1:") == "labels.csv\ntrain/\n"
    assert history.ok("ls", "train") == history.ok("ls", ":train") == "cat.png\n"
    assert history.ok("-C", "train", "ls", ".") == history.ok("-C", "train", "ls", "v1:./") == "cat.png\n"
    assert history.ok("ls", "-r", "main~2:") == "labels.csv\ntrain/cat.png\ntrain/dog.png\n"
    long = history.ok("ls", "-l", "main~2:").splitlines()
    assert re.fullmatch(r"-         8 B  [0-9a-f]{15}  labels.csv", long[0])
    assert re.fullmatch(r"d     1.5 KiB          2 files  train/", long[1])
    (item,) = json.loads(history.ok("ls", "--json", "v1:train"))
    assert item["path"] == "train/cat.png"
    assert len(item["blob"]) == 64


def test_a_word_that_is_both_a_revision_and_a_path(history: Shell) -> None:
    history.ok("branch", "-q", "train")
    ran = history("ls", "train")
    assert ran.code == 2
    assert ran.err == (
        "error: 'train' is both a revision and a path\n"
        "hint: `train:` is the version, `./train` the path in HEAD.\n"
    )
    assert history.ok("ls", "./train") == "cat.png\n"


def test_a_word_that_is_neither(history: Shell) -> None:
    ran = history("ls", "trian")
    assert ran.code == 3
    assert ran.err.startswith("error: 'trian' is neither a revision nor a path in HEAD\n")


def test_cat(history: Shell) -> None:
    assert history("cat", "train/cat.png").stdout == b"\x89PNG\0" * 100
    assert history.ok("cat", "v1:labels.csv", "birds.csv") == "cat\neagle\n"
    assert history("cat", "v1:").code == 2
    assert history("cat", "v1:nothing").code == 3


def test_get(history: Shell) -> None:
    assert history.ok("get", "v1:labels.csv", "old.csv") == "Copied 1 file (4 B) to old.csv\n"
    assert (history.folder / "old.csv").read_text() == "cat\n"
    assert history("get", "main~2:labels.csv", "old.csv").code != 0
    history.ok("get", "-f", "main~2:labels.csv", "old.csv")
    assert (history.folder / "old.csv").read_text() == "cat\ndog\n"
    answer = json.loads(history.ok("get", "--json", "main~2:", "../all"))
    assert answer == {"files": 3, "bytes": 1508, "destination": "../all"}
    assert (history.folder / "../all/train/dog.png").stat().st_size == 1000


def test_du(history: Shell) -> None:
    lines = history.ok("du").splitlines()
    assert re.fullmatch(r" +\S+ \S+  in 4 versions, if each were a copy", lines[0])
    assert json.loads(history.ok("du", "--json"))["commits"] == 4
    assert history.ok("du", "main~2:") == (
        "    1.5 KiB          2  train/\n        8 B          1  labels.csv\n    1.5 KiB          3  in all\n"
    )
    assert json.loads(history.ok("du", "--json", "train"))["files"] == 1


def test_du_of_branches_and_commits(history: Shell) -> None:
    history.ok("switch", "-qc", "large")
    history.write("big.bin", random.Random(3).randbytes(50_000))
    history.ok("add", "-q", "big.bin")
    history.ok("commit", "-qm", "a large file")
    history.ok("switch", "-q", "main")
    ran = history("du", "--branches")
    assert re.fullmatch(r" +4\d\.\d KiB  large  \(.* files\)", ran.out.splitlines()[0])
    assert "`aidb gc`" in ran.err
    shares = {one["name"]: one for one in json.loads(history.ok("du", "--branches", "--json"))}
    assert 50_000 < shares["large"]["unique_bytes"] < 52_000
    lines = history.ok("du", "--commits", "large").splitlines()
    assert re.fullmatch(r" +\+4\d\.\d KiB  [0-9a-f]{10} a large file", lines[0])
    added = json.loads(history.ok("du", "--commits", "--json"))
    assert len(added) == 4
    assert history("du", "--branches", "--commits").code == 2
    assert history("du", "--branches", "main").code == 2


def test_stats(history: Shell) -> None:
    lines = history.ok("stats").splitlines()
    assert lines[0] == "History"
    assert lines[1].startswith("  4 commits, 4 versions, ")
    assert "Growth" in lines
    found = json.loads(history.ok("stats", "--json"))
    assert found["commits"] == 4
    assert found["packs"]["all"] == found["packs"]["small"]
    assert found["garbage"]["bytes"] == 0
