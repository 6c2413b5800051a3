"""One zygote per test process, and the option to run everything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.command import Zygote, scratch_folder
from tests.faults.shim import why_not

EVERYTHING = os.environ.get("AIDB_FAULTS") == "all"


@pytest.fixture(scope="session")
def fault_folder() -> Iterator[Path]:
    """Private room for many small repositories."""
    folder = scratch_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def zygote(fault_folder: Path) -> Iterator[Zygote]:
    if reason := why_not():
        pytest.skip(reason)
    with Zygote(fault_folder) as running:
        yield running
