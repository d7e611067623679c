"""What tests of several folders share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import Reader


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Reader:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")  # nothing is folded
    return Reader(monkeypatch, capsys)
