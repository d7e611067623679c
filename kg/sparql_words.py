"""What is refused of a query before anything runs, and the values of bound variables.

The parser of the engine hands out no tree, so the words are found by the lexical rules of SPARQL 1.1 (section 19.8):
a keyword within a text, an IRI, a name or a comment is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kg.errors import KgError
from kg.vocabulary import NAMESPACE, PREFIXES, XSD

Term = tuple[str, str]
"""The text of an IRI and an empty datatype, or that of a literal and the IRI of its datatype."""

_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"}
_NAME_PART = r"(?:[\w:]|%[0-9A-Fa-f]{2}|\\.)"
_TOKEN = re.compile(
    rf"""
    (?P<comment>  \#[^\r\n]* )
  | (?P<text>     \"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\" | '''(?:[^'\\]|\\.|'(?!''))*'''
                | "(?:[^"\\\r\n]|\\.)*" | '(?:[^'\\\r\n]|\\.)*' )
  | (?P<iri>      <[^<>"{{}}|^`\x00-\x20]*> )
  | (?P<variable> [?$]\w+ )
  | (?P<language> @[A-Za-z][A-Za-z0-9-]* )
  | (?P<name>     (?:[^\W\d_][\w.-]*|_)?:(?:{_NAME_PART}(?:{_NAME_PART}|[.-])*)? )
  | (?P<word>     [^\W\d]\w* )
  | (?P<other>    . )
    """,
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"(?P<integer>[+-]?\d+)|(?P<decimal>[+-]?\d*\.\d+)|(?P<double>[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+)")
_NOT_IN_AN_IRI = re.compile(r'[<>"{}|^`\\\x00-\x20]')


def refuse(query: str, file: Path | None = None, *, times: bool = False) -> None:
    """Raise KgError for what changes the graph or reads anything else, and for times of events where there are none."""
    for kind, token, at in _tokens(query):
        word = token.upper() if kind == "word" else ""
        if word in _UPDATES:
            raise _error(f"{word} is no query", "The graph is only read; change the tables and build it again.",
                         query, at, file)  # fmt: skip
        if word == "SERVICE":
            fix = "Nothing is asked over the network; load the other data into the graph as facts."
            raise _error("SERVICE is refused", fix, query, at, file)
        if word == "FROM":
            fix = "Leave it out: there is one graph, that of the workspace."
            raise _error("FROM is refused", fix, query, at, file)
        if token in ("cg:time", f"<{NAMESPACE}time>") and not times:
            raise _error("the times of events are not loaded", "Add --times.", query, at, file)


def variables(query: str) -> set[str]:
    """The names of all variables, without their ? or $."""
    return {token[1:] for kind, token, _ in _tokens(query) if kind == "variable"}


def bound_terms(bound: Mapping[str, str], query: str) -> dict[str, Term]:
    """The term of every bound variable; raises KgError for one the query lacks.

    `<…>` and a name that begins with a known prefix (`node:item:85123A`) are IRIs; a number and `true` or `false` are
    what they look like; all else is text, and so is anything in double quotes.
    """
    known = variables(query)
    for name in bound:
        if name not in known:
            has = ", ".join(sorted(known)) or "none"
            raise KgError("the query has no such variable", column="--bind", value=name, fix=f"It has: {has}.")
    return {name: _term(text) for name, text in bound.items()}


def place_of(query: str, at: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return query.count("\n", 0, at) + 1, at - query.rfind("\n", 0, at)


def _term(text: str) -> Term:
    prefix, colon, rest = text.partition(":")
    if text[:1] == "<" and text[-1:] == ">":
        return _iri(text[1:-1], text)
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1], f"{XSD}string"
    if colon and prefix in PREFIXES:
        return _iri(PREFIXES[prefix] + rest, text)
    if text in ("true", "false"):
        return text, f"{XSD}boolean"
    if found := _NUMBER.fullmatch(text):
        return text, f"{XSD}{found.lastgroup}"
    return text, f"{XSD}string"


def _iri(iri: str, text: str) -> Term:
    if _NOT_IN_AN_IRI.search(iri) or ":" not in iri:
        fix = 'Percent-encode what an IRI cannot hold (a space is %20), or write "text" in double quotes.'
        raise KgError("not an IRI", column="--bind", value=text, fix=fix)
    return iri, ""


def _tokens(query: str) -> Iterator[tuple[str, str, int]]:
    for found in _TOKEN.finditer(query):
        if found.lastgroup not in (None, "comment"):
            yield str(found.lastgroup), found[0], found.start()


def _error(problem: str, fix: str, query: str, at: int, file: Path | None) -> KgError:
    row, column = place_of(query, at)
    return KgError(problem, file=file, row=row, column=str(column), fix=fix)
