"""Reading versions: many files at once, by pattern, and as streams."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aidb
from aidb.errors import DamagedObjectError, InvalidPathError, PathNotFoundError
from tests.faults.tree import noise

SIZES = (0, 1, 5_000, 65_536, 65_537, 700_000, 3_000_000)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[aidb.Repository]:
    with aidb.init(tmp_path_factory.mktemp("repo")) as repo:
        with repo.transaction(message="sizes") as tx:
            for size in SIZES:
                tx.put(f"sizes/{size}", noise(size, size))
            tx.copy("sizes/700000", "again")
            for number in range(300):
                tx.put(f"small/{number % 7}/{number}.txt", b"%d" % number * number)
            tx.put("large", noise(24_000_000, 9))
            tx.put("sizes[1]/x-ü.bin", b"odd")
        yield repo


def test_read_many(repo: aidb.Repository) -> None:
    snapshot = repo.at("main")
    paths = list(snapshot)
    random.Random(1).shuffle(paths)
    paths += paths[:20]
    found = list(snapshot.read_many(paths))
    assert sorted(path for path, _ in found) == sorted(paths)
    assert all(data == snapshot.read(path) for path, data in found)
    assert {len(snapshot.read(f"sizes/{size}")) for size in SIZES} == set(SIZES)


def test_read_many_is_in_storage_order(repo: aidb.Repository) -> None:
    snapshot = repo.at("main")
    paths = [f"small/{number % 7}/{number}.txt" for number in range(1, 300)]
    asked = sorted(paths, reverse=True)
    assert [path for path, _ in snapshot.read_many(asked)] == paths


def test_read_many_says_what_is_missing_before_it_reads(repo: aidb.Repository) -> None:
    with pytest.raises(PathNotFoundError, match="nowhere is not in commit"):
        next(repo.at("main").read_many(["large", "nowhere"]))
    assert list(repo.at("main").read_many([])) == []


def test_read_many_of_damaged_files(tmp_path: Path) -> None:
    with aidb.init(tmp_path / "repo") as repo, repo.transaction(message="x") as tx:
        tx.put("a", noise(50_000, 1))
        tx.put("b", noise(300_000, 2))
    (pack,) = (tmp_path / "repo/.aidb/store/packs").glob("*.data")
    content = bytearray(pack.read_bytes())
    content[100_000] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(content)
    with aidb.open(tmp_path / "repo") as repo, pytest.raises(DamagedObjectError):
        list(repo.at("main").read_many(["a", "b"]))


@pytest.mark.parametrize(
    "pattern",
    ["**", "**/*", "*", "small/*/1*.txt", "small/?/1?.txt", "small/[0-2]/**", "small/[!0-2]/*", "**/9*.txt", "large",
     "sizes/6553[67]", "s*/**/1*", "small/**/3/*.txt", "sizes[[]1]/x-?.bin", "small/3", "nothing/*", "./small//3/*",
     "[", "small/[a-", "**/small/3/*", "sm*/3/10.txt"],
)  # fmt: skip
def test_glob(repo: aidb.Repository, pattern: str) -> None:
    found = list(repo.at("main").glob(pattern))
    assert len(found) == len(set(found))
    assert set(found) == {path for path in repo.at("main") if by_pathlib(path, pattern)}


def by_pathlib(path: str, pattern: str) -> bool:
    """What pathlib's glob would find in a folder with these files, a last `**` meaning everything below."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    return _matches(PurePosixPath(path).parts, tuple(parts))


def _matches(names: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    if not parts or not names:
        return not parts and not names
    if parts == ("**",):
        return True
    if parts[0] == "**":
        return _matches(names, parts[1:]) or _matches(names[1:], parts)
    return PurePosixPath(names[0]).match(parts[0]) and _matches(names[1:], parts[1:])


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../*", "a/../b", "."])
def test_patterns_that_are_none(repo: aidb.Repository, pattern: str) -> None:
    with pytest.raises(InvalidPathError):
        repo.at("main").glob(pattern)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 24_000_000), st.integers(0, 3_000_000)), max_size=6), st.booleans())
def test_a_large_file_as_a_stream(
    repo: aidb.Repository, reads: list[tuple[int, int]], straight_on: bool
) -> None:
    content = noise(24_000_000, 9)
    with repo.at("main").open("large") as file:
        for offset, length in reads:
            at = file.tell() if straight_on else file.seek(offset)
            assert file.read(length) == content[at : at + length]


def test_a_large_file_from_end_to_end(repo: aidb.Repository) -> None:
    content = noise(24_000_000, 9)
    for step in (100_000, 1 << 20, 10 << 20):
        with repo.at("main").open("large") as file:
            pieces = list(iter(lambda: file.read(step), b""))  # noqa: B023 - used at once
        assert b"".join(pieces) == content
