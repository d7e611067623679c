"""Embeddings as a product: a row for every node of the graph, for other programs and for the eye."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.canvas import INK, LINE
from kg.fonts import FONT
from kg.graph import ITEM, USER, KnowledgeGraph
from recsys.charts import LINES
from recsys.operators import Factors, power
from recsys.scorers.attributes import attributes
from recsys.scorers.network import Network
from recsys.types import Scorer

if TYPE_CHECKING:
    import altair as alt

_SHOWN, _COLOURS = 2000, 9  # items of a picture, values of its legend beside "other"
_FEWEST_GROUPS = 2
OTHER, _PALE = "other", "#cfd6da"
_SIDE = 620  # pixels
Floats = NDArray[np.float32]


def vectors(scorer: Scorer, graph: KnowledgeGraph) -> Floats | None:
    """The embeddings of all nodes in the one numbering, float32 (n_nodes, size); None: the scorer has none.

    A user's is the weighted sum of those of her query, as the score takes it: its product with an item's, at length 1
    where `similarity` is "cosine", is the score before `prior`, demand and degree have their say.
    """
    if not isinstance(scorer, Network) or not isinstance(scorer.operator_, Factors):
        return None
    nodes: Floats = scorer.operator_.left[:, :-1].copy()
    users = graph.nodes[USER].range
    nodes[users.start : users.stop] = graph.query().weights(scorer.weighting) @ nodes
    return nodes


def projection(graph: KnowledgeGraph, nodes: Floats) -> alt.Chart:
    """The items in the plane of their two first principal components, by direction; the most sold, coloured by a trait.

    The trait is the relation whose most frequent values lie furthest apart in the plane.
    """
    import altair as alt

    items = graph.nodes[ITEM]
    own = nodes[items.start : items.range.stop].astype(np.float64)
    own *= power(np.linalg.norm(own, axis=1), -1)[:, None]
    sold = np.zeros(graph.n_items)
    for relation in graph.event_relations:
        sold += np.bincount(graph.relations[relation].indices, minlength=graph.n_items)
    shown = np.flatnonzero(own.any(axis=1))
    shown = shown[np.argsort(-sold[shown], kind="stable")[:_SHOWN]]
    centred = own[shown] - own[shown].mean(axis=0) if len(shown) else own[shown]
    _, lengths, across = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(shown), 2))
    places[:, : len(across[:2])] = centred @ across[:2].T
    share = (lengths[:2] ** 2).sum() / max((lengths**2).sum(), 1e-12)
    name, traits = _trait(graph, shown, places)
    columns = {"x": places[:, 0], "y": places[:, 1], "item": items.labels[shown], "id": items.ids.ids[shown]}
    columns |= {"trait": traits, "sold": sold[shown]}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*map(np.ndarray.tolist, columns.values()), strict=True)]
    told = sorted({*traits} - {OTHER})
    axis = alt.Axis(labels=False, ticks=False, title=None, grid=False, domainColor=LINE)
    return (
        alt.Chart(alt.InlineData(values=rows), width=_SIDE, height=_SIDE)
        .mark_circle(opacity=0.7)
        .encode(
            x=alt.X("x:Q", axis=axis),
            y=alt.Y("y:Q", axis=axis),
            size=alt.Size("sold:Q", legend=None, scale=alt.Scale(range=[12, 260])),
            color=alt.Color(
                "trait:N",
                title=name,
                scale=alt.Scale(domain=[*told, OTHER], range=[*LINES[: len(told)], _PALE]),
                legend=alt.Legend() if name else None,
            ),
            tooltip=["item:N", "id:N", "trait:N"],
        )
        .properties(title=f"{len(shown):,} items; the plane holds {share:.0%} of how their embeddings differ")
        .configure(font=FONT)
        .configure_title(color=INK, anchor="start")
        .configure_view(stroke=None)
    )


def _trait(
    graph: KnowledgeGraph, shown: NDArray[np.int64], places: NDArray[np.float64]
) -> tuple[str, NDArray[np.object_]]:
    """The relation to colour by, and its value of each item shown; "" where none tells them apart.

    Told by the share of the spread in the plane that lies between the values, above that of values given at random.
    """
    known = attributes(graph)
    best, found, most = "", np.full(len(shown), OTHER, dtype=object), 0.0
    for relation, start, stop in zip(known.relations, known.starts[:-1], known.starts[1:], strict=True):
        part = known.values[shown][:, start:stop].tocsc()
        frequent = np.argsort(-np.diff(part.indptr), kind="stable")[:_COLOURS]
        values = np.full(len(shown), OTHER, dtype=object)
        for value in frequent[::-1]:
            having = part.indices[part.indptr[value] : part.indptr[value + 1]]
            values[having] = graph.label(int(known.nodes[start + value]))
        told = _between(values, places)
        if told > most:
            best, found, most = relation, values, told
    return best, found


def _between(values: NDArray[np.object_], places: NDArray[np.float64]) -> float:
    """The share of the spread of centred places (n, 2) that lies between groups, less what chance gives; 0 for none."""
    _, group = np.unique(values.astype(str), return_inverse=True)
    n_groups, total = int(group.max(initial=-1)) + 1, float((places**2).sum())
    if n_groups < _FEWEST_GROUPS or total == 0:
        return 0.0
    counts = np.bincount(group)
    sums = np.stack([np.bincount(group, side) for side in places.T], axis=1)
    return float((sums**2 / counts[:, None]).sum()) / total - (n_groups - 1) / len(places)
