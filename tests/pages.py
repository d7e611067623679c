"""Somebody who follows a page for users: writes its files, adds its lines to tables, runs its code and commands."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cli.main import DONE, WRONG, run

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODULE = re.compile(r"# ((?:kg|recsys|cli)/[\w/]+)\.py\n")
TABLE_LINE = re.compile(r'"([\w-]+)": "([\w.]+:\w+)",  # in (\w+) of ([\w.]+)\n')
FILE = re.compile(r"# ([\w-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ cartograph (.*)\n((?:[^$].*\n|\n)*)", re.MULTILINE)
GUESSED = "# Guessed by `cartograph init`"
READERS_FOLDER = "/home/ann/shop"


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every block of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(text: str) -> Iterator[tuple[list[str], str]]:
    """The words of every command of a console block, and what it is said to print."""
    for words, shown in COMMAND.findall(text):
        yield shlex.split(words), shown


@dataclass
class Reader:
    """Somebody in an empty folder who does what a page says; of `varying` commands the figures are not compared."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    varying: tuple[str, ...] = ("run", "recommend", "explain")
    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""

    def follow(self, page: Path) -> None:
        for language, text in blocks(page):
            match language:
                case "python" if found := MODULE.match(text):
                    self.make_module(found[1].replace("/", "."), text)
                case "python" if found := TABLE_LINE.fullmatch(text):
                    name, home, table, module = found.groups()
                    self.monkeypatch.setitem(getattr(import_module(module), table), name, home)
                case "python":
                    exec(compile(text, str(page), "exec"), self.names)
                    self.printed = self.capsys.readouterr().out
                case "toml" if text.startswith(GUESSED):
                    assert told(Path("shop.toml").read_text(encoding="utf-8")) == told(text)
                case "toml" if found := FILE.match(text):
                    Path(found[1]).write_text(text, encoding="utf-8")
                case "text":
                    assert told(self.printed) == told(text)
                case "console":
                    self.give(text)

    def make_module(self, name: str, text: str) -> None:
        module = ModuleType(name)
        self.monkeypatch.setitem(sys.modules, name, module)
        exec(compile(text, name, "exec"), vars(module))

    def give(self, text: str) -> None:
        given = list(commands(text))
        assert given
        for words, shown in given:
            code = run([*words, "--threads", "1"])
            printed = self.capsys.readouterr()
            if shown.startswith("Error:"):
                assert code == WRONG
                assert told(shown)[0] in told(printed.err)
                continue
            assert code == DONE, printed.err
            if shown and words[0] not in self.varying:
                assert told(printed.out) == told(shown)


def told(text: str) -> list[list[str]]:
    """The words of every line, whatever the widths of columns; paths as in the folder of the page's reader."""
    text = text.replace(str(Path.cwd()), READERS_FOLDER)
    return [words for line in text.splitlines() if (words := line.replace("─", "").split())]
