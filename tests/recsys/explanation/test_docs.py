"""The page on explanations shows what its code prints."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "explanations.md"


def test_the_worked_example_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    code, shown = found.groups()
    exec(compile(code, str(PAGE), "exec"), {})
    assert capsys.readouterr().out == shown
