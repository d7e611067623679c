"""One command makes a file of all tables, and goes on where it was broken off."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks import results
from cli.main import WRONG, run
from recsys.config import Config
from tests.kg.published.files import kgat

TRAIN = "".join(f"{user} {' '.join(str((user + item) % 12) for item in range(6))}\n" for user in range(20))
TEST = "".join(f"{user} {(user + 7) % 12}\n" for user in range(20))


def test_what_fails_is_told_and_the_others_stand(tmp_path: Path) -> None:
    kgat(tmp_path / "small", TRAIN, TEST)
    sections = tmp_path / "sections.toml"
    words = 'words = "--scorers popularity --quiet"'
    sections.write_text(f'[[section]]\ndata = "small"\n{words}\n[[section]]\ndata = "absent"\n{words}\n')
    out = tmp_path / "results.md"
    told = [tmp_path, "--sections", sections, "--workspace", tmp_path / "w", "--out", out]
    environment = os.environ | {"PYTHONPATH": str(results.ROOT)}
    done = subprocess.run([sys.executable, results.__file__, *map(str, told)], env=environment, check=False)
    assert done.returncode == 1
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# Results\n\n## small\n\n`cartograph benchmark ")
    assert "| popularity | " in text
    assert "## absent" in text
    assert "ended with 2" in text
    assert (tmp_path / "results-0.svg").is_file()


SECTIONS = tomllib.loads(results.SECTIONS.read_text(encoding="utf-8"))["section"]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section["data"])
def test_a_section_of_the_list_is_a_command_with_known_scorers_and_a_config_that_is_there(
    section: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails for want of the data alone, which are read after all words are."""
    if "config" in section:
        assert (results.ROOT / section["config"]).is_file()
    told = results.command(section, tmp_path / "absent", tmp_path, tmp_path / "t.md")
    scorers = told[told.index("--scorers") + 1] if "--scorers" in told else ""
    Config().only([name for name in scorers.split(",") if name])
    assert run(told) == WRONG
    assert "absent" in capsys.readouterr().err
