"""Write commands.md: every command and its options, from what they say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from cli.main import application

PAGE = Path(__file__).with_name("commands.md")
HEAD = """# Commands

Made by `make docs`. Exit codes: 0 done; 1 the work failed; 2 wrong usage or bad input; 130 interrupted, and the same
command goes on from there. With `--json`, stdout is exactly one JSON document; talk goes to stderr.
"""
_EXAMPLE, _FENCED = re.compile("\b\n(.*?)(?=\n\n|$)", re.DOTALL), r"```\n\1\n```"  # \b: lines stay as they are


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_told("cartograph", typer.main.get_command(application()))])


def _told(name: str, command: Any) -> Iterator[str]:
    if hasattr(command, "commands"):
        for part, found in command.commands.items():
            yield from _told(f"{name} {part}", found)
        return
    yield f"## `{name}`\n\n{_EXAMPLE.sub(_FENCED, command.help)}\n"
    for parameter in command.params:
        if parameter.name != "help":
            yield f"- {_names(parameter)}{_default(parameter)}: {parameter.help}"
    yield ""


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in parameter.opts)


def _default(parameter: Any) -> str:
    shown = parameter.default not in (None, False) and parameter.param_type_name == "option"
    return f" (`{parameter.default}`)" if shown else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
