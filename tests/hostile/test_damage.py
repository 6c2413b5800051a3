"""Flipped bits, cut, emptied and missing files anywhere below .aidb: found and named, or harmless; never handed out.

A seeded sample by default; AIDB_FAULTS=all tries every file in every way.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

import aidb
from tests.faults.cases import history
from tests.faults.command import Zygote
from tests.faults.conftest import EVERYTHING
from tests.faults.tree import File, Tree, copy_folder
from tests.hostile.damage import Damage, Patient, damages

SAMPLE = 28


@pytest.fixture(scope="module")
def original(fault_folder: Path) -> Path:
    # A folder of its own each time: the tests of a module need not run one after the other in one process.
    root = Path(tempfile.mkdtemp(prefix="damage-", dir=fault_folder)) / "original"
    root.mkdir()
    history(root)
    (root / "notes/untracked.txt").unlink()
    (root / "notes").rmdir()
    return root


@pytest.fixture(scope="module")
def patient(original: Path, zygote: Zygote) -> Patient:
    with aidb.open(original) as repo:
        versions = {branch: tree_of(repo, branch) for branch in ("main", "other")}
    return Patient(original, original.parent, zygote, versions)


def tree_of(repo: aidb.Repository, revision: str) -> Tree:
    snapshot = repo.at(revision)
    return {path: File(snapshot.read(path), entry.kind) for path, entry in snapshot.walk()}


def test_the_questions_are_right(patient: Patient) -> None:
    """Without damage nothing is amiss, so the tests below complain of damage only."""
    assert patient.question(None) == []
    assert patient.ends == {0}


@pytest.mark.slow
@pytest.mark.timeout(0 if EVERYTHING else 300)
@pytest.mark.parametrize("part", range(4))
def test_any_damage(original: Path, patient: Patient, part: int) -> None:
    chosen = damages(original, seed=7, flips=8 if EVERYTHING else 2)
    if not EVERYTHING:
        chosen = random.Random(7).sample(chosen, min(SAMPLE, len(chosen)))
    found = {str(damage): problems for damage in chosen[part::4] if (problems := patient.question(damage))}
    assert not found, "\n".join(
        f"{damage}\n    " + "\n    ".join(problems) for damage, problems in found.items()
    )


@pytest.mark.parametrize("how", ["flip", "cut", "remove", "zero"])
@pytest.mark.parametrize("kind", ["data", "meta"])
def test_fsck_finds_every_damaged_pack(
    original: Path, zygote: Zygote, how: str, kind: str, tmp_path: Path
) -> None:
    """Wherever a pack is hit, fsck says so with exit code 7."""
    chance = random.Random(how + kind)
    packs = sorted((original / ".aidb/store/packs").glob(f"*.{kind}"))
    assert packs
    root = tmp_path / "repo"
    for _ in range(12 if EVERYTHING else 2):
        copy_folder(original, root)
        path = chance.choice(packs).relative_to(original)
        damage = Damage(str(path), how, chance.random())
        damage.inflict(root)
        outcome = zygote.run(["fsck"], root)
        assert outcome.code == 7, f"{damage}: {outcome}"


def test_fsck_names_paths_and_commits(original: Path, tmp_path: Path) -> None:
    """One flipped byte inside one file's content: that file and the commits that hold it are named, no others."""
    root = tmp_path / "repo"
    copy_folder(original, root)
    content = (root / "data/b/nested/deep/x.bin").read_bytes()
    pack, at = next(
        (path, at)
        for path in (root / ".aidb/store/packs").glob("*.data")
        if (at := path.read_bytes().find(content)) >= 0
    )
    data = bytearray(pack.read_bytes())
    data[at + 1000] ^= 4
    pack.write_bytes(data)
    with aidb.open(root) as repo:
        report = repo.fsck()
        every = {commit.id for commit in repo.log(all=True)}
        assert [file.path for file in report.damaged_files] == ["data/b/nested/deep/x.bin"]
        assert set(report.damaged_files[0].commits) == every
        others = [path for path in repo.at() if path != "data/b/nested/deep/x.bin"]
        assert all(repo.at().read(path) is not None for path in others)
        with pytest.raises(aidb.AidbError):
            repo.at().read("data/b/nested/deep/x.bin")


def test_derived_indexes_can_be_deleted(original: Path, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    copy_folder(original, root)
    for path in (root / ".aidb/store/indexes").iterdir():
        path.unlink()
    with aidb.open(root) as repo:
        assert repo.fsck().ok
        assert all(repo.at().read(path) is not None for path in repo.at())
