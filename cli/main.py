"""The command `cartograph`: every command in a file of its own, imported when it is run."""

from __future__ import annotations

import sys

import typer

from cli import demo, explain, recommend, run

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("recommend")(recommend.recommend)
app.command("explain")(explain.explain)

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def main() -> None:
    """Run a command; every error becomes one clear line and the exit code of the contract."""
    from kg.errors import KgError

    try:
        app(standalone_mode=False)
    except KgError as error:
        code = WRONG if error.bad_input else FAILED
        sys.exit(_say(str(error), code))
    except typer.Abort:
        sys.exit(_say("Interrupted; the same command starts again.", INTERRUPTED))
    except KeyboardInterrupt:
        sys.exit(_say("Interrupted; the same command starts again.", INTERRUPTED))
    except (OSError, MemoryError) as error:
        sys.exit(_say(f"The work failed: {error or 'too little memory'}", FAILED))
    except Exception as error:  # usage errors of the command line library; anything else is a defect and shows itself
        if not hasattr(error, "exit_code"):
            raise
        sys.exit(_say(getattr(error, "message", str(error)), WRONG))
    sys.exit(DONE)


def _say(text: str, code: int) -> int:
    typer.echo(text, err=True)
    return code
