"""`cartograph graph …`: build the graph, count it, check it, ask it, walk it, draw it, hand it over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import graph_check, graph_query, jobs, options, render

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph
    from kg.paths import Neighbours, Walk

app = typer.Typer(no_args_is_help=True, help="The typed graph of users, items and all that is known about them.")

Node = Annotated[str, typer.Argument(help="A node: TYPE:ID, such as item:85123A; without a type an item.")]


@app.command("build")
@options.command
def build(
    common: options.Common,
    files: options.Files,
    config: options.Config = None,
) -> None:
    """Build the graphs of the train period, of train and validation, and of everything."""
    _show_stats(common, jobs.result(common, jobs.read(common, config, files), "graph")["stats"])


@app.command("stats")
@options.command
def stats(common: options.Common) -> None:
    """Count nodes and edges."""
    from kg.stats import stats

    _show_stats(common, stats(jobs.graph(common)))


app.command("check", help=graph_check.HELP)(graph_check.check)
app.command("query", help=graph_query.HELP)(graph_query.query)


@app.command("neighbours")
@options.command
def neighbours(
    common: options.Common, node: Node, n: Annotated[int, typer.Option("-n", min=1, help="Nodes a relation.")] = 5
) -> None:
    """What is next to a node, by relation; customers are counted, never named."""
    from kg.customers import said
    from kg.paths import neighbours

    graph, fewest = jobs.graph(common), jobs.fewest(common)
    found = [_beside(graph, part, fewest) for part in neighbours(graph, _node(graph, node), n)]
    if common.json:
        render.emit(found)
        return
    rows = [
        (part["relation"], part["type"], said(part["edges"]), said(part["nodes"]),
         "; ".join(top["label"] for top in part["top"]))
        for part in found
    ]  # fmt: skip
    render.table(f"Next to {node}", ["relation", "to", "edges", "nodes", "most edges"], rows)


@app.command("path")
@options.command
def path(
    common: options.Common,
    start: Node,
    end: Node,
    n: Annotated[int, typer.Option("-n", min=1, help="At most so many.")] = 10,
) -> None:
    """The shortest ways between two nodes; customers between them are counted, never named."""
    from kg.paths import shortest_walks

    graph, fewest = jobs.graph(common), jobs.fewest(common)
    walks = shortest_walks(graph, _node(graph, start), _node(graph, end), n)
    if common.json:
        render.emit([_ways(graph, walk, fewest) for walk in walks])
        return
    for walk in walks:
        typer.echo(walk.text(graph, fewest))
    if not walks:
        typer.echo("These two do not hang together.")


@app.command("view")
@options.command
def view(
    common: options.Common,
    node: Annotated[str | None, typer.Argument(help="The node in the middle (TYPE:ID); none: the schema.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that answers the mouse and needs no network.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
    hops: Annotated[int, typer.Option(min=1, help="Steps around the node.")] = 1,
    limit: Annotated[
        int, typer.Option(min=1, help="At most so many nodes and counts; other customers are counted.")
    ] = 60,
) -> None:
    """Draw a node among its neighbours, or the schema of the graph."""
    from kg.errors import KgError
    from kg.picture import save_picture, schema_picture
    from kg.view import save_view

    files = {".html": html, ".svg": svg, ".png": png}
    wanted = [file for file in files.values() if file is not None]
    for ending, file in files.items():
        if file is not None and file.suffix != ending:
            raise KgError("a picture of another kind", value=str(file), fix=f"End the name in {ending}.")
    if not wanted:
        raise KgError("say what to write", fix="Give --html FILE, --svg FILE or --png FILE, or several of them.")
    graph = jobs.graph(common)
    for file in wanted:
        if node is None:
            save_picture(schema_picture(graph), file)
        else:
            save_view(graph, _node(graph, node), file, hops, limit, jobs.fewest(common))
    render.written(wanted, as_json=common.json)


@app.command("export")
@options.command
def export(
    common: options.Common, out: Annotated[Path, typer.Option(help="A .ttl, .nt or .graphml file, or a folder.")]
) -> None:
    """Write the graph as RDF (Turtle, N-Triples), as GraphML, or into a folder as Parquet tables of nodes and edges."""
    from kg.exporting import write
    from kg.graph_tables import to_parquet

    graph, files = jobs.graph(common), [out]
    if out.suffix:
        write(graph, out)
    else:
        files = to_parquet(graph, out)
    render.written(files, as_json=common.json)


def _node(graph: KnowledgeGraph, text: str) -> int:
    """The place of TYPE:ID; ids may have colons of their own."""
    kind, colon, node_id = text.partition(":")
    return graph.node(kind, node_id) if colon and kind in graph.nodes else graph.node("item", text)


def _beside(graph: KnowledgeGraph, part: Neighbours, fewest: int) -> dict[str, Any]:
    """What one relation ties to a node; of customers how many, or null where they are few."""
    from kg.customers import counted
    from kg.graph import USER

    relation = {"relation": part.relation[1], "type": part.relation[2]}
    if part.relation[2] == USER:
        nodes = counted(part.nodes, fewest)
        return {**relation, "edges": None if nodes is None else part.edges, "nodes": nodes, "top": []}
    top = [{**_told(graph, place), "edges": count} for place, count in part.top]
    return {**relation, "edges": part.edges, "nodes": part.nodes, "top": top}


def _ways(graph: KnowledgeGraph, walk: Walk, fewest: int) -> dict[str, Any]:
    """A walk; customers between its ends have no id, and a `count`: null where they are few."""
    from kg.customers import counted
    from kg.graph import USER
    from kg.paths import MANY

    nodes = [
        {"type": USER, "id": None, "label": None, "count": counted(count, fewest)}
        if place == MANY
        else _told(graph, place)
        for place, count in zip(walk.nodes, walk.counts, strict=True)
    ]
    return {"nodes": nodes, "relations": walk.relations}


def _told(graph: KnowledgeGraph, place: int) -> dict[str, str]:
    return {"type": graph.type_of(place).name, "id": graph.id(place), "label": graph.label(place)}


def _show_stats(common: options.Common, counted: dict[str, Any]) -> None:
    if common.json:
        render.emit(counted)
        return
    render.table("Nodes", ["type", "nodes"], counted["nodes"].items())
    rows = [tuple(row[name] for name in ("source", "name", "target", "edges")) for row in counted["relations"]]
    render.table(f"Relations, {counted['bytes'] / 1e6:,.1f} MB", ["source", "name", "target", "edges"], rows)
    typer.echo(f"hash {counted['hash']}")
