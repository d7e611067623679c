"""Sections of a shop's file that say how its raw files are read and cleaned."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A part of the file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Format = Literal[
    "csv", "jsonl", "parquet",
    "nt", "nq", "ttl", "trig", "rdf", "jsonld",
    "google-merchant", "schema-org", "shopify", "ga4", "kgat",
]  # fmt: skip


class Source(Section):
    """A table of raw files, and what its columns mean.

    path         files, folders or globs, from the config's folder
    preset       a named mapping (`kg/sources/presets`); the keys given beside it win
    columns      canonical column → a raw column's name or an SQL expression over raw columns (of text files all are
                 text); the shop's own columns too. Without it usual names are recognised
    keep         raw columns taken over under their own names, beside `columns`
    kinds        the shop's word for a kind of event → ours; other words stay
    time_format  "auto" (ISO 8601), "unix", "unix-ms", or a strptime format such as "%d/%m/%Y %H:%M"
    missing      texts that mean "no value", beside the empty one
    several      columns (of ours) with several values in a cell, and what separates them; a JSON list is one too
    decimal      what stands before the cents in numbers: "." or ","; the other one may group thousands
    format, delimiter, encoding   of the files, where suffix and header do not tell
    quote        what CSV values that hold a delimiter stand in; "": nothing, quotes are letters like others
    header       the names of the columns of a text file that has none
    max_rejects  the share of rows that may be unreadable; more is an error: the mapping is wrong rather than the data
    """

    path: str | tuple[str, ...] | None = None
    preset: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    keep: tuple[str, ...] = ()
    kinds: dict[str, str] = Field(default_factory=dict)
    time_format: str = "auto"
    missing: tuple[str, ...] = ()
    several: dict[str, str] = Field(default_factory=dict)
    decimal: Literal[".", ","] = "."
    format: Format | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=4)
    encoding: Literal["utf-8", "latin-1", "utf-16"] | None = None
    quote: Literal['"', "'", ""] = '"'
    header: tuple[str, ...] = ()
    max_rejects: float = Field(default=0.01, ge=0, le=1)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path or ()


class Facts(Source):
    """RDF files, and tables of triples: of RDF `columns` and all else of a table's layout say nothing.

    predicates  the relations to keep, as the files name them; a `*` at the end stands for any end. With names of ours
                they are called so: { director = "http://dbpedia.org/ontology/director" }. None: all, each called by
                the end of its IRI
    languages   of texts that have a language only these stay, the first is preferred for labels; none: all
    types       classes that become node types, perhaps with names of ours; what is of none of them is an "entity"
    hops        how many steps from an item a fact may lie; None: any, also what no item leads to
    links       a table of items and what the facts call them: item_id, uri
    """

    predicates: tuple[str, ...] | dict[str, str] = ()
    languages: tuple[str, ...] = ()
    types: tuple[str, ...] | dict[str, str] = ()
    hops: int | None = Field(default=None, ge=1)
    links: Source = Source()


class Rule(Section):
    """A named cleaning rule; without `where` it takes exact repeats.

    `where` is an SQL predicate over our columns and the raw ones (ours, where both have a name), also over the tables
    `raw_events`, `raw_items` and `raw_users`. `return` makes an event a return, its quantity positive.
    """

    name: str
    where: str | None = None
    action: Literal["drop", "return"] = "drop"
    table: Literal["events", "items", "users"] = "events"


class Check(Section):
    """A figure of the raw log for the report: rows, or different values of `count`, that are `where`.

    With `several` only values of `count` are counted that go with several different values of that expression.
    """

    name: str
    where: str = "true"
    count: str | None = None
    several: str | None = None
