"""`merge`, `revert`, conflicts and giving up."""

from __future__ import annotations

import pytest

from aidb import Repository
from aidb.errors import MergeConflictError, NothingToDoError, RefusedError, WouldOverwriteError
from tests.versioning.workspace.conftest import Files, short


def change(repo: Repository, files: Files, message: str, **contents: str | None) -> None:
    """Commit: a file of None is removed; `__` stands for `/`."""
    for name, content in contents.items():
        path = name.replace("__", "/")
        if content is None:
            files.remove(path)
        else:
            files.put(path, content)
    repo.add()
    repo.commit(message)


@pytest.fixture
def split(repo: Repository, files: Files) -> Repository:
    """main and theirs differ on different files: no conflict."""
    change(repo, files, "base", a="1", b="1", d__x="1", gone="1")
    repo.switch("theirs", create=True)
    change(repo, files, "theirs", a="2", d__new="2", gone=None)
    repo.switch("main")
    change(repo, files, "ours", b="2")
    return repo


MERGED = {"a": b"2", "b": b"2", "d/x": b"1", "d/new": b"2"}


def test_merge(split: Repository, files: Files) -> None:
    ours, theirs = split.resolve("main"), split.resolve("theirs")
    merged = split.merge("theirs")
    assert merged.kind == "merged"
    assert merged.commit is not None
    assert merged.commit.parents == (ours, theirs)
    assert merged.commit.message == "Merge theirs into main"
    assert (merged.written, merged.removed) == (2, 1)
    assert files.all() == MERGED
    assert split.status().clean
    assert split.merge("theirs").kind == "up-to-date"


def test_fast_forward(split: Repository, files: Files) -> None:
    split.switch("theirs")
    split.merge("main", message="first")
    split.switch("main")
    with pytest.raises(RefusedError, match="merge commit|fast-forward"):
        split.switch("other", create=True, start="main")
        change(split, files, "x", x="x")
        split.merge("theirs", fast_forward="only")
    split.switch("main")
    merged = split.merge("theirs")
    assert merged.kind == "fast-forward"
    assert split.head == ("main", split.resolve("theirs"))
    assert files.all() == MERGED
    assert split.status().clean


def test_never_fast_forward(repo: Repository, files: Files) -> None:
    change(repo, files, "base", a="1")
    repo.switch("theirs", create=True)
    change(repo, files, "theirs", a="2")
    repo.switch("main")
    merged = repo.merge("theirs", fast_forward="never", message="really")
    assert merged.commit is not None
    assert len(merged.commit.parents) == 2
    assert merged.commit.message == "really"
    assert files.read("a") == "2"


def test_into_an_empty_branch(repo: Repository, files: Files) -> None:
    change(repo, files, "base", a="1")
    base = repo.head.commit
    assert base is not None
    repo.engine.set_head("fresh")
    repo.workspace.folder.joinpath("index").unlink()
    files.remove("a")
    fresh = Repository(repo.root)
    assert fresh.merge(base).kind == "fast-forward"
    assert files.read("a") == "1"
    assert fresh.head == ("fresh", base)


def test_local_changes_elsewhere_are_kept(split: Repository, files: Files) -> None:
    files.put("d/x", "mine")
    files.put("untracked", "mine")
    split.merge("theirs")
    assert files.all() == {**MERGED, "d/x": b"mine", "untracked": b"mine"}
    assert short(split.status().unstaged) == ["M d/x"]


@pytest.mark.parametrize("name", ["a", "d/new", "gone"])
def test_local_changes_in_the_way(split: Repository, files: Files, name: str) -> None:
    files.put(name, "mine")
    before, head = files.all(), split.head
    with pytest.raises(WouldOverwriteError) as caught:
        split.merge("theirs")
    assert caught.value.paths == (name,)
    assert (files.all(), split.head) == (before, head)
    assert split.status().merging is None


def test_staged_changes_are_refused(split: Repository, files: Files) -> None:
    files.put("extra", "1")
    split.add()
    with pytest.raises(RefusedError, match="staged already"):
        split.merge("theirs")


@pytest.fixture
def clash(repo: Repository, files: Files) -> Repository:
    """Conflicts: both changed, one removed each way, both added; `fine` merges."""
    change(repo, files, "base", both="1", ourgone="1", theirgone="1", same="1")
    repo.switch("theirs", create=True)
    change(
        repo, files, "theirs", both="theirs", ourgone="theirs", theirgone=None, added="theirs", fine="theirs"
    )
    repo.switch("main")
    change(repo, files, "ours", both="ours", ourgone=None, theirgone="ours", added="ours")
    return repo


OURS = {"both": b"ours", "theirgone": b"ours", "added": b"ours", "same": b"1"}
CONFLICTS = ["added", "both", "ourgone", "theirgone"]


def test_conflicts(clash: Repository, files: Files) -> None:
    merged = clash.merge("theirs")
    assert merged.kind == "conflicts"
    assert merged.commit is None
    assert [conflict.path for conflict in merged.conflicts] == CONFLICTS
    assert files.all() == {**OURS, "fine": b"theirs"}
    status = clash.status()
    assert status.merging == "merge of theirs"
    assert [conflict.path for conflict in status.conflicts] == CONFLICTS
    assert {c.path: c.reason for c in status.conflicts}["ourgone"] == "deleted-by-ours"
    assert short(status.staged) == ["A fine"]
    assert status.unstaged == []
    with pytest.raises(MergeConflictError, match="added, both, ourgone and 1 more") as caught:
        clash.commit("x")
    assert caught.value.paths == tuple(CONFLICTS)
    with pytest.raises(MergeConflictError):
        clash.commit("x", all=True)
    with pytest.raises(RefusedError, match="merge is under way"):
        clash.switch("theirs")
    with pytest.raises(MergeConflictError):
        clash.merge("theirs")
    with pytest.raises(RefusedError):
        clash.merge("main~1")


def test_settle_every_way(clash: Repository, files: Files) -> None:
    clash.merge("theirs")
    clash.restore(["both"], side="theirs")
    assert files.read("both") == "theirs"
    clash.restore(["ourgone"], side="theirs")
    assert files.read("ourgone") == "theirs"
    clash.remove(["theirgone"])
    assert not (clash.root / "theirgone").exists()
    assert [conflict.path for conflict in clash.status().conflicts] == ["added"]
    files.put("added", "both together")
    clash.add(["added"])
    assert clash.status().conflicts == []
    assert clash.status().merging == "merge of theirs"
    commit = clash.commit("")
    assert commit.message == "Merge theirs into main"
    assert len(commit.parents) == 2
    assert files.all() == {
        "both": b"theirs",
        "ourgone": b"theirs",
        "added": b"both together",
        "same": b"1",
        "fine": b"theirs",
    }
    assert clash.status().clean


def test_settle_all_by_one_side(clash: Repository, files: Files) -> None:
    clash.merge("theirs")
    clash.restore(["."], side="ours")
    assert clash.status().conflicts == []
    assert files.all() == {**OURS, "fine": b"theirs"}
    clash.commit("took ours")
    assert clash.status().clean


def test_settle_by_adding_the_name_unchanged(clash: Repository, files: Files) -> None:
    """Naming a path means: what it holds now is the decision. Adding a whole folder does not."""
    clash.merge("theirs")
    clash.add(["."])
    assert [conflict.path for conflict in clash.status().conflicts] == CONFLICTS
    clash.add(["both", "ourgone"])
    assert [conflict.path for conflict in clash.status().conflicts] == ["added", "theirgone"]
    files.put("added", "edited")
    clash.add(["."])
    assert [conflict.path for conflict in clash.status().conflicts] == ["theirgone"]
    clash.remove(["theirgone"], cached=True)
    clash.commit("")


def test_removing_a_path_that_ours_removed(clash: Repository) -> None:
    clash.merge("theirs")
    clash.remove(["ourgone"])
    assert "ourgone" not in [conflict.path for conflict in clash.status().conflicts]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("ours", {**OURS, "fine": b"theirs"}),
        (
            "theirs",
            {"both": b"theirs", "ourgone": b"theirs", "added": b"theirs", "same": b"1", "fine": b"theirs"},
        ),
        (
            "both",
            {
                **OURS,
                "fine": b"theirs",
                "both.theirs": b"theirs",
                "added.theirs": b"theirs",
                "ourgone": b"theirs",
            },
        ),
    ],
)
def test_strategies(clash: Repository, files: Files, strategy: str, expected: dict[str, bytes]) -> None:
    merged = clash.merge("theirs", strategy=strategy)  # type: ignore[arg-type]
    assert merged.kind == "merged"
    assert [conflict.path for conflict in merged.resolved] == CONFLICTS
    assert files.all() == expected
    assert clash.status().clean


def test_abort(clash: Repository, files: Files) -> None:
    files.put("same", "mine")
    files.put("untracked", "mine")
    before, head = files.all(), clash.head
    clash.merge("theirs")
    clash.restore(["both"], side="theirs")
    files.put("added", "edited")
    files.put("fine", "edited")
    clash.abort_merge()
    assert files.all() == before
    assert clash.head == head
    status = clash.status()
    assert (status.merging, status.conflicts, status.staged) == (None, [], [])
    assert short(status.unstaged) == ["M same"]
    with pytest.raises(NothingToDoError):
        clash.abort_merge()
    assert clash.merge("theirs").kind == "conflicts"


def test_switch_with_force_gives_up(clash: Repository, files: Files) -> None:
    clash.merge("theirs")
    clash.switch("theirs", force=True)
    assert clash.status().clean
    assert clash.head.branch == "theirs"


def test_file_against_folder(repo: Repository, files: Files) -> None:
    change(repo, files, "base", keep="1")
    repo.switch("theirs", create=True)
    change(repo, files, "theirs", thing="a file")
    repo.switch("main")
    change(repo, files, "ours", thing__inside="a folder")
    merged = repo.merge("theirs")
    assert [conflict.path for conflict in merged.conflicts] == ["thing", "thing/inside"]
    assert files.read("thing/inside") == "a folder"
    repo.restore(["thing"], side="theirs")
    assert files.read("thing") == "a file"
    repo.commit("")
    assert files.all() == {"keep": b"1", "thing": b"a file"}
    assert repo.status().clean


def test_interrupted_merge_goes_on(split: Repository, files: Files) -> None:
    """Killed after the index was saved and before the commit: run again, it concludes."""
    head = (split.folder / "git/refs/heads/main").read_bytes()
    ours = split.resolve("main")
    split.merge("theirs")
    (split.folder / "git/refs/heads/main").write_bytes(head)
    # The index of that moment: everything staged, the merge under way.
    from dataclasses import replace

    from aidb.versioning.workspace.index.state import Unfinished

    again = Repository(split.root)
    root = again.workspace.staged_root()
    with again.workspace.changing() as index:
        old = again.engine.read_commit(ours)
        unfinished = Unfinished("merge", (again.resolve("theirs"),), root, "Merge theirs", "theirs")
        index.state = replace(index.state, base=ours, base_root=old.root, merge=unfinished)
        again.workspace.save(index)
    assert again.status().merging == "merge of theirs"
    merged = again.merge("theirs")
    assert merged.kind == "merged"
    assert merged.commit is not None
    assert merged.commit.parents == (ours, again.resolve("theirs"))
    assert again.status().clean


def test_revert(split: Repository, files: Files) -> None:
    split.merge("theirs")
    reverted = split.revert("theirs")
    assert reverted.kind == "merged"
    assert reverted.commit is not None
    assert reverted.commit.message.startswith('Revert "theirs"\n\nThis reverts commit ')
    assert files.all() == {"a": b"1", "b": b"2", "d/x": b"1", "gone": b"1"}
    assert split.status().clean
    assert split.revert("theirs").kind == "up-to-date"
    split.revert("HEAD", message="and back")
    assert files.all() == MERGED


def test_revert_with_conflict(repo: Repository, files: Files) -> None:
    change(repo, files, "one", a="1")
    change(repo, files, "two", a="2", b="2")
    change(repo, files, "three", a="3")
    merged = repo.revert("HEAD~1")
    assert [conflict.path for conflict in merged.conflicts] == ["a"]
    assert files.all() == {"a": b"3"}
    assert (repo.status().merging or "").startswith("revert of")
    repo.restore(["a"], side="theirs")
    commit = repo.commit("")
    assert len(commit.parents) == 1
    assert commit.message.startswith('Revert "two"')
    assert files.read("a") == "1"
    change(repo, files, "four", a="4")
    assert repo.revert("HEAD~3").kind == "conflicts"
    repo.abort_merge()
    assert files.read("a") == "4"
    assert repo.status().clean


def test_revert_the_first_commit(repo: Repository, files: Files) -> None:
    with pytest.raises(NothingToDoError):
        repo.revert("HEAD")
    change(repo, files, "one", a="1")
    repo.revert("HEAD")
    assert files.all() == {}
    assert repo.status().clean
