"""What files of facts name, joined to the shop: items, types of nodes, what is near, labels, names of relations.

What is named is an item where the links say so, or where it is the id of one (in a table: of a head; a cell that says
1995 means no item of that number). All else is a node of one of the `types`, or an "entity".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from kg.source_config import Facts
from kg.sources.mapping import literal

ENTITY = "entity"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
LABELS = (
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "https://schema.org/name",
    "http://schema.org/name",
    "http://xmlns.com/foaf/0.1/name",
    "http://purl.org/dc/terms/title",
    "http://purl.org/dc/elements/1.1/title",
)
"""What says how a node is called, the best first."""
_LISTED = ", ".join(map(literal, LABELS))
_IS_LABEL = f"(named AND literal AND relation IN ({_LISTED}))"
_LANGUAGE = "nullif(split_part(tail_type, '@', 2), '')"


def join(sql: Any, name: str, section: Facts, views: Mapping[str, str]) -> str:
    """The table of facts made of the triples in the table `name`_raw; `views` are of the shop: events, items, links."""
    _join_items(sql, name, views)
    _give_types(sql, name, section.types)
    if section.hops is not None:
        _keep_near(sql, name, section.hops)
    _choose_labels(sql, name, tuple(map(str.lower, section.languages)) or ("en",))
    _register_names(sql, name, section.predicates)
    columns = "head, coalesce(ours, relation) AS relation, tail, head_type, tail_type, literal, confidence, provenance"
    sql.execute(f"""
        CREATE TABLE {name} AS SELECT DISTINCT * FROM (
            SELECT {columns} FROM {name}_joined LEFT JOIN {name}_names ON relation = theirs WHERE NOT {_IS_LABEL}
            UNION ALL
            SELECT head, 'alt_label', tail, head_type, tail_type, true, NULL, provenance FROM {name}_joined
            ANTI JOIN {name}_labels ON head = node AND head_type = kind AND tail = label AND tail_type = spoken
            WHERE {_IS_LABEL}
            UNION ALL
            SELECT node, 'label', label, kind, 'string', true, NULL, provenance FROM {name}_labels
        ) ORDER BY ALL
    """)
    for part in ("raw", "own", "joined", "labels", "names"):
        sql.execute(f"DROP TABLE {name}_{part}")
    return name


def _join_items(sql: Any, name: str, views: Mapping[str, str]) -> None:
    """`own`: what items are called. `joined`: items for what they are called, and a type for every node."""
    known = " UNION ".join(f"SELECT item_id FROM {views[table]}" for table in ("events", "items") if table in views)
    own = f"SELECT item_id AS node, item_id, false AS linked FROM ({known}) WHERE item_id IS NOT NULL"
    if "links" in views:
        own = f"SELECT DISTINCT uri AS node, item_id, true AS linked FROM {views['links']} UNION ALL {own}"
    sql.execute(f"CREATE TABLE {name}_own AS {own}")
    sql.execute(f"""
        CREATE TABLE {name}_joined AS SELECT
            coalesce(h.item_id, head) AS head, relation, coalesce(t.item_id, tail) AS tail,
            CASE WHEN h.item_id IS NOT NULL THEN 'item' ELSE coalesce(head_type, '{ENTITY}') END AS head_type,
            CASE WHEN t.item_id IS NOT NULL THEN 'item' WHEN literal THEN coalesce(tail_type, 'string')
                 ELSE coalesce(tail_type, '{ENTITY}') END AS tail_type,
            literal, confidence, provenance, named
        FROM {name}_raw
        LEFT JOIN {name}_own h ON head = h.node AND (h.linked OR head_type IS NULL)
        LEFT JOIN {name}_own t ON tail = t.node AND NOT literal AND (t.linked OR named AND tail_type IS NULL)
    """)


def _give_types(sql: Any, name: str, types: tuple[str, ...] | dict[str, str]) -> None:
    """What is of a class among the `types` (of several: the first) is a node of that type; the statements go."""
    named = types if isinstance(types, dict) else {end_of(each): each for each in types}
    if not named:
        return
    rows = ", ".join(f"({place}, {literal(ours)}, {literal(named[ours])})" for place, ours in enumerate(named))
    sql.execute(f"""
        CREATE OR REPLACE TEMP TABLE typed AS SELECT head AS node, arg_min(ours, place) AS kind
        FROM {name}_joined JOIN (VALUES {rows}) AS of (place, ours, theirs) ON tail = theirs
        WHERE relation = '{TYPE}' AND head_type = '{ENTITY}' GROUP BY head
    """)
    sql.execute(f"DELETE FROM {name}_joined WHERE relation = '{TYPE}'")
    for end in ("head", "tail"):
        is_one = f"{end} = node AND {end}_type = '{ENTITY}'"
        sql.execute(f"UPDATE {name}_joined SET {end}_type = kind FROM typed WHERE {is_one}")


def _keep_near(sql: Any, name: str, hops: int) -> None:
    """Keep the facts of which an item is head or tail, then those of what they lead to; and labels of all these."""
    sql.execute(f"CREATE OR REPLACE TEMP TABLE near AS SELECT DISTINCT item_id AS node, 'item' AS kind FROM {name}_own")
    sql.execute(f"ALTER TABLE {name}_joined ADD COLUMN kept BOOLEAN DEFAULT false")
    is_near = "(head, head_type) IN (SELECT (node, kind) FROM near)"
    for hop in range(hops):
        leads = is_near if hop else f"{is_near} OR NOT literal AND tail_type = 'item'"
        sql.execute(f"UPDATE {name}_joined SET kept = true WHERE {leads}")
        nodes = [f"SELECT {end}, {end}_type FROM {name}_joined WHERE kept AND NOT literal" for end in ("head", "tail")]
        sql.execute(f"INSERT INTO near ({' UNION '.join(nodes)}) EXCEPT SELECT node, kind FROM near")
    sql.execute(f"DELETE FROM {name}_joined WHERE NOT (kept OR {_IS_LABEL} AND {is_near})")


def _choose_labels(sql: Any, name: str, languages: tuple[str, ...]) -> None:
    """`labels`: for every node its name in the first language there is, else without one, else the end of its IRI.

    All its other names stay, each with its language: they are `alt_label`s.
    """
    cases = [
        f"WHEN {_LANGUAGE} = {literal(one)} OR starts_with({_LANGUAGE}, {literal(f'{one}-')}) THEN {place}"
        for place, one in enumerate(languages)
    ]
    language = f"CASE {' '.join(cases)} WHEN {_LANGUAGE} IS NULL THEN {len(cases)} ELSE {len(cases) + 1} END"
    told = "{'label': tail, 'spoken': tail_type, 'provenance': provenance}"
    best = f"arg_min({told}, ({language}, list_position([{_LISTED}], relation), {_LANGUAGE}, tail))"
    ends = [
        f"SELECT {end} AS node, {end}_type AS kind, {end} AS iri, provenance FROM {name}_joined WHERE named {more}"
        for end, more in (("head", ""), ("tail", "AND NOT literal"))
    ]
    linked = f"SELECT item_id, 'item', node, 'links' FROM {name}_own WHERE linked AND contains(node, '://')"
    iri_end = "regexp_extract(iri, '([^/#]+)[/#]*$', 1)"
    label = f"replace(coalesce(try(url_decode({iri_end})), {iri_end}), '_', ' ')"
    sql.execute(f"""
        CREATE TABLE {name}_labels AS
        WITH said AS (
            SELECT head AS node, head_type AS kind, {best} AS best FROM {name}_joined WHERE {_IS_LABEL} GROUP BY 1, 2
        ), others AS (
            SELECT node, kind, min({label}) AS label, NULL AS spoken, min(provenance) AS provenance
            FROM ({" UNION ALL ".join(ends)} UNION ALL {linked}) ANTI JOIN said USING (node, kind)
            WHERE (kind <> 'item' OR iri <> node) AND NOT starts_with(iri, '_:') GROUP BY 1, 2
        )
        SELECT node, kind, best.label, best.spoken, best.provenance FROM said UNION ALL FROM others
    """)


def _register_names(sql: Any, name: str, predicates: tuple[str, ...] | dict[str, str]) -> None:
    """`names`: relations by ours, as the config says; else by the end of the IRI where no other ends so."""
    ours = {theirs: own for own, theirs in predicates.items()} if isinstance(predicates, dict) else {}
    query = f"SELECT DISTINCT relation FROM {name}_joined WHERE named AND NOT {_IS_LABEL}"
    told = [relation for (relation,) in sql.execute(query).fetchall() if relation not in ours]
    taken = Counter([*map(end_of, told), *ours.values(), "label"])
    ours |= {relation: end_of(relation) for relation in told if taken[end_of(relation)] == 1}
    sql.execute(f"CREATE TABLE {name}_names (theirs VARCHAR, ours VARCHAR)")
    if ours:
        sql.executemany(f"INSERT INTO {name}_names VALUES (?, ?)", [*ours.items()])


def end_of(iri: str) -> str:
    """What stands after the last / or # of an IRI."""
    return re.split(r"[/#]", iri.rstrip("/#"))[-1] or iri
