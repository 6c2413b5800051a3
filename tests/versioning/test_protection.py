"""Protected branches: each move is let through or refused, by whatever verb it comes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import aidb
from aidb import Repository
from aidb.errors import InvalidInputError, InvalidNameError, ProtectedBranchError
from aidb.types import branch_ref
from aidb.versioning.protection import MOVES, Move, moves


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """main with two commits and protected; side with one more, and other with none of its own."""
    repo = aidb.init(tmp_path / "work")
    repo.config.set("user.name", "Tess Ter")
    repo.config.set("user.email", "tess@example.com")
    for name in ("one", "two"):
        put(repo, name)
        repo.commit(name)
    repo.branches.create("other", "HEAD~")
    repo.switch("side", create=True)
    put(repo, "three")
    repo.commit("three")
    repo.switch("main")
    repo.branches.protections.protect("main")
    return repo


def put(repo: Repository, name: str, content: str = "") -> None:
    (repo.root / name).write_text(content or name)
    repo.add([name])


def commit(repo: Repository) -> None:
    put(repo, "x")
    repo.commit("x")


def commit_all(repo: Repository) -> None:
    (repo.root / "one").write_text("x")
    repo.commit("x", all=True)


def move_it(repo: Repository) -> None:
    repo.switch("other")
    repo.branches.create("main", "side", force=True)


def delete_it(repo: Repository) -> None:
    repo.switch("other")
    repo.branches.delete("main", force=True)


def replace_it(repo: Repository) -> None:
    repo.switch("other")
    repo.branches.rename("side", "main", force=True)


DOINGS: list[tuple[str, Move, Callable[[Repository], object]]] = [
    ("commit", "commit", commit),
    ("commit -a", "commit", commit_all),
    ("revert", "commit", lambda repo: repo.revert("HEAD")),
    ("cherry-pick", "commit", lambda repo: repo.cherry_pick("side")),
    ("fast-forward", "merge", lambda repo: repo.merge("side")),
    ("merge", "merge", lambda repo: repo.merge("side", fast_forward="never")),
    ("amend", "force", lambda repo: repo.commit("again", amend=True)),
    ("reset back", "force", lambda repo: repo.reset("HEAD~", mode="hard")),
    ("reset forward", "force", lambda repo: repo.reset("side", mode="soft")),
    ("branch -f", "force", move_it),
    ("branch -D", "delete", delete_it),
    ("branch -m", "delete", lambda repo: repo.branches.rename("main", "trunk")),
    ("branch -m over it", "delete", replace_it),
]


def tips(repo: Repository) -> dict[str, str]:
    return {branch.name: branch.commit for branch in repo.branches.values()}


@pytest.mark.parametrize(
    ("move", "do"), [(move, do) for _, move, do in DOINGS], ids=[name for name, *_ in DOINGS]
)
def test_each_doing_is_one_move(repo: Repository, move: Move, do: Callable[[Repository], object]) -> None:
    before = tips(repo)
    repo.branches.protections.protect("main", set(MOVES) - {move})
    with pytest.raises(ProtectedBranchError, match="^main is protected: ") as caught:
        do(repo)
    assert caught.value.hints[-1] == "`aidb branch --unprotect main` lifts the protection."
    assert tips(repo) == before
    repo.reset(mode="hard", force=True)
    repo.switch("main")
    repo.branches.protections.protect("main", {move})
    do(repo)
    assert tips(repo) != before


def test_a_refused_commit_stages_nothing(repo: Repository) -> None:
    with pytest.raises(ProtectedBranchError):
        commit_all(repo)
    assert not repo.status().staged


def test_a_refused_reset_touches_no_file(repo: Repository) -> None:
    with pytest.raises(ProtectedBranchError):
        repo.reset("HEAD~", mode="hard")
    assert (repo.root / "two").exists()
    assert repo.status().clean


def test_what_was_done_to_it_is_not_undone(repo: Repository) -> None:
    repo.branches.protections.protect("main", ["commit"])
    commit(repo)
    before = tips(repo)
    with pytest.raises(ProtectedBranchError, match="it only moves forward") as caught:
        repo.operations.undo()
    assert caught.value.hints[0] == "`aidb revert REV` takes a commit back by a new one."
    assert tips(repo) == before
    assert repo.status().clean
    repo.branches.protections.unprotect("main")
    repo.operations.undo()
    assert tips(repo) != before


def test_work_on_it_is_put_aside_and_brought_back(repo: Repository) -> None:
    put(repo, "one", "changed")
    repo.stash.push()
    assert repo.status().clean
    repo.stash.pop()
    assert (repo.root / "one").read_text() == "changed"
    repo.operations.undo()
    assert repo.status().clean


def test_a_refused_merge_stops_at_no_conflict(repo: Repository) -> None:
    put(repo, "three", "another three")
    repo.branches.protections.protect("main", ["commit"])
    repo.commit("three")
    with pytest.raises(ProtectedBranchError, match="it takes no merges"):
        repo.merge("side")
    assert repo.status().merging is None


def test_a_refused_rename_keeps_the_one_in_its_way(repo: Repository) -> None:
    with pytest.raises(ProtectedBranchError):
        repo.branches.rename("main", "side", force=True)
    assert "side" in repo.branches


def test_skipping_checks_is_a_move_of_its_own(repo: Repository) -> None:
    with pytest.raises(ProtectedBranchError, match="its checks cannot be skipped"):
        repo.merge("side", verify=False)
    repo.branches.protections.protect("main", ("merge", "skip-checks"))
    assert repo.merge("side", verify=False).kind == "fast-forward"


def test_whoever_moves_a_ref_without_saying_how_commits_to_it(repo: Repository) -> None:
    engine, main = repo.engine, branch_ref("main")
    tip, side, other = (repo.resolve(name) for name in ("main", "side", "other"))
    for new in (side, other, None):
        with pytest.raises(ProtectedBranchError):
            engine.update_ref(main, tip, new, "by hand")
    engine.update_ref(main, tip, side, "merge side", move="merge")
    with pytest.raises(ProtectedBranchError, match="only moves forward"):
        engine.update_ref(main, side, other, "merge other", move="merge")


def test_the_first_commit_can_be_made(tmp_path: Path) -> None:
    repo = aidb.init(tmp_path)
    repo.branches.protections.protect("main")
    put(repo, "a")
    repo.commit("first")
    put(repo, "b")
    with pytest.raises(ProtectedBranchError):
        repo.commit("second")


def test_tags_and_other_branches_are_free(repo: Repository) -> None:
    repo.tags.create("main", "HEAD")
    repo.tags.create("main", "HEAD~", force=True)
    repo.tags.delete("main")
    repo.branches.delete("side", force=True)


def test_protections_are_kept(repo: Repository) -> None:
    repo.branches.protections.protect("release/1.0", moves(["delete", "merge"]))
    again = aidb.open(repo.root).branches.protections
    assert dict(again) == {"main": {"merge"}, "release/1.0": {"merge", "delete"}}
    again.unprotect("main")
    again.unprotect("never protected")
    assert list(aidb.open(repo.root).branches.protections) == ["release/1.0"]


@pytest.mark.parametrize(
    "text",
    [
        "branches = 3",
        "branches.main = 3",
        "[branches.main]\nprotected = 'yes'",
        "[branches.main]\nprotected = true\nallow = 'merge'",
        "[branches.main]\nprotected = true\nallow = ['merg']",
        "[branches.main]\nprotected = true\nallow = [['merge']]",
    ],
)
def test_what_cannot_be_read_protects(repo: Repository, text: str) -> None:
    (repo.root / ".aidb" / "config.toml").write_text(text)
    with pytest.raises(InvalidInputError):
        aidb.open(repo.root).merge("side")


def test_what_is_no_protection(repo: Repository) -> None:
    with pytest.raises(InvalidNameError):
        repo.branches.protections.protect("..")
    with pytest.raises(InvalidInputError, match="'push' is no move"):
        moves(["push"])
    (repo.root / ".aidb" / "config.toml").write_text("[branches.main]\nprotected = false\ncolor = 'red'")
    assert not aidb.open(repo.root).branches.protections


def test_undo_names_a_way_that_works(repo: Repository) -> None:
    before = repo.commit_at("main")
    repo.merge("side")
    with pytest.raises(ProtectedBranchError) as caught:
        repo.operations.undo()
    assert caught.value.hints[0] == (
        "`aidb revert REV` takes a commit back by a new one: do so on a branch (`aidb switch -c NAME`) and merge that."
    )
    repo.switch("back", create=True)
    repo.revert("HEAD")
    repo.switch("main")
    repo.merge("back")
    assert repo.commit_at("main").root == before.root
