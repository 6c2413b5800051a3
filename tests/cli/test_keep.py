"""fsck, gc and sync."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess

from tests.cli.conftest import Shell


def test_fsck_of_a_whole_repository(repo: Shell) -> None:
    repo.commit("first", labels_csv="cat\n" * 100)
    assert repo.ok("fsck").startswith("All is well: 1 commit, 1 file version, ")
    assert json.loads(repo.ok("fsck", "--json"))["ok"] is True


def test_fsck_names_what_damage_touches(repo: Shell) -> None:
    content = random.Random(1).randbytes(16_384)
    repo.write("train/cat.bin", content)
    commit = repo.commit("first", labels_csv="cat\n")
    flip_a_byte(repo, content[:1000])
    ran = repo("fsck")
    assert ran.code == 7
    assert "damaged train/cat.bin: " in ran.out
    assert f"in {commit[:10]}" in ran.out
    report = json.loads(repo("fsck", "--json").out)
    assert [file["path"] for file in report["damaged_files"]] == ["train/cat.bin"]
    assert report["damaged_files"][0]["commits"] == [commit]
    assert repo("cat", "train/cat.bin").code == 7
    assert repo.ok("cat", "labels.csv") == "cat\n"


def flip_a_byte(repo: Shell, inside: bytes) -> None:
    """Damage the pack that holds these bytes."""
    for pack in (repo.folder / ".aidb/store/packs").glob("*.data"):
        data = bytearray(pack.read_bytes())
        at = data.find(inside)
        if at >= 0:
            data[at + 500] ^= 1
            pack.chmod(0o644)
            pack.write_bytes(data)
            return
    raise AssertionError("no pack holds these bytes as they are")


def test_fsck_repairs_from_the_workspace(repo: Shell) -> None:
    content = random.Random(1).randbytes(16_384)
    repo.write("train/cat.bin", content)
    repo.commit("first", labels_csv="cat\n")
    flip_a_byte(repo, content[:1000])
    assert "--repair" in repo("fsck").err
    ran = repo("fsck", "--repair")
    assert ran.code == 0
    assert "saved 1 chunk of pack" in ran.out
    assert f"brought back 1 file from {repo.folder}" in ran.out
    assert "Everything is repaired." in ran.out
    assert repo("cat", "train/cat.bin").stdout == content
    assert "There was nothing to repair." in repo.ok("fsck", "--repair")


def test_fsck_repairs_from_a_copy_or_says_what_stays_lost(repo: Shell) -> None:
    content = random.Random(1).randbytes(16_384)
    repo.write("train/cat.bin", content)
    repo.commit("first", labels_csv="cat\n")
    copy = shutil.copytree(repo.folder / ".aidb", repo.folder.parent / "backup")
    flip_a_byte(repo, content[:1000])
    repo.write("train/cat.bin", b"something else")
    ran = repo("fsck", "--repair", "--json")
    assert ran.code == 7
    report = json.loads(ran.out)
    assert [file["path"] for file in report["damaged_files"]] == ["train/cat.bin"]
    assert report["repair"]["salvaged"][0]["good_chunks"] == 1
    ran = repo("fsck", "--repair", "--from", "../backup")
    assert ran.code == 0
    assert f"brought back 1 chunk from {copy}/store" in ran.out
    assert repo("fsck", "--repair", "--from", "../nowhere").code == 3
    assert repo("fsck", "--from", "../backup").code == 2


def make_garbage(repo: Shell) -> str:
    """A commit on a branch that is deleted; its id."""
    repo.commit("first", labels_csv="cat\n")
    repo.ok("switch", "-qc", "try")
    repo.write("train/cat.bin", random.Random(1).randbytes(100_000))
    commit = repo.commit("tried")
    repo.ok("switch", "-q", "main")
    repo.ok("branch", "-qD", "try")
    return commit


def age(repo: Shell) -> None:
    for pack in (repo.folder / ".aidb/store/packs").iterdir():
        os.utime(pack, (1, 1))


def test_gc_tells_what_keeps_and_what_would_go(repo: Shell) -> None:
    make_garbage(repo)
    ran = repo("gc")
    assert ran.out.startswith("Needed: ")
    assert "by branches\n" in ran.out
    assert "by reflogs alone\n" in ran.out
    assert "There is nothing to collect." in ran.out
    assert "`aidb gc --reflog-expire AGE` lets go" in ran.err
    assert "spared by the grace period" in repo.ok("gc", "--reflog-expire", "0")
    age(repo)
    ran = repo("gc", "--reflog-expire", "0")
    assert "2 packs that hold nothing that is needed" in ran.out
    assert "would set 98.1 KiB aside" in ran.out
    assert len(list((repo.folder / ".aidb/store/packs").iterdir())) == 4
    found = json.loads(repo.ok("gc", "--json", "--reflog-expire", "0"))
    assert found["pruned"] is False
    assert [one["source"] for one in found["kept_by"] if one["chunks"]] == ["branches"]
    assert len(found["drop"]) == 2


def test_gc_sets_aside_and_brings_back(repo: Shell) -> None:
    commit = make_garbage(repo)
    age(repo)
    ran = repo("gc", "--prune", "--reflog-expire", "0")
    assert "Set aside 2 packs" in ran.out
    assert "`aidb gc --undo` brings them back" in ran.err
    assert "In quarantine: 2 packs" in repo.ok("gc")
    assert repo.ok("gc", "--undo").startswith("Brought back 2 packs")
    assert repo.ok("gc", "--undo") == "There is nothing in quarantine.\n"
    assert len(repo("cat", f"{commit}:train/cat.bin").stdout) == 100_000


def test_gc_deletes_at_once_when_told(repo: Shell) -> None:
    commit = make_garbage(repo)
    assert "would delete" in repo.ok("gc", "--grace", "0", "--reflog-expire", "0")
    report = json.loads(repo.ok("gc", "--prune", "--grace", "0", "--reflog-expire", "0", "--json"))
    assert len(report["deleted"]) == len(report["set_aside"]) == 2
    assert report["forgotten_moves"] > 0
    assert repo("cat", f"{commit}:train/cat.bin").code == 7
    assert repo.ok("fsck").startswith("All is well")
    assert repo.ok("gc", "--prune") == "There was nothing to collect.\n"


def test_gc_is_told_off(repo: Shell) -> None:
    make_garbage(repo)
    assert repo("gc", "--grace", "soon").code == 2
    assert repo("gc", "--prune", "--undo").code == 2
    assert repo("gc", "--undo", "--thorough").code == 2
    for pack in (repo.folder / ".aidb/store/packs").glob("*.data"):
        pack.unlink()
    ran = repo("gc", "--prune")
    assert ran.code == 7
    assert "nothing was removed" in ran.err
    assert "aidb fsck" in ran.err


def test_sync_brings_data_back_beside_code(shell: Shell) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=shell.folder, check=True)
    shell.ok("init", "-q")
    shell.write("data/labels.csv", "cat\n")
    shell.ok("add", "-q", "data")
    shell.ok("commit", "-qm", "first")
    old = (shell.folder / "aidb.lock").read_text()
    shell.write("data/labels.csv", "dog\n")
    shell.ok("commit", "-qam", "second")
    (shell.folder / "aidb.lock").write_text(old)
    ran = shell("sync")
    assert ran.code == 0
    assert (shell.folder / "data/labels.csv").read_text() == "cat\n"


def test_sync_without_a_lock_file(repo: Shell) -> None:
    ran = repo("sync")
    assert ran.code == 3
    assert ran.err.startswith("error: there is no aidb.lock")
