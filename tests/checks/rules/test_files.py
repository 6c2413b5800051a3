"""Rules about names, sizes and numbers of files."""

from __future__ import annotations

from tests.checks.conftest import Guarded


def test_sizes(guarded: Guarded) -> None:
    guarded.check('paths = ["*.bin"]\nmin_size = 2\nmax_size = "1 KiB"')
    guarded.add("small.bin", b"1")
    guarded.add("large.bin", bytes(1025))
    guarded.add("fine.bin", bytes(1024))
    guarded.add("other.txt", b"")
    assert guarded.found() == [
        "large.bin: has 1,025 bytes, more than 1,024 [it: max_size]",
        "small.bin: has 1 bytes, less than 2 [it: min_size]",
    ]


def test_suffixes(guarded: Guarded) -> None:
    guarded.check('paths = ["images/"]\nsuffixes = [".png", ".JPG"]')
    for name in ("a.png", "b.jpg", "c.PNG", "d.gif", "png"):
        guarded.add(f"images/{name}", b"")
    assert guarded.found() == [
        "images/d.gif: does not end in .png or .JPG [it: suffixes]",
        "images/png: does not end in .png or .JPG [it: suffixes]",
    ]


def test_only_what_changed_is_looked_at(guarded: Guarded) -> None:
    guarded.add("old.bin", bytes(100))
    guarded.commit()
    guarded.check('paths = ["*.bin"]\nmax_size = 10')
    guarded.add("new.bin", bytes(100))
    assert guarded.found() == ["new.bin: has 100 bytes, more than 10 [it: max_size]"]
    guarded.repo.remove(["new.bin", "old.bin"], force=True)
    assert guarded.found() == []


def test_must_exist(guarded: Guarded) -> None:
    guarded.check('must_exist = ["README.md", "train"]')
    assert guarded.found() == ["there is no README.md [it: must_exist]", "there is no train [it: must_exist]"]
    guarded.add("README.md", b"")
    guarded.add("train/a", b"")
    assert guarded.found() == []
    guarded.repo.remove(["README.md"], force=True)
    assert guarded.found() == ["there is no README.md [it: must_exist]"]


def test_max_files(guarded: Guarded) -> None:
    guarded.checks("[[check]]\nmax_files = 4\n[[check]]\npaths = ['train/']\nmax_files = 1\n")
    for name in ("a", "train/b", "train/c"):
        guarded.add(name, b"")
    assert guarded.found() == ["there are 2 files, more than 1 [check 2: max_files]"]
    for name in ("d", "e"):
        guarded.add(name, b"")
    assert guarded.found() == [
        "there are 6 files, more than 4 [check 1: max_files]",
        "there are 2 files, more than 1 [check 2: max_files]",
    ]


def test_findings_are_bounded_and_counted(guarded: Guarded) -> None:
    guarded.check('paths = ["*.bin"]\nmin_size = 1')
    for number in range(30):
        guarded.write(f"{number:02}.bin", b"")
    guarded.repo.add(["."])
    checkup = guarded.repo.checks.run()
    assert (len(checkup.findings), checkup.more, checkup.ok) == (20, 10, False)
