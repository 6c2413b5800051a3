"""Any bytes."""

from __future__ import annotations

import random

from aidb.inside import BytesDiff
from tests.inside.conftest import Compare

DATA = random.Random(0).randbytes(3 << 20)


def test_bytes(compare: Compare) -> None:
    new = DATA[: 1 << 20] + b"inserted" + DATA[1 << 20 :]
    found = compare("a.bin", DATA, new)
    assert isinstance(found, BytesDiff)
    assert found.first_difference == next(at for at in range(len(DATA)) if DATA[at] != new[at])
    assert 0.6 * len(new) < found.bytes_shared < len(new)
    assert found.summary().startswith(f"first difference at byte {found.first_difference:,}, ")


def test_appended_and_cut_off(compare: Compare) -> None:
    found = compare("a.bin", DATA, DATA + b"more")
    assert found is not None
    assert found.summary() == "4 B appended"
    found = compare("a.bin", DATA, DATA[:-1024])
    assert found is not None
    assert found.summary() == "1.0 KiB cut off at the end"


def test_a_binary_file_that_comes_or_goes_has_nothing_to_tell(compare: Compare) -> None:
    assert compare("a.bin", None, DATA) is None
    assert compare("a.bin", DATA, None) is None
