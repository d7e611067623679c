"""The process that a query runs in: it holds the triples, can be stopped at any moment, and can open nothing.

It is told the query in one line of JSON, answers whether that can be read, is sent the triples, and answers again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    RdfFormat,
    Store,
    Variable,
    serialize,
)

from kg.confined import confine, say, stop_after

_INTEGERS = {"integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedInt"}
_FRACTIONS = {"decimal", "float", "double"}


def main() -> None:
    """Read, check, load, run."""
    request = json.loads(sys.stdin.buffer.readline())
    confine(request["memory"])
    try:
        stop_after(request["timeout"])
        _run(Store(), request)  # nothing is in it: what this raises is wrong with the query
        stop_after(0)
        say({})
        store = Store()
        store.bulk_load(input=sys.stdin.buffer, format=RdfFormat.N_TRIPLES)
        stop_after(request["timeout"])
        say(_answer(_run(store, request), request))
    except (SyntaxError, RuntimeError, ValueError, OSError) as error:
        say({"error": str(error)})


def _run(store: Store, request: dict[str, Any]) -> Any:
    bound: dict[Variable, Any] = {
        Variable(name): Literal(text, datatype=NamedNode(datatype)) if datatype else NamedNode(text)
        for name, (text, datatype) in request["bound"].items()
    }
    return store.query(request["query"], prefixes=request["prefixes"], substitutions=bound or None)


def _answer(found: Any, request: dict[str, Any]) -> dict[str, Any]:
    if isinstance(found, QueryBoolean):
        return {"truth": bool(found)}
    kept: list[Any] = list(islice(found, request["limit"]))
    cut = next(iter(found), None) is not None
    if isinstance(found, QuerySolutions):
        columns = [variable.value for variable in found.variables]
        return {"columns": columns, "rows": [_row(columns, solution) for solution in kept], "cut": cut}
    turtle = serialize(kept, format=RdfFormat.TURTLE, prefixes=request["prefixes"])
    return {"turtle": (turtle or b"").decode(), "cut": cut}


def _row(columns: Iterable[str], solution: Any) -> dict[str, Any]:
    """What is bound, by variable."""
    return {name: _value(solution[name]) for name in columns if solution[name] is not None}


def _value(term: Any) -> Any:
    """A number or truth value as such; the text of any other literal or of an IRI."""
    if isinstance(term, BlankNode):
        return f"_:{term.value}"
    if not isinstance(term, Literal):
        return term.value if isinstance(term, NamedNode) else str(term)
    kind = term.datatype.value.rpartition("#")[2]
    if kind in _INTEGERS:
        return int(term.value)
    if kind in _FRACTIONS:
        return float(term.value)
    return term.value == "true" if kind == "boolean" else term.value


if __name__ == "__main__":
    main()
