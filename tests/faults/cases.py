"""The commands of the crash matrix, each with the repository it is run on.

The repository is small but has one of everything: a file of several chunks (so that there are recipes), nested folders,
a link, an executable, an empty file, names that are not ASCII and not UTF-8, deletions, branches that merge cleanly,
with conflicts and by fast-forward, and work of the user that no command may touch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import aidb
from aidb.types import Kind
from tests.faults.tree import File, Tree, link, noise, text, write_tree

MODEL = noise(1_600_000, seed=1)
OWN_WORK = {"notes/untracked.txt": text("not added by anybody\n")}


class Case(NamedTuple):
    """A command, and what surrounds it."""

    name: str
    argv: tuple[str, ...]
    prepare: Callable[[Path], None]
    """Makes the repository in an existing empty folder."""
    code: int = 0
    """Its exit code when nothing disturbs it."""
    refusals: tuple[int, ...] = (8,)
    """Its exit codes when the disk refuses something."""
    onward: tuple[tuple[str, ...], ...] = ()
    """What a person does instead of repeating it, should a repetition be refused because half was done."""


def first_version() -> Tree:
    many = {f"data/a/{n}.txt": text(f"line {n}\n" * (n + 1)) for n in range(6)}
    return many | {
        "README.md": text("# A dataset\n"),
        "data/b/nested/deep/x.bin": File(noise(20_000, seed=2)),
        "model.bin": File(MODEL),
        "run.sh": File(b"#!/bin/sh\necho run\n", Kind.EXECUTABLE),
        "latest": link("data/a"),
        "empty": File(b""),
        "na\u00efve \u00e9.txt": text("not ASCII\n"),
        os.fsdecode(b"raw\xff.bin"): File(b"not UTF-8"),
    }


def history(root: Path) -> None:
    """Three commits on main; tags v1 and v3; branches other, clash, ahead and merged."""
    with aidb.init(root) as repo:
        write_tree(root, first_version())
        _commit(repo, "first")
        repo.tags.create("v1")
        _on_branch(
            repo, "other", {"data/a/3.txt": text("other\n"), "data/c/new.txt": text("new\n")}, gone=["empty"]
        )
        _on_branch(repo, "clash", {"README.md": text("# Theirs\n"), "data/d.txt": text("also\n")})
        tail = {"model.bin": File(MODEL[:-1000] + noise(2000, seed=3)), "data/a/1.txt": text("second\n")}
        _change(repo, tail, gone=["data/a/2.txt"])
        _commit(repo, "second")
        _change(repo, {"README.md": text("# Ours\n"), "run.sh": File(b"#!/bin/sh\n")})
        _commit(repo, "third")
        repo.tags.create("v3")
        repo.branches.create("merged")
        _on_branch(
            repo,
            "ahead",
            {"data/ahead.txt": text("one more\n"), "latest": link("data/b")},
            gone=["data/a/4.txt"],
        )
        write_tree(root, OWN_WORK)


def _on_branch(
    repo: aidb.Repository, name: str, tree: Tree, *, gone: tuple[str, ...] | list[str] = ()
) -> None:
    """Make a branch with one commit and come back to main."""
    repo.switch(name, create=True)
    _change(repo, tree, gone=gone)
    _commit(repo, f"work on {name}")
    repo.switch("main")


def _change(repo: aidb.Repository, tree: Tree, *, gone: tuple[str, ...] | list[str] = ()) -> None:
    write_tree(repo.root, tree)
    for path in gone:
        (repo.root / path).unlink()


def _commit(repo: aidb.Repository, message: str) -> None:
    repo.add(["."])
    repo.commit(message)


def only_files(root: Path) -> None:
    """No repository yet."""
    write_tree(root, first_version())


def edited(root: Path) -> None:
    """Unstaged changes of every kind."""
    history(root)
    changed = {
        "README.md": text("# Edited\n"),
        "model.bin": File(noise(300, seed=4) + MODEL),
        "latest": link("data/b"),
        "run.sh": File(b"#!/bin/sh\n", Kind.EXECUTABLE),
        "data/a/0.txt": text("edited\n"),
        "fresh/one/two.txt": text("new file\n"),
        "fresh/big.bin": File(noise(1_200_000, seed=5)),
    }
    write_tree(root, changed)
    (root / "data/a/5.txt").unlink()


def staged(root: Path) -> None:
    edited(root)
    with aidb.open(root) as repo:
        repo.add(["."])


def thrown_away(root: Path) -> None:
    """Work of every kind, some of it staged, and a `reset --hard --force` that was a mistake."""
    edited(root)
    with aidb.open(root) as repo:
        repo.add(["fresh", "latest"])
        repo.reset("v1", mode="hard", force=True)


def taken_back(root: Path) -> None:
    thrown_away(root)
    with aidb.open(root) as repo:
        repo.operations.undo()


def half_staged(root: Path) -> None:
    edited(root)
    with aidb.open(root) as repo:
        repo.add(["fresh", "latest", "data"])
    write_tree(root, {"data/a/0.txt": text("edited again\n")})


def put_aside(root: Path) -> None:
    half_staged(root)
    with aidb.open(root) as repo:
        repo.stash.push("half", untracked=True)


def in_search(root: Path) -> None:
    history(root)
    with aidb.open(root) as repo:
        repo.bisect.start("HEAD", ["v1"])


def committed(root: Path) -> None:
    staged(root)
    with aidb.open(root) as repo:
        repo.commit("a mistake")


def in_conflict(root: Path) -> None:
    history(root)
    with aidb.open(root) as repo:
        repo.merge("clash")


def garbage(root: Path) -> None:
    """Old packs: some hold nothing that is needed, some a little; some belong to what is staged."""
    history(root)
    with aidb.open(root) as repo:
        for name in ("other", "ahead"):
            repo.branches.delete(name, force=True)
        # One pack of two files, of which a branch that is gone had the larger.
        repo.switch("half", create=True)
        _change(repo, {"half.bin": File(noise(300_000, seed=8)), "kept.bin": File(noise(100_000, seed=9))})
        _commit(repo, "half of it goes")
        repo.switch("main")
        write_tree(root, {"kept.bin": File(noise(100_000, seed=9))})
        repo.add(["kept.bin"])
        repo.branches.delete("half", force=True)
    for path in (root / ".aidb/store/packs").iterdir():
        os.utime(path, (1, 1))


def set_aside(root: Path) -> None:
    """The same after its collection."""
    garbage(root)
    with aidb.open(root) as repo:
        assert repo.garbage.prune(moves_since=datetime.now().astimezone()).collected.copied_bytes > 90_000


def damaged(root: Path) -> None:
    """What can still be read, but is not sound: an index cut off, a record header flipped, a second copy bad."""
    history(root)
    folder = root / ".aidb/store/packs"
    first = set(folder.iterdir())
    aside = root.with_name("aside")
    folder.rename(aside)
    with aidb.open(root) as repo, repo.store.writer() as writer:
        writer.put_blob(MODEL)  # again, as none is there
    (copy,) = folder.glob("*.data")
    for path in first:
        (aside / path.name).rename(path)
    aside.rmdir()
    for number, path in enumerate([copy, *sorted(first)[:2]]):
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[(len(data) // 2, -20, 16 + 33)[number]] ^= 1
        path.write_bytes(data)


def beside_git(root: Path) -> None:
    """Inside a Git repository of code whose aidb.lock pins an older commit than the one checked out."""
    git = ["git", "-C", str(root), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    history(root)
    with aidb.open(root) as repo:
        repo.switch("other")
        shutil.copy(root / "aidb.lock", root / "pinned")
        repo.switch("main")
    (root / "pinned").rename(root / "aidb.lock")


CASES = (
    Case("init", ("init",), only_files),
    Case("add", ("add", "."), edited),
    Case("commit", ("commit", "-m", "new"), staged),
    Case("commit -a", ("commit", "-a", "-m", "new"), edited),
    Case("switch", ("switch", "other"), history),
    Case("switch -c", ("switch", "-c", "fresh"), edited, onward=(("switch", "fresh"),)),
    Case("switch --detach", ("switch", "--detach", "v1"), history),
    Case("merge (clean)", ("merge", "other"), history),
    Case("merge (fast-forward)", ("merge", "ahead"), history),
    Case("merge (conflicts)", ("merge", "clash"), history, code=5),
    Case("merge --abort", ("merge", "--abort"), in_conflict),
    Case("restore", ("restore", "--force", "."), edited),
    Case("restore --staged", ("restore", "--staged", "."), staged),
    Case("rm", ("rm", "-r", "data/a", "model.bin"), history),
    Case("mv", ("mv", "data/a", "moved"), history),
    Case("reset --hard", ("reset", "--hard", "--force", "v1"), edited),
    Case("tag", ("tag", "v4"), history),
    Case("branch", ("branch", "fresh"), history),
    Case("branch -d", ("branch", "-d", "merged"), history),
    Case("revert", ("revert", "v3"), history),
    Case("stash", ("stash", "-u", "-m", "half"), half_staged),
    Case("stash pop", ("stash", "pop"), put_aside),
    Case("cherry-pick", ("cherry-pick", "other"), history),
    Case("bisect start", ("bisect", "start", "HEAD", "v1"), history),
    Case("bisect reset", ("bisect", "reset"), in_search),
    Case("undo", ("undo",), thrown_away, onward=(("redo",),)),
    Case("undo (commit)", ("undo",), committed, onward=(("redo",),)),
    Case("redo", ("redo",), taken_back, onward=(("redo",),)),
    Case("put", ("put", "fresh", "main:fresh", "-m", "new"), edited),
    Case("put -c", ("put", "fresh/big.bin", "made:data/", "-c", "-m", "new"), edited),
    Case("cp", ("cp", "v1:data", "other:data/old", "-m", "new"), history),
    Case("sync", ("sync",), beside_git),
    Case("gc --prune", ("gc", "--prune", "--reflog-expire", "0"), garbage),
    Case("gc --prune --grace 0", ("gc", "--prune", "--grace", "0", "--reflog-expire", "0"), garbage),
    Case("gc --undo", ("gc", "--undo"), set_aside),
    Case("fsck --repair", ("fsck", "--repair"), damaged, refusals=(7, 8)),
)
