"""SPARQL 1.1 over a graph, in a process of its own that reads nothing but the graph."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.confined import Work, loading, memory_for, started
from kg.errors import KgError
from kg.graph import KnowledgeGraph
from kg.sparql_words import bound_terms, refuse
from kg.triples import count_triples, triples
from kg.vocabulary import PREFIXES

LIMIT, TIMEOUT = 1000, 30.0
_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_NOT_PROJECTED = "SELECT projection"
_NARROWER = "Make it narrower (more triples that share variables)"
_SMALLER = "Make the query narrower, or load less with --without-events"
_LESS = "Load less: without --times, or --without-events."
_FEW = 6  # things that may be expected, to be told one by one


@dataclass(frozen=True)
class Answer:
    """What a query gives: `columns` and `rows` (bound variables only) of SELECT, `truth` of ASK, else `turtle`.

    `cut`: there is more than the limit.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    truth: bool | None = None
    turtle: str | None = None
    cut: bool = False


@dataclass(frozen=True)
class Scope:
    """How much is loaded: `events` False leaves out what users did; `times` has each event, not only each pair."""

    events: bool = True
    times: bool = False


def query(
    graph: KnowledgeGraph,
    text: str,
    bound: Mapping[str, str] | None = None,
    *,
    limit: int = LIMIT,
    timeout: float = TIMEOUT,
    scope: Scope = Scope(),
    file: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Answer:
    """The answer of a SELECT, ASK, CONSTRUCT or DESCRIBE query, in the words of `kg.vocabulary`.

    bound    values of variables, see `kg.sparql_words.bound_terms`
    limit    rows, or triples, at most
    timeout  seconds that the query may run, loading not counted
    file     where the text was read from, for errors

    Raises KgError for a query that is wrong (with its line and column), refused, or takes too long or too much memory.
    """
    refuse(text, file, times=scope.times and scope.events)
    relations = [each for each in graph.relations if scope.events or each not in graph.event_relations]
    bare = () if scope.times else graph.event_relations
    n_triples = count_triples(graph, relations, bare)
    request = {
        "query": text,
        "bound": bound_terms(bound or {}, text),
        "prefixes": PREFIXES,
        "limit": limit,
        "timeout": timeout,
        "memory": memory_for(n_triples, _LESS),
    }
    work = Work("the query", timeout, _NARROWER, _SMALLER)
    with started("kg.sparql_child") as child:
        read = work.exchange(child, [json.dumps(request) + "\n"])
        if "error" in read:
            raise _wrong(read["error"], text, file)
        say(loading(n_triples))
        found = work.exchange(child, triples(graph, relations, bare), last=True)
    if "error" in found:
        raise KgError(f"the query failed: {found['error']}", file=file, fix="Mend the query.")
    rows, columns = found.pop("rows", ()), found.pop("columns", ())
    return Answer(**found, rows=tuple(rows), columns=tuple(columns))


def _wrong(said: str, text: str, file: Path | None) -> KgError:
    """What is wrong with a query, from what the parser says."""
    if _NOT_PROJECTED in said:
        fix = "SELECT each variable that --bind gives a value to (in ASK and CONSTRUCT: use it)."
        return KgError("a bound variable is not selected", file=file, column="--bind", fix=fix)
    place = _PLACE.fullmatch(said)
    if not place:
        return KgError(f"the query cannot be read: {said}", file=file)
    row, column = int(place[1]), int(place[2])
    lines = text.splitlines()
    near = lines[row - 1].strip() if row <= len(lines) else ""
    problem = f"the query cannot be read: {_expected(place[3])}"
    return KgError(problem, file=file, row=row, column=str(column), value=near or None)


def _expected(said: str) -> str:
    """What the parser says, without the classes of letters it would have taken too."""
    listed = said.removeprefix("expected ").removeprefix("one of ")
    items = [item for item in re.split(r",\s", listed) if "[" not in item]
    sentences = [item for item in items if " " in item]
    if sentences:
        return sentences[0][0].lower() + sentences[0][1:]
    if len(items) > _FEW:
        items = [*(item for item in items if item.isupper()), "a term"]
    return f"expected {' or '.join(items)}" if items else "nothing that SPARQL knows stands here"
