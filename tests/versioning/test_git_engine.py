"""Commits in a bare Git repository: what plain git makes of them, what damage does, what many at once do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from aidb.errors import (
    DamagedObjectError,
    InvalidInputError,
    MissingObjectError,
    UnsupportedFormatError,
)
from aidb.types import CommitId, branch_ref
from aidb.versioning.commits import Person
from aidb.versioning.git_engine import GitEngine
from aidb.versioning.git_objects import MAX_OBJECT, GitObject, GitObjects, object_name
from aidb.versioning.head import Head
from tests.versioning.history import ADA, BOB, MAIN, NO_ROOT, History


def test_a_commit_comes_back_as_it_went_in(history: History) -> None:
    engine = history.engine
    first = engine.create_commit(NO_ROOT, 0, 0, [], "first", ADA)
    zone = timezone(timedelta(hours=5, minutes=30))
    time = datetime(2025, 12, 31, 23, 59, 58, tzinfo=zone)
    made = engine.create_commit(
        NO_ROOT,
        7,
        9,
        [first, first],
        "Zweiter Stand\n\nMit Grüßen.",
        ADA,
        "c0" * 20,
        time=time,
        committer=BOB,
    )
    found = history.reopened().read_commit(made)
    assert (found.id, found.parents, found.root, found.files, found.bytes) == (
        made,
        (first, first),
        NO_ROOT,
        7,
        9,
    )
    assert (found.message, found.subject, found.code) == (
        "Zweiter Stand\n\nMit Grüßen.",
        "Zweiter Stand",
        "c0" * 20,
    )
    assert (found.author, found.committer) == (ADA, BOB)
    assert found.time == time
    assert found.time.utcoffset() == timedelta(hours=5, minutes=30)
    assert found.commit_time > time
    assert found.is_merge


@pytest.mark.parametrize("message", ["  a subject \n\n\nand more\r\n", "x\n\nCode-Commit: " + "0" * 40])
def test_a_commit_is_known_as_it_will_be_read(history: History, message: str) -> None:
    """What was just made is not read back, and is the same as if it were."""
    person = Person("  A  b ", " c@d")
    made = history.engine.create_commit(NO_ROOT, 1, 2, (), message, person, "1" * 40)
    assert history.engine.read_commit(made) == history.reopened().read_commit(made)


def test_plain_git_reads_it(history: History) -> None:
    one, two = history.grow("one", "two")
    history.engine.create_commit(NO_ROOT, 0, 0, [two], "not on a branch", ADA)
    side = history.commit({"a": "b"}, one, message="side", branch="team/side")
    merge = history.commit({"a": "c"}, two, side, message="Merge team/side", branch="main")
    history.git("fsck", "--full", "--strict")
    shown = history.git("log", "--graph", "--all", "--format=%s %an <%ae>")
    assert "*   Merge team/side Ada Lovelace <ada@example.com>" in shown
    assert "|\\" in shown
    assert history.git("show", f"{merge}:manifest.json").startswith('{"format": 1, "manifest": "')
    assert (
        history.git("reflog", "main", "--format=%gD %gs").splitlines()[0].endswith("commit: Merge team/side")
    )
    assert history.git("rev-parse", "main@{1}").strip() == two


def test_the_trailer_is_one_for_git(history: History) -> None:
    made = history.engine.create_commit(
        NO_ROOT, 0, 0, [], "one\n\nReviewed-by: Bob", ADA, "ab" * 20 + "-dirty"
    )
    shown = history.git("log", "-1", "--format=%(trailers:key=Code-Commit,valueonly)", made)
    assert shown.strip() == "ab" * 20 + "-dirty"
    assert history.engine.read_commit(made).message == "one\n\nReviewed-by: Bob"


def test_packed_by_git_gc(history: History) -> None:
    commits = history.grow(*map(str, range(20)))
    history.git("gc", "-q", "--prune=now")
    assert not history.object_file(commits[3]).exists()
    engine = history.reopened()
    assert [c.id for c in engine.walk([commits[-1]])] == commits[::-1]
    assert engine.head() == Head("main", commits[-1])
    assert engine.expand_prefix(commits[5][:7]) == [commits[5]]
    assert len(engine.reflog(MAIN)) == 20
    (more,) = history.grow("more")
    assert history.engine.read_commit(more).parents == (commits[-1],)
    history.git("fsck", "--full", "--strict")


def test_gc_by_git_keeps_what_only_a_reflog_names(history: History) -> None:
    _, two = history.grow("one", "two")
    gone = history.commit({"a": "b"}, two, message="amended away", branch="main")
    history.engine.update_ref(MAIN, gone, two, "reset: moving to HEAD~1")
    history.git("gc", "-q", "--prune=now")
    assert history.reopened().read_commit(gone).message == "amended away"
    assert gone in history.engine.roots()


@pytest.mark.parametrize("author", [Person("", "a@b"), Person("  ", "")])
def test_a_commit_needs_an_author(history: History, author: Person) -> None:
    with pytest.raises(InvalidInputError, match="author"):
        history.engine.create_commit(NO_ROOT, 0, 0, [], "message", author)


def test_hostile_messages_and_names(history: History) -> None:
    person = Person("-x; $(rm) \u202e", "\udcff@\x1b[2J")
    message = "\x1b[31mred\u202e\n\n\ttree 0000\n--amend\n\udcff" + "x" * 100_000
    made = history.engine.create_commit(NO_ROOT, 0, 0, [], message, person)
    assert history.reopened().read_commit(made).message == message.replace("\udcff", "?")
    history.git("fsck", "--full", "--strict")


def test_the_same_commit_twice_is_one(history: History) -> None:
    one = history.commit({"a": "b"}, message="x")
    history.clock -= timedelta(minutes=1)
    assert history.commit({"a": "b"}, message="x") == one
    assert list((history.folder / "tmp").iterdir()) == []


def test_prefixes(history: History) -> None:
    commits = history.grow(*map(str, range(40)))
    digits = commits[0][:2]
    engine = history.engine
    assert engine.expand_prefix(digits) == sorted(c for c in commits if c.startswith(digits))
    assert engine.expand_prefix(commits[7].upper()) == [commits[7]]
    assert engine.expand_prefix("0" * 39) == []
    assert engine.expand_prefix(history.git("rev-parse", f"{commits[0]}^{{tree}}").strip()) == []


# Damage


def _tree(history: History, commit: CommitId) -> str:
    return history.git("rev-parse", f"{commit}^{{tree}}").strip()


def _blob(history: History, commit: CommitId) -> str:
    return history.git("rev-parse", f"{commit}:manifest.json").strip()


def _commit(history: History, commit: CommitId) -> str:
    return commit


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:-6],
    "cut-early": lambda data: data[:3],
    "flipped": lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:],
    "zeros": lambda data: bytes(len(data)),
    "other": lambda data: zlib.compress(b"blob 2\0hi"),
    "bomb": lambda data: zlib.compress(b"blob 99999999\0" + bytes(MAX_OBJECT + 1)),
}


@pytest.mark.parametrize("part", [_commit, _tree, _blob])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_objects_name_the_commit(
    history: History, part: Callable[[History, CommitId], str], damage: str
) -> None:
    one, two, three = history.grow("one", "two", "three")
    name = part(history, two)
    history.damage(name, DAMAGE[damage](history.object_file(name).read_bytes()))
    engine = history.reopened()
    with pytest.raises(DamagedObjectError, match=two[:10]):
        engine.read_commit(two)
    with pytest.raises(DamagedObjectError, match=two[:10]):
        list(engine.walk([three]))
    assert engine.read_commit(three).parents == (two,)
    assert engine.read_commit(one).message == "one"


@pytest.mark.parametrize("part", [_commit, _tree, _blob])
def test_missing_objects_name_the_commit(history: History, part: Callable[[History, CommitId], str]) -> None:
    (one,) = history.grow("one")
    history.damage(part(history, one), None)
    with pytest.raises(MissingObjectError, match=one[:10]):
        history.reopened().read_commit(one)


def test_writing_a_commit_again_repairs_it(history: History) -> None:
    one = history.commit({"a": "b"}, message="x")
    history.damage(_blob(history, one), b"")
    history.damage(one, b"garbage")
    history.clock -= timedelta(minutes=1)
    assert history.commit({"a": "b"}, message="x") == one
    assert history.reopened().read_commit(one).message == "x"


@pytest.mark.parametrize("keep", [0, 60, -30])
def test_damaged_packs(history: History, keep: int) -> None:
    commits = history.grow(*map(str, range(5)))
    history.git("gc", "-q", "--prune=now")
    (pack,) = (history.git_folder / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:keep])
    with pytest.raises((DamagedObjectError, MissingObjectError), match=commits[-1][:10]):
        history.reopened().read_commit(commits[-1])


def test_a_blob_is_no_commit(history: History) -> None:
    (one,) = history.grow("one")
    with pytest.raises(DamagedObjectError, match="not a commit"):
        history.engine.read_commit(CommitId(_blob(history, one)))


def test_commits_of_plain_git_are_refused_clearly(history: History) -> None:
    tree = history.git("hash-object", "-w", "-t", "tree", "/dev/null").strip()
    env = {**os.environ, "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x", "GIT_COMMITTER_NAME": "x"}
    command = ["git", "--git-dir", str(history.git_folder), "commit-tree", tree, "-m", "by hand"]
    made = subprocess.run(
        command, env={**env, "GIT_COMMITTER_EMAIL": "x"}, capture_output=True, text=True, check=True
    )
    with pytest.raises(DamagedObjectError, match=r"not made by aidb"):
        history.engine.read_commit(CommitId(made.stdout.strip()))


def test_a_newer_format_says_so(history: History) -> None:
    objects = GitObjects(history.git_folder, lambda: history.folder / "tmp")
    blob = GitObject("blob", b'{"format": 2}')
    tree = GitObject("tree", b"100644 manifest.json\0" + bytes.fromhex(object_name(blob)))
    text = f"tree {object_name(tree)}\nauthor a <b> 1 +0000\ncommitter a <b> 1 +0000\n\nx\n".encode()
    made = CommitId(objects.write([blob, tree, GitObject("commit", text)])[-1])
    with pytest.raises(UnsupportedFormatError, match="format 2"):
        history.engine.read_commit(made)


# Many at once, and start-up


def test_threads_share_an_engine(history: History) -> None:
    (base,) = history.grow("base")
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            tip = base
            for number in range(20):
                tip_ref = branch_ref(name)
                made = history.engine.create_commit(NO_ROOT, 0, 0, [tip], f"{name} {number}", ADA)
                history.engine.update_ref(tip_ref, None if tip == base else tip, made, "commit")
                tip = made
            assert len(list(history.engine.walk([tip]))) == 21
        except BaseException as error:  # noqa: BLE001 - a thread has nowhere to raise
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"b{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    history.git("fsck", "--full", "--strict")


def test_creating_again_changes_nothing(history: History) -> None:
    (one,) = history.grow("one")
    GitEngine.create(history.git_folder, branch_ref("other"))
    assert history.reopened().head() == Head("main", one)


def test_history_needs_no_libgit2_to_be_read(history: History) -> None:
    history.grow("one", "two")
    code = (
        "import sys, pathlib\n"
        "from aidb.versioning import commits, engine, head, log, refs, revisions\n"
        "from aidb.versioning.git_engine import GitEngine\n"
        f"e = GitEngine(pathlib.Path({str(history.git_folder)!r}))\n"
        "assert len(list(e.walk([e.head().commit]))) == 2\n"
        "assert not {'pygit2', 'numpy', 'pyfastcdc'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
