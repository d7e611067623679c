"""Facts as an rdflib Graph, and the facts of one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kg.engine import Engine
from kg.source_config import Facts
from kg.sources.facts import QUANTITY, read_facts
from kg.vocabulary import DCTERMS, RDFS, XSD, iri

if TYPE_CHECKING:
    import pandas as pd
    import rdflib

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_CALLED = {"label": f"{RDFS}label", "alt_label": f"{_SKOS}altLabel"}


def facts_from_rdf(
    told: rdflib.Graph,
    items: Iterable[str],
    links: Mapping[str, str] | None = None,
    section: Facts | None = None,
    provenance: str = "rdf",
) -> pd.DataFrame:
    """What a graph says, as facts for `Tables.of`, in the columns of `kg.columns.FACTS`.

    items    the shop's ids
    links    IRI → id, where the graph calls items otherwise
    section  what to keep, as under [facts] of a config; its files count for nothing
    """
    import pyarrow as pa

    engine, columns = Engine(threads=1), {"item_id": pa.array(list(items), pa.string())}
    uris = {"uri": list(links or {}), "item_id": list((links or {}).values())}
    for view, table in (("items", columns), ("links", uris)):
        text = {name: pa.array(values, pa.string()) for name, values in table.items()}
        engine.sql.register(view, pa.table(text))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "graph.nt"
        told.serialize(path, format="nt", encoding="utf-8")
        kept = (section or Facts()).model_copy(update={"path": (str(path),)})
        name = read_facts(engine, kept, Path(), {"items": "items", "links": "links"})
    found: pd.DataFrame = engine.sql.execute(f"SELECT * FROM {name}").df()
    return found.assign(provenance=provenance)


def facts_to_rdf(facts: Any) -> rdflib.Graph:
    """A frame of facts as a graph; nodes and relations that are no IRIs are named in the words of `kg.vocabulary`."""
    import rdflib

    graph = rdflib.Graph()
    node: dict[tuple[str, str], Any] = {}

    def named(kind: str, node_id: str) -> Any:
        key = (kind, node_id)
        if key not in node:
            node[key] = rdflib.URIRef(node_id if _IRI.fullmatch(node_id) else iri("node", kind, node_id))
            graph.add((node[key], rdflib.RDF.type, rdflib.URIRef(iri("type", kind))))
            graph.add((node[key], rdflib.URIRef(f"{DCTERMS}identifier"), rdflib.Literal(node_id)))
        return node[key]

    columns = ("head", "relation", "tail", "head_type", "tail_type", "literal")
    for head, relation, tail, head_type, tail_type, literal in facts[[*columns]].itertuples(index=False, name=None):
        predicate = _CALLED.get(relation) or (relation if _IRI.fullmatch(relation) else iri("relation", relation))
        value = _literal(tail, tail_type) if literal else named(tail_type, tail)
        graph.add((named(head_type, head), rdflib.URIRef(predicate), value))
    return graph


def _literal(text: str, kind: str) -> Any:
    import rdflib

    if kind.startswith(QUANTITY):
        return rdflib.Literal(text, datatype=rdflib.URIRef(iri("unit", kind.removeprefix(QUANTITY))))
    plain, _, language = kind.partition("@")
    if plain == "string":
        return rdflib.Literal(text, lang=language or None)
    return rdflib.Literal(text, datatype=rdflib.URIRef(f"{XSD}{kind}"), normalize=False)
