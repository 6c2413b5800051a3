"""Whose programs may run here: each person agrees, once, to the programs that a checks file names.

What is agreed to is a digest: of the checks file and of the files of the version that its programs are made of. When
any of them changes, the person is asked again. Agreements lie in `.aidb/trust/<user id>`, and count only if that person
owns the file, so that nobody can agree for another one who works in the same repository.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aidb.checks.gate import FILE_PATH
from aidb.checks.rules.programs import code
from aidb.files import storage_errors, write_atomic
from aidb.store.hashing import hash_bytes

if TYPE_CHECKING:
    from aidb.checks.candidate import Candidate
    from aidb.checks.file import Check

_MAX_SIZE = 1 << 20


def digest(candidate: Candidate, data: bytes, checks: list[Check]) -> str:
    """What a person agrees to: the bytes `data` of a checks file, and the files its programs are made of."""
    programs = ((program, check.selection) for check in checks for program in check.programs)
    files = {path for program, selection in programs for path in code(program, candidate, selection)}
    entries = ((path, candidate.get(path)) for path in sorted(files))
    lines = [b"%s %s\n" % (entry.blob.hex().encode(), path) for path, entry in entries if entry is not None]
    return hash_bytes(b"".join([FILE_PATH, b" ", hash_bytes(data), *lines])).hex()


class Trust:
    """The agreements of whoever runs this process, in one repository."""

    def __init__(self, folder: Path) -> None:
        """`folder` is `.aidb`."""
        self._file = folder / "trust" / str(os.geteuid())

    def __contains__(self, wanted: str) -> bool:
        return wanted in self._read()

    def add(self, wanted: str, *, scratch: Path) -> None:
        """Agree."""
        lines = [line for line in self._read() if line != wanted]
        with storage_errors("remembering what is trusted"):
            self._file.parent.mkdir(exist_ok=True)
        write_atomic(self._file, "".join(f"{line}\n" for line in [*lines, wanted]).encode(), scratch=scratch)

    def clear(self) -> bool:
        """Agree to nothing any more; whether anything was agreed to."""
        with storage_errors("forgetting what is trusted"):
            try:
                self._file.unlink()
            except FileNotFoundError:
                return False
        return True

    def _read(self) -> list[str]:
        with storage_errors("reading what is trusted"):
            try:
                with open(self._file, "rb") as file:
                    if os.fstat(file.fileno()).st_uid != os.geteuid():
                        return []
                    return file.read(_MAX_SIZE).decode("ascii", "replace").split()
            except FileNotFoundError:
                return []
