"""branch, switch, merge, revert, tag."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def parted(repo: Shell) -> Shell:
    """Main and clean, which both changed labels.csv; clean also added birds.csv."""
    repo.commit("first", labels_csv="cat\n")
    repo.ok("switch", "-qc", "clean")
    repo.commit("on clean", labels_csv="cat\nclean\n", birds_csv="eagle\n")
    repo.ok("switch", "-q", "main")
    repo.commit("on main", labels_csv="cat\nmain\n")
    return repo


def test_branch(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="cat\n")
    ran = repo("branch", "clean")
    assert ran.out == f"Made branch clean at {first[:10]}.\n"
    assert ran.err == "hint: `aidb switch clean` goes there.\n"
    assert repo.ok("branch") == "  clean\n* main\n"
    assert repo.ok("branch", "-v") == f"  clean  {first[:10]} first\n* main   {first[:10]} first\n"
    assert repo.ok("branch", "-m", "clean", "cleaner") == "Renamed branch clean to cleaner.\n"
    assert json.loads(repo.ok("branch", "--json")) == [
        {"name": "cleaner", "commit": first, "current": False, "protected": False},
        {"name": "main", "commit": first, "current": True, "protected": False},
    ]
    assert repo.ok("branch", "-d", "cleaner") == f"Deleted branch cleaner (was {first[:10]}).\n"


def test_branch_refuses(parted: Shell) -> None:
    assert parted("branch", "-d", "main").code == 4
    ran = parted("branch", "-d", "clean")
    assert ran.code == 4
    assert "`aidb branch -D clean`" in ran.err
    assert parted("branch", "-d", "nowhere").code == 3
    assert parted("branch", "clean").code == 4
    assert parted("branch", "bad..name").code == 2
    assert parted("branch", "-d").code == 2
    assert parted("branch", "-d", "-m", "clean").code == 2
    assert parted("branch", "a", "main", "b").code == 2
    parted.ok("branch", "-D", "clean")


def test_switch(parted: Shell) -> None:
    ran = parted("switch", "clean")
    assert ran.out == "Switched to branch clean (2 files written)\n"
    assert parted.ok("switch", "-") == "Switched to branch main (1 file written, 1 file removed)\n"
    assert parted.ok("switch", "-c", "new", "clean~") == "Switched to a new branch new (1 file written)\n"
    ran = parted("switch", "--detach", "main")
    assert ran.out.startswith("Switched to commit ")
    assert "aidb switch -c NAME" in ran.err
    assert parted.ok("branch").startswith("* (HEAD detached at ")
    answer = json.loads(parted.ok("switch", "--json", "clean"))
    assert answer["branch"] == "clean"


def test_switch_keeps_local_changes_or_refuses(parted: Shell) -> None:
    parted.write("labels.csv", "precious\n")
    ran = parted("switch", "clean")
    assert ran.code == 4
    assert "labels.csv" in ran.err
    assert (parted.folder / "labels.csv").read_text() == "precious\n"
    parted.ok("switch", "-f", "clean")
    assert (parted.folder / "labels.csv").read_text() == "cat\nclean\n"


def test_switch_mistakes(parted: Shell) -> None:
    ran = parted("switch", "claen")
    assert ran.code == 3
    assert "clean" in ran.err
    assert parted("switch", "main", "clean").code == 2
    assert parted("switch", "-c", "x", "--detach").code == 2
    assert parted("switch", "-c", "clean").code == 4


def test_fast_forward(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.ok("switch", "-qc", "clean")
    second = repo.commit("second", birds_csv="eagle\n")
    repo.ok("switch", "-q", "main")
    assert repo.ok("merge", "clean") == (
        f"Fast-forward to {second[:10]} second\n A  birds.csv  6 B\n 1 added (+6 B)\n"
    )
    assert repo.ok("merge", "clean") == "Already up to date.\n"


def test_a_merge_commit_if_asked_for(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.ok("branch", "clean")
    assert repo("merge", "--no-ff", "--ff-only", "clean").code == 2
    repo.commit("second", labels_csv="dog\n")
    repo.ok("switch", "-q", "clean")
    repo.commit("other", birds_csv="eagle\n")
    assert repo("merge", "--ff-only", "main").code == 4
    out = repo.ok("merge", "-m", "bring main", "main")
    assert out.startswith("Merged ")
    assert out.endswith(" bring main\n M  labels.csv  4 B\n 1 modified\n")


def test_a_conflict_from_beginning_to_end(parted: Shell) -> None:
    ran = parted("merge", "clean")
    assert ran.code == 5
    assert ran.out == (
        "The merge stopped at 1 conflict; everything else is staged.\n  labels.csv  changed on both sides\n"
    )
    assert ran.err == (
        "hint: `aidb restore --ours PATH` or `--theirs PATH` settles one, or edit it and `aidb add PATH`.\n"
        "hint: Then `aidb commit` concludes the merge; `aidb merge --abort` gives it up.\n"
    )
    assert parted.ok("status") == (
        "On branch main\n\n"
        "The merge of clean stopped at 1 conflict.\n"
        '  (settle each with "aidb restore --ours <path>" or "--theirs", or edit it and "aidb add <path>")\n'
        '  (then "aidb commit"; "aidb merge --abort" gives up)\n\n'
        "Unmerged paths:\n"
        "        labels.csv  changed on both sides\n\n"
        "Changes to be committed:\n"
        '  (use "aidb restore --staged <path>..." to unstage)\n'
        "        new file:   birds.csv\n"
    )
    assert parted.ok("status", "-s") == "UU labels.csv\nA  birds.csv\n"
    assert parted("commit", "-m", "too early").code == 5
    parted.ok("restore", "--theirs", "labels.csv")
    assert "all conflicts are settled" in parted.ok("status")
    assert "Merge" in parted.ok("commit")
    assert (parted.folder / "labels.csv").read_text() == "cat\nclean\n"
    assert len(json.loads(parted.ok("show", "--json"))["parents"]) == 2


def test_a_conflict_as_json(parted: Shell) -> None:
    ran = parted("merge", "--json", "clean")
    assert (ran.code, ran.err) == (5, "")
    answer = json.loads(ran.out)
    assert answer["kind"] == "conflicts"
    assert answer["conflicts"] == [{"path": "labels.csv", "reason": "modified-both"}]


def test_giving_up_a_merge(parted: Shell) -> None:
    assert parted("merge", "--abort").code == 1
    assert parted("merge", "clean").code == 5
    assert parted.ok("merge", "--abort") == "The merge was given up; the branch is as it was before.\n"
    assert parted.ok("status", "-s") == ""
    assert not (parted.folder / "birds.csv").exists()


@pytest.mark.parametrize(
    ("side", "content"), [("--ours", "cat\nmain\n"), ("--theirs", "cat\nclean\n"), ("--both", "cat\nmain\n")]
)
def test_settling_conflicts_at_once(parted: Shell, side: str, content: str) -> None:
    ran = parted("merge", side, "clean")
    assert ran.code == 0
    assert ran.err == "note: 1 conflict settled as asked for\n"
    assert (parted.folder / "labels.csv").read_text() == content
    assert len(parted.ok("ls").splitlines()) == (3 if side == "--both" else 2)


def test_merge_mistakes(parted: Shell) -> None:
    assert parted("merge").code == 2
    assert parted("merge", "nowhere").code == 3
    assert parted("merge", "--ours", "--theirs", "clean").code == 2


def test_revert(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.commit("second", labels_csv="cat\ndog\n")
    repo.commit("third", birds_csv="eagle\n")
    out = repo.ok("revert", "HEAD~")
    assert out.startswith("Reverted ")
    assert (repo.folder / "labels.csv").read_text() == "cat\n"
    assert (repo.folder / "birds.csv").exists()
    repo.ok("revert", "-q", "-m", "again", "HEAD")
    assert (repo.folder / "labels.csv").read_text() == "cat\ndog\n"
    assert repo("revert").code == 2


def test_a_revert_that_conflicts(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n")
    repo.commit("second", labels_csv="cat\ndog\n")
    repo.commit("third", labels_csv="cat\ndog\nbird\n")
    ran = repo("revert", "HEAD~")
    assert ran.code == 5
    assert "`aidb revert --abort` gives it up" in ran.err
    assert repo.ok("revert", "--abort") == "The revert was given up; the branch is as it was before.\n"
    assert repo.ok("status", "-s") == ""


def test_tag(repo: Shell) -> None:
    first = repo.commit("first", labels_csv="cat\n")
    second = repo.commit("second", labels_csv="dog\n")
    assert repo.ok("tag", "v1", "HEAD~") == f"Tagged {first[:10]} first as v1.\n"
    repo.ok("tag", "v2")
    assert repo.ok("tag") == "v1\nv2\n"
    assert repo.ok("tag", "-l", "*2") == "v2\n"
    assert repo("tag", "v1").code == 4
    repo.ok("tag", "-f", "v1")
    assert json.loads(repo.ok("tag", "--json"))[0] == {"name": "v1", "commit": second}
    assert repo.ok("tag", "-d", "v1", "v2") == (
        f"Deleted tag v1 (was {second[:10]}).\nDeleted tag v2 (was {second[:10]}).\n"
    )
    assert repo("tag", "-d", "v1").code == 3
    assert repo("tag", "-d").code == 2
    assert repo("tag", "a", "HEAD", "c").code == 2
