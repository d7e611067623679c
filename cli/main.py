"""From a shop's event log to ranked recommendations whose explanations are their scores."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

import typer

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
_DUCKDB_INTERRUPTED = "Query interrupted"  # what it makes of Ctrl-C

COMMANDS = {
    "demo": "cli.demo:demo",
    "sources": "cli.sources:sources",
    "init": "cli.init:init",
    "run": "cli.run:run",
    "ingest": "cli.ingest:ingest",
    "link": "cli.link:link",
    "enrich": "cli.enrich:enrich",
    "graph": "cli.graph:app",
    "train": "cli.train:train",
    "tune": "cli.tune:tune",
    "evaluate": "cli.evaluate:evaluate",
    "update": "cli.update:update",
    "benchmark": "cli.benchmark:benchmark",
    "recommend": "cli.recommend:recommend",
    "similar": "cli.similar:similar",
    "explain": "cli.explain:explain",
    "export": "cli.export:export",
}
"""A command is one file and one line here; the files import their work when they are called."""


def application() -> typer.Typer:
    """All commands."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    for name, home in COMMANDS.items():
        module, attribute = home.split(":")
        found: Callable[..., None] | typer.Typer = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command line and leave with the exit code of the contract."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; every error becomes one clear message, on stdout too where JSON was asked for."""
    from cli import render
    from kg.errors import KgError

    def failed(error: KgError, code: int) -> int:
        render.error(error, as_json="--json" in arguments)
        return code

    try:
        code = application()(list(arguments), prog_name="cartograph", standalone_mode=False)
    except KgError as error:
        return failed(error, WRONG if error.bad_input else FAILED)
    except typer.TyperException as error:
        return failed(KgError(error.format_message().rstrip("."), fix="See `cartograph --help`."), WRONG)
    except MemoryError:
        return failed(KgError("there is too little memory", fix="Use a larger machine, or fewer scorers."), FAILED)
    except OSError as error:
        told = KgError(
            f"the work failed: {error.strerror or error}",
            file=error.filename,
            fix="Mend that and run the same command: what was finished is kept.",
        )
        return failed(told, FAILED)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except RuntimeError as error:
        if str(error) != _DUCKDB_INTERRUPTED:
            raise
        code = INTERRUPTED
    if code == INTERRUPTED:
        typer.echo("Interrupted. What was finished is kept; the same command goes on from there.", err=True)
    return code or DONE
