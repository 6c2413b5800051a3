"""The demo of training, made small: a run that was killed has the losses of one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest

for _name in ("torch", "PIL", "sklearn"):
    pytest.importorskip(_name, reason=f"{_name} is not installed")

from demo.training import play  # noqa: E402


@pytest.mark.slow
def test_killed_and_resumed_is_as_if_nothing_had_happened(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert play(tmp_path, epochs=1)
    told = capfd.readouterr()
    assert "every loss is the same" in told.out
    assert "Traceback" not in told.err
