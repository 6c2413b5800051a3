"""fsspec's own suites for filesystems, all of them, on a branch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import aidb

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'aidb[fs]'")

from fsspec.tests import abstract  # noqa: E402

from aidb.fs.filesystem import AidbFileSystem  # noqa: E402


class Fixtures(abstract.AbstractFixtures):
    @pytest.fixture
    def fs(self, tmp_path_factory: pytest.TempPathFactory) -> AidbFileSystem:
        return AidbFileSystem(repo=aidb.init(tmp_path_factory.mktemp("repository")).root)

    @pytest.fixture
    def fs_path(self) -> str:
        return "main/work"

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return lambda *parts: "/".join(parts)


class TestCopy(abstract.AbstractCopyTests, Fixtures):
    pass


class TestGet(abstract.AbstractGetTests, Fixtures):
    pass


class TestPut(abstract.AbstractPutTests, Fixtures):
    pass


class TestPipe(abstract.AbstractPipeTests, Fixtures):
    pass


class TestOpen(abstract.AbstractOpenTests, Fixtures):
    pass
