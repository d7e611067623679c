"""`cartograph enrich`: the catalogue with all that was found out about its items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import jobs, options, render
from cli.tables import write_frame

if TYPE_CHECKING:
    from kg.enriching import Enriched

Form = Literal["csv", "parquet", "ttl", "nt"]
_NONE = "none"


@options.command
def enrich(
    common: options.Common,
    out: Annotated[Path, typer.Option(help="A folder.")],
    files: options.Files,
    config: options.Config = None,
    form: Annotated[Form, typer.Option("--format", help="Tables, or the items and their facts as RDF.")] = "csv",
    vocabulary: Annotated[
        list[Path] | None, typer.Option(help="Values of attributes: Shopify's attributes.json, or .toml; repeatable.")
    ] = None,
    attributes: Annotated[str | None, typer.Option(help="Of the vocabulary: color,material; none: all.")] = None,
    text: Annotated[str | None, typer.Option(help="Columns to read attributes from: title,description.")] = None,
    relations: Annotated[
        str | None, typer.Option(help="Kinds of rules: bought_together,then_bought; `none`; as it comes: all.")
    ] = None,
) -> None:
    """Write the catalogue back with attributes, brands, bands and rules between items, and report what was gained.

    Everything that the workspace has read is used. Of CSV and Parquet there are three files: items, facts (where each
    value comes from, and how sure it is) and rules (support, confidence, lift, conviction).
    """
    from kg.enriching import asked

    found = jobs.read(common, config, files)
    section = asked(
        found.derive,
        None if relations is None else [] if relations == _NONE else options.words(relations),
        vocabulary=tuple(str(path.absolute()) for path in vocabulary or ()),
        mined_attributes=tuple(options.words(attributes)),
        mined_from=tuple(options.words(text)),
    )
    enriched = jobs.enriched(common, found, section)
    written = _write(enriched, out, form)
    if common.json:
        render.emit({**enriched.to_json(), "files": [str(path) for path in written]})
        return
    shares = [(each.attribute, each.before, each.after) for each in enriched.shares]
    render.table(f"Share of {len(enriched.items):,} items", ["attribute", "before", "after"], shares)
    rules = [(each.relation, each.rules, each.items) for each in enriched.found]
    if rules:
        render.table("Rules between items", ["relation", "rules", "items"], rules)
    render.written(written, as_json=False)


def _write(enriched: Enriched, out: Path, form: Form) -> list[Path]:
    from kg.exporting import write

    if form in ("ttl", "nt"):
        path = out / f"items.{form}"
        write(enriched.graph(), path)
        return [path]
    frames = {"items": enriched.items, "facts": enriched.facts, "rules": enriched.rules}
    for name, frame in frames.items():
        write_frame(frame, out / f"{name}.{form}")
    return [out / f"{name}.{form}" for name in frames]
