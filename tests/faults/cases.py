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
from tests.store.content import checkpoint, weights

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
    repeats: bool = True
    """Whether doing it twice is the same as doing it once; if not, nobody would repeat what was done."""


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
        repo.bisect.start("ahead", ["v1"])


def tables(root: Path) -> None:
    """Other rows of one table changed on main and on clean."""
    rows = [f"{n},img/{n}.png,{'cat' if n % 2 else 'dog'}\n" for n in range(40)]
    table = "".join(["id,path,label\n", *rows])
    history(root)
    with aidb.open(root) as repo:
        _change(repo, {".aidbattributes": text("*.csv merge=table key=id\n"), "labels.csv": text(table)})
        _commit(repo, "labels")
        _on_branch(repo, "clean", {"labels.csv": text(table.replace("3,img/3.png,cat", "3,img/3.png,bird"))})
        _change(repo, {"labels.csv": text(table.replace("8,img/8.png,dog\n", ""))})
        _commit(repo, "one less")


def model(steps: int) -> File:
    """A checkpoint of two tensors after some steps of training."""
    return File(checkpoint({name: weights(1 << 16, seed, steps) for seed, name in enumerate("ab")}))


def trained(root: Path) -> None:
    """A checkpoint on main, and what it is after one more step."""
    history(root)
    with aidb.open(root) as repo:
        _change(repo, {"run/model.safetensors": model(0)})
        _commit(repo, "step 0")
    write_tree(root, {"run/model.safetensors": model(1)})


def untrained(root: Path) -> None:
    """Old packs: main needs step 1, which is stored as the difference to step 0, which no version needs."""
    history(root)
    with aidb.open(root) as repo:
        repo.switch("tried", create=True)
        for step in range(3):
            _change(repo, {"run/model.safetensors": model(step)})
            _commit(repo, f"step {step}")
        repo.switch("main")
        _change(repo, {"run/model.safetensors": model(1)})
        _commit(repo, "the best")
        repo.branches.delete("tried", force=True)
        assert {each.depth for each in repo.store.dependencies()} == {1}
    for path in (root / ".aidb/store/packs").iterdir():
        os.utime(path, (1, 1))


def baseless(root: Path) -> None:
    """A chunk that another is stored as the difference to is damaged, and good in another pack."""
    trained(root)
    folder = root / ".aidb/store/packs"
    base = max(folder.glob("*.data"), key=lambda path: path.stat().st_mtime_ns)
    with aidb.open(root) as repo:
        _commit(repo, "step 1")
    _store_again(root, model(0).data)
    _flip(base, base.stat().st_size // 2)


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
    first = sorted((root / ".aidb/store/packs").iterdir())
    copy = _store_again(root, MODEL)
    _flip(copy, copy.stat().st_size // 2)
    _flip(first[0], -20)
    _flip(first[1], 16 + 33)


def _store_again(root: Path, data: bytes) -> Path:
    """Store what is stored already, as if nothing were there; the pack that it is in."""
    folder, aside = root / ".aidb/store/packs", root.with_name("aside")
    folder.rename(aside)
    with aidb.open(root) as repo, repo.store.writer() as writer:
        writer.put_blob(data)
    (copy,) = folder.glob("*.data")
    for path in aside.iterdir():
        path.rename(folder / path.name)
    aside.rmdir()
    return copy


def _flip(path: Path, place: int) -> None:
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
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
    Case("commit --amend", ("commit", "--amend", "--no-edit"), staged),
    Case("switch", ("switch", "other"), history),
    Case("switch -c", ("switch", "-c", "fresh"), edited, onward=(("switch", "fresh"),)),
    Case("switch --detach", ("switch", "--detach", "v1"), history),
    Case("merge (clean)", ("merge", "other"), history),
    Case("merge (fast-forward)", ("merge", "ahead"), history),
    Case("merge (conflicts)", ("merge", "clash"), history, code=5),
    Case("merge (tables)", ("merge", "clean"), tables),
    Case("merge --abort", ("merge", "--abort"), in_conflict),
    Case("restore", ("restore", "--force", "."), edited),
    Case("restore --staged", ("restore", "--staged", "."), staged),
    Case("rm", ("rm", "-r", "data/a", "model.bin"), history),
    Case("mv", ("mv", "data/a", "moved"), history),
    Case("rm (branch)", ("rm", "-r", "other:data/a", "-m", "tidy"), history),
    Case("mv (branch)", ("mv", "other:data/a", "other:moved", "-m", "tidy"), history),
    Case("reset --hard", ("reset", "--hard", "--force", "v1"), edited),
    Case("tag", ("tag", "v4"), history),
    Case("tag -d", ("tag", "-d", "v3"), history),
    Case("branch", ("branch", "fresh"), history),
    Case("branch -m", ("branch", "-m", "other", "renamed"), history),
    Case("branch --protect", ("branch", "--protect", "main"), history),
    Case("branch -d", ("branch", "-d", "merged"), history),
    Case("revert", ("revert", "v3"), history),
    Case("stash", ("stash", "-u", "-m", "half"), half_staged),
    Case("stash pop", ("stash", "pop"), put_aside),
    Case(
        "stash apply",
        ("stash", "apply"),
        put_aside,
        onward=(("undo",), ("undo",), ("stash", "apply")),
        repeats=False,
    ),
    Case("stash drop", ("stash", "drop"), put_aside),
    Case("cherry-pick", ("cherry-pick", "other"), history),
    Case("cherry-pick (conflicts)", ("cherry-pick", "clash"), history, code=5),
    Case("bisect start", ("bisect", "start", "HEAD", "v1"), history),
    Case("bisect bad", ("bisect", "bad"), in_search),
    Case("bisect reset", ("bisect", "reset"), in_search),
    Case("undo", ("undo",), thrown_away, onward=(("redo",),)),
    Case("undo (commit)", ("undo",), committed, onward=(("redo",),)),
    Case("redo", ("redo",), taken_back, onward=(("redo",),)),
    Case("put", ("put", "fresh", "main:fresh", "-m", "new"), edited),
    Case("put -c", ("put", "fresh/big.bin", "made:data/", "-c", "-m", "new"), edited),
    Case("cp", ("cp", "v1:data", "other:data/old", "-m", "new"), history),
    Case("get", ("get", "v1:", "copy"), history, onward=(("get", "--force", "v1:", "copy"),)),
    Case("config", ("config", "store.delta", "none"), history),
    Case("sync", ("sync",), beside_git),
    Case("gc --prune", ("gc", "--prune", "--reflog-expire", "0"), garbage),
    Case("gc --prune --grace 0", ("gc", "--prune", "--grace", "0", "--reflog-expire", "0"), garbage),
    Case("gc --undo", ("gc", "--undo"), set_aside),
    Case("commit -a (differences)", ("commit", "-a", "-m", "step 1"), trained),
    Case(
        "gc --prune --grace 0 (differences)",
        ("gc", "--prune", "--grace", "0", "--reflog-expire", "0"),
        untrained,
    ),
    Case("fsck --repair (differences)", ("fsck", "--repair"), baseless, refusals=(7, 8)),
    Case("fsck --repair", ("fsck", "--repair"), damaged, refusals=(7, 8)),
)
