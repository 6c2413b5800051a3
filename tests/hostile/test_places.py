"""Places that refuse: no permission, read-only folders, a linked or missing .aidb, somebody else's files.

Tests may run as root, whom no permission stops; there the commands run without root's capability to ignore them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import aidb
from tests.faults.command import clean_environment
from tests.faults.tree import read_tree, text, write_tree

DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2
CAPBSET_DROP = 24


def respect_permissions() -> None:
    """Take from root, before the command starts, the capability to ignore permissions."""
    if os.getuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            if libc.prctl(CAPBSET_DROP, capability, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")


class Place:
    """A repository, and commands run by a user whom permissions stop."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "repo"
        self._home = folder / "home"
        self.root.mkdir()
        self._home.mkdir()

    def aidb(self, *argv: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from aidb_cli.main import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-c", program, *argv],
            cwd=self.root,
            env=clean_environment(self._home),
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=respect_permissions,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert "this is a bug" not in done.stderr, done.stderr
        return done

    def ok(self, *argv: str) -> str:
        done = self.aidb(*argv)
        assert done.returncode == 0, f"aidb {' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def refused(self, *argv: str, code: int = 8) -> str:
        """The disk said no: exit code 8 and a message; return it."""
        done = self.aidb(*argv)
        assert done.returncode == code, (
            f"aidb {' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        assert done.stderr.strip()
        return done.stderr

    def close(self) -> None:
        """Make everything removable again."""
        for folder, _, _ in os.walk(self.root.parent):
            Path(folder).chmod(0o700)
        shutil.rmtree(self.root.parent, ignore_errors=True)


def stoppable() -> bool:
    """Whether commands can be run so that permissions count."""
    probe = "import sys; open(sys.argv[1])"
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0)
        try:
            done = subprocess.run(
                [sys.executable, "-c", probe, file.name], preexec_fn=respect_permissions, capture_output=True
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return "PermissionError" in done.stderr.decode()


needs_user = pytest.mark.skipif(not stoppable(), reason="root's capabilities cannot be dropped here")


@pytest.fixture
def place() -> Iterator[Place]:
    """A repository with two versions: main, and other with one file changed, one new, one gone."""
    folder = Path(tempfile.mkdtemp(prefix="aidb-places-"))
    place = Place(folder)
    yield place
    place.close()


@pytest.fixture
def filled(place: Place) -> Place:
    _write(place, {"d/a.txt": "a\n", "d/gone.txt": "gone\n", "keep.txt": "keep\n"})
    with aidb.init(place.root) as repo:
        repo.add(["."])
        repo.commit("one")
        repo.switch("other", create=True)
        _write(place, {"d/a.txt": "changed\n", "d/new.txt": "new\n"})
        (place.root / "d/gone.txt").unlink()
        repo.add(["."])
        repo.commit("two")
        repo.switch("main")
    return place


def _write(place: Place, files: dict[str, str]) -> None:
    write_tree(place.root, {path: text(content) for path, content in files.items()})


@needs_user
def test_init_where_one_may_not_write(place: Place) -> None:
    place.root.chmod(0o555)
    place.refused("init")
    assert list(place.root.iterdir()) == []
    place.root.chmod(0o755)
    place.ok("init")


@needs_user
def test_add_of_an_unreadable_file(filled: Place) -> None:
    _write(filled, {"secret.txt": "secret\n", "open.txt": "open\n"})
    (filled.root / "secret.txt").chmod(0)
    message = filled.refused("add", ".")
    assert "secret.txt" in message
    (filled.root / "secret.txt").chmod(0o644)
    filled.ok("add", ".")
    filled.ok("commit", "-m", "both")
    assert filled.ok("status", "--json")


@needs_user
def test_add_of_an_unreadable_folder(filled: Place) -> None:
    """A folder that cannot be listed is not an empty folder: nothing below it may be recorded as deleted."""
    (filled.root / "d").chmod(0)
    assert "d" in filled.refused("add", ".")
    (filled.root / "d").chmod(0o755)
    with aidb.open(filled.root) as repo:
        assert repo.status().staged == []


@needs_user
@pytest.mark.parametrize(
    "argv", [["switch", "other"], ["merge", "other"], ["restore", "--source", "other", "."]]
)
def test_a_folder_that_cannot_be_written(filled: Place, argv: list[str]) -> None:
    before = read_tree(filled.root)
    (filled.root / "d").chmod(0o555)
    filled.refused(*argv)
    (filled.root / "d").chmod(0o755)
    for path, file in before.items():
        assert path == "d/gone.txt" or read_tree(filled.root).get(path) in (file, text("changed\n"))
    filled.ok(*argv)
    assert (filled.root / "d/new.txt").read_text() == "new\n"


@needs_user
@pytest.mark.parametrize("folder", ["", "store/packs", "git/refs/heads", "git/objects", "tmp", "locks"])
def test_a_repository_that_cannot_be_written(filled: Place, folder: str) -> None:
    """Reading goes on; writing is refused, and works again when the folder is given back."""
    path = filled.root / ".aidb" / folder
    _write(filled, {"more.txt": "more\n"})
    path.chmod(0o555)
    filled.ok("log")
    filled.ok("status")
    filled.ok("cat", "main:keep.txt")
    codes = {filled.aidb("add", ".").returncode, filled.aidb("commit", "-m", "more").returncode}
    assert codes <= {0, 1, 8}
    assert 8 in codes or folder == "locks"  # lock files that exist can be locked
    path.chmod(0o755)
    filled.ok("add", ".")
    assert filled.aidb("commit", "-m", "more").returncode in (0, 1)
    assert filled.ok("cat", "main:more.txt") == "more\n"
    filled.ok("fsck")


@needs_user
@pytest.mark.parametrize("name", ["store", "git", "format", "index"])
def test_a_repository_that_cannot_be_read(filled: Place, name: str) -> None:
    path = filled.root / ".aidb" / name
    mode = path.stat().st_mode
    path.chmod(0)
    for argv in (["status"], ["log"], ["add", "."], ["cat", "main:keep.txt"], ["fsck"], ["switch", "other"]):
        assert filled.aidb(*argv).returncode in (0, 3, 8), argv
    path.chmod(mode)
    filled.ok("switch", "other")
    filled.ok("fsck")


def test_a_linked_repository_folder(tmp_path: Path) -> None:
    """.aidb may be a link to another disk; it is followed, never replaced, and never versioned."""
    real, root = tmp_path / "big-disk", tmp_path / "repo"
    with aidb.init(root) as repo:
        (root / "a").write_text("a\n")
        repo.add(["."])
        repo.commit("one")
    (root / ".aidb").rename(real)
    (root / ".aidb").symlink_to(real)
    with aidb.open(root) as repo:
        (root / "a").write_text("b\n")
        repo.add(["."])
        repo.commit("two")
        repo.switch("old", create=True, start="main~1")
        assert (root / "a").read_text() == "a\n"
        assert repo.fsck().ok
        assert set(repo.at()) == {"a"}
    assert (root / ".aidb").is_symlink()


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".aidb").symlink_to(tmp_path / "nowhere")
    with pytest.raises(aidb.AidbError):
        aidb.open(tmp_path)
    with pytest.raises(aidb.AidbError):
        aidb.init(tmp_path)


@pytest.mark.parametrize("content", [b"", b"aidb repository 2\n", b"\xff\xfe", b"x" * 10_000])
def test_a_format_of_another_version(tmp_path: Path, content: bytes) -> None:
    aidb.init(tmp_path).close()
    (tmp_path / ".aidb/format").write_bytes(content)
    with pytest.raises(aidb.AidbError):
        aidb.open(tmp_path)


def test_a_file_named_aidb(tmp_path: Path) -> None:
    (tmp_path / ".aidb").write_text("not a folder")
    for attempt in (aidb.open, aidb.init):
        with pytest.raises(aidb.AidbError):
            attempt(tmp_path)
    assert (tmp_path / ".aidb").read_text() == "not a folder"


def test_special_files_are_left_alone(tmp_path: Path) -> None:
    """A pipe, a socket or a device would block or never end; they are skipped, and said to be."""
    with aidb.init(tmp_path / "repo") as repo:
        os.mkfifo(repo.root / "pipe")
        (repo.root / "a").write_text("a\n")
        result = repo.add(["."])
        repo.commit("one")
        assert set(repo.at()) == {"a"}
        assert any("pipe" in note for note in result.notes)
