from __future__ import annotations

import pytest

from aidb.store import MemoryBackend
from tests.store.backends.contract import BackendContract


class TestMemoryBackend(BackendContract):
    @pytest.fixture
    def backend(self) -> MemoryBackend:
        return MemoryBackend()
