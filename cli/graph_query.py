"""`cartograph graph query`: SPARQL over the graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import jobs, options, render

if TYPE_CHECKING:
    from kg.sparql import Answer

HELP = """Ask the graph in SPARQL 1.1: SELECT gives a table, ASK true or false, CONSTRUCT and DESCRIBE Turtle.

Prefixes that need no declaration: node:TYPE:ID is a node (node:item:85123A), type:item a type, relation:brand a \
relation, feature:price a number; cg:, rdf:, rdfs:, xsd:, dcterms:. `cartograph graph stats` lists types and \
relations. Each node has an rdfs:label and a dcterms:identifier. Nothing can be changed, and nothing is read from \
elsewhere.

For example, the items that most people bought:

\b
cartograph graph query '
SELECT ?item ?title (COUNT(?user) AS ?buyers) WHERE {
  ?user relation:purchase ?item .
  ?item rdfs:label ?title .
} GROUP BY ?item ?title ORDER BY DESC(?buyers) LIMIT 5'
"""


@options.command
def query(
    common: options.Common,
    text: Annotated[str | None, typer.Argument(metavar="SPARQL", help="A SPARQL 1.1 query.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file that holds the query.")] = None,
    bind: Annotated[
        list[str] | None,
        typer.Option(
            help="The value of a variable: item=node:item:85123A, price=2.5, label=mug; an IRI in <…>, what must stay "
            'text in "…"; may be repeated.'
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows (or triples) at most.")] = 1000,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds the query may run once all is loaded.")] = 30.0,
    out: Annotated[Path | None, typer.Option(help="Write to this .csv, .parquet or (CONSTRUCT) .ttl file.")] = None,
    times: Annotated[
        bool, typer.Option("--times", help="Load every event with its time and weight, not only each pair: slower.")
    ] = False,
    without_events: Annotated[bool, typer.Option("--without-events", help="Load no events.")] = False,
) -> None:
    """See `HELP`."""
    from kg.errors import KgError
    from kg.sparql import Scope
    from kg.sparql import query as answer

    if out is not None and out.suffix not in (".csv", ".parquet", ".ttl"):
        raise KgError("no such kind of file", value=out.suffix, fix="End --out in .csv, .parquet or .ttl.")
    graph = jobs.graph(common)
    with render.progress(quiet=common.quiet) as say:
        found = answer(
            graph,
            _text(text, file),
            _bound(bind or []),
            limit=limit,
            timeout=timeout,
            scope=Scope(not without_events, times),
            file=file,
            say=say,
        )
    if out is not None:
        _write(found, out)
    if common.json:
        _emit(found)
    elif out is None:
        _show(found)
    else:
        render.written([out], as_json=False)
    if found.columns and not found.rows and not common.quiet:
        typer.echo("No row. `cartograph graph stats` lists the types and relations there are.", err=True)
    if found.cut and not common.quiet:
        typer.echo(f"Cut at {limit:,}: there is more (--limit N).", err=True)


def _text(text: str | None, file: Path | None) -> str:
    from kg.errors import KgError

    if (text is None) == (file is None):
        raise KgError("say what to ask", fix="Give a SPARQL query or --file FILE.rq, not both; see --help.")
    if file is None:
        return text or ""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise KgError(f"the query cannot be read: {error}", file=file, fix="Give a text file in UTF-8.") from error


def _bound(given: list[str]) -> dict[str, str]:
    from kg.errors import KgError

    bound = {}
    for each in given:
        name, equals, value = each.partition("=")
        name = name.strip().lstrip("?$")
        if not (name and equals):
            raise KgError("not a value of a variable", column="--bind", value=each, fix="Write NAME=VALUE.")
        bound[name] = value
    return bound


def _emit(found: Answer) -> None:
    if found.truth is not None:
        render.emit({"truth": found.truth})
    elif found.turtle is not None:
        render.emit({"turtle": found.turtle, "cut": found.cut})
    else:
        render.emit({"columns": found.columns, "rows": found.rows, "cut": found.cut})


def _show(found: Answer) -> None:
    if found.truth is not None:
        typer.echo(str(found.truth).lower())
    elif found.turtle is not None:
        typer.echo(found.turtle, nl=False)
    else:
        if found.rows:
            render.table(
                "", found.columns, [[_cell(row.get(name, "")) for name in found.columns] for row in found.rows]
            )
        typer.echo(f"{len(found.rows):,} row{'' if len(found.rows) == 1 else 's'}")


def _cell(value: Any) -> Any:
    """IRIs as short as one may write them in the next query."""
    from kg.vocabulary import short

    return short(value) if isinstance(value, str) else value


def _write(found: Answer, path: Path) -> None:
    from cli.tables import write_frame
    from kg.errors import KgError
    from kg.files import replacing

    if (found.turtle is None) != (path.suffix != ".ttl") or found.truth is not None:
        fix = "A SELECT goes to .csv or .parquet, a CONSTRUCT or DESCRIBE to .ttl, an ASK to none."
        raise KgError("the answer does not fit this kind of file", column="--out", value=str(path), fix=fix)
    if found.turtle is not None:
        with replacing(path) as temporary:
            temporary.write_text(found.turtle, encoding="utf-8")
    else:
        import pandas as pd

        write_frame(pd.DataFrame([*found.rows], columns=[*found.columns]), path)
