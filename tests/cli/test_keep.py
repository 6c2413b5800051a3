"""fsck and sync."""

from __future__ import annotations

import json
import random
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
