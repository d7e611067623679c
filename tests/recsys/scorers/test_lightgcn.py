"""LightGCN's kernels against dense twins, its resume, and its early stopping."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import random_array

import kg
from kg.edges import Edges
from kg.query import Weighting
from recsys.errors import RecsysError
from recsys.holdout import popularity
from recsys.journal import Progress
from recsys.losses import LOSSES, named
from recsys.operators import Factors
from recsys.scorers import memory
from recsys.scorers.asked import Asked
from recsys.scorers.bridges import bridges
from recsys.scorers.embeddings import Embeddings
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.propagation import Plan, propagate
from recsys.scorers.shapes import Batch, Shape
from recsys.scorers.sparse import Entries, product, to_torch
from recsys.scorers.spectral import Spectral
from recsys.training import Run
from recsys.types import Holdout

SMALL = LightGCN(embedding_size=8, n_epochs=6, n_steps=4, batch_size=64)


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    rng = np.random.default_rng(1)
    pairs = [(f"u{u}", f"i{i}") for u in range(30) for i in rng.choice(20, 6, replace=False) if (u + i) % 3]
    log = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(time=pd.Timestamp("2024-01-01"))
    facts = pd.DataFrame({"head": [f"i{i}" for i in range(20)], "tail": [f"b{i % 3}" for i in range(20)]})
    facts = facts.assign(relation="brand", head_type="item", tail_type="brand", literal=False)
    return kg.build(kg.Tables.of(events=log.astype({"time": "datetime64[us]"}), facts=facts))


@pytest.fixture(scope="module")
def validation(graph: kg.KnowledgeGraph) -> Holdout:
    query = graph.query()
    rng = np.random.default_rng(2)
    targets = random_array((graph.n_users, graph.n_items), density=0.3, rng=rng, dtype=np.float32).tocsr()
    targets.data[:] = 1
    return Holdout(query, targets, ("purchase",), popularity(graph))


CPU = torch.device("cpu")


def without_item(edges: Edges, relation: tuple[str, str, str], item: int) -> Edges:
    kept = (edges.sources if relation[0] == "item" else edges.indices) != item
    return Edges.of(edges.sources[kept], edges.indices[kept], len(edges.indptr) - 1)


def without_events(graph: kg.KnowledgeGraph, item: int) -> kg.KnowledgeGraph:
    """Of an item nothing is known but its attributes."""
    less = {name: without_item(graph.relations[name], name, item) for name in graph.event_relations}
    return replace(graph, relations={**graph.relations, **less})


def model(graph: kg.KnowledgeGraph, n_layers: int = 2) -> Embeddings:
    return Embeddings(graph, Weighting(), Weighting(), Shape(4, n_layers, "random", 0), CPU)


def whole(graph: kg.KnowledgeGraph) -> list[np.ndarray]:
    """Every relation's normalised matrix over all nodes, both ways, in the order of `bridges`."""
    merged = [[name for name in graph.relations if name[0] == "user"]]
    merged += [[name] for name in graph.relations if name[0] != "user"]
    matrices = []
    for names in merged:
        one = np.zeros((graph.n_nodes, graph.n_nodes))
        for source, name, target in names:
            edges = graph.relations[(source, name, target)]
            for head, tail in zip(edges.sources, edges.indices, strict=True):
                a, b = graph.nodes[source].start + head, graph.nodes[target].start + tail
                one[a, b] = one[b, a] = 1
        matrices.append(one)
    count = sum((one.sum(axis=1) > 0).astype(float) for one in matrices)
    made = []
    for one in matrices:
        degrees = one.sum(axis=1)
        factor = np.where(degrees > 0, 1 / np.sqrt(np.where(degrees > 0, degrees * count, 1)), 0)
        made.append(factor[:, None] * one * factor)
    return made


def test_the_sparse_product_and_its_gradient_are_the_dense_ones() -> None:
    matrix = random_array((7, 5), density=0.4, rng=np.random.default_rng(0), dtype=np.float32).tocsr()
    ours = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    twin = ours.detach().clone().requires_grad_()
    cpu = torch.device("cpu")
    made = product(to_torch(matrix, cpu), to_torch(matrix.T.tocsr(), cpu), ours)
    expected = torch.from_numpy(matrix.toarray()) @ twin
    torch.testing.assert_close(made, expected)
    made.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(ours.grad, twin.grad)


@pytest.mark.parametrize("m", [20, 40], ids=["fewer than all", "more than all"])
def test_entries_of_a_product_and_their_gradients_are_the_dense_ones(m: int) -> None:
    rng, random = np.random.default_rng(0), torch.Generator().manual_seed(0)
    rows, columns = rng.integers(6, size=m), rng.integers(4, size=m)
    weights = torch.randn(m, generator=random)
    ours = [torch.randn(n, 3, generator=random).requires_grad_() for n in (6, 4)]
    twins = [each.detach().clone().requires_grad_() for each in ours]
    made = Entries.of(rows, columns, (6, 4), CPU).of_product(*ours)
    expected = (twins[0] @ twins[1].T)[rows, columns]
    torch.testing.assert_close(made, expected)
    (made * weights).sum().backward()
    (expected * weights).sum().backward()
    for mine, twin in zip(ours, twins, strict=True):
        torch.testing.assert_close(mine.grad, twin.grad)


def test_how_near_queries_are_to_chosen_items_is_their_product_and_so_are_the_gradients() -> None:
    rng, random = np.random.default_rng(0), torch.Generator().manual_seed(0)
    place, targets = np.repeat(np.arange(4), 3), rng.integers(5, size=12)
    own, chosen = rng.random(12, dtype=np.float32), rng.integers(5, size=(12, 1))
    found = []
    for whole in (True, False):
        tables = [torch.randn(n, 3, generator=random.manual_seed(1)).requires_grad_() for n in (4, 5)]
        asked, offered = Asked(tables[0], place, tables[1], targets, own), tables[1].tanh()
        near = (asked.normalised()[:, None] * offered[chosen]).sum(dim=2) if whole else asked.near(offered, chosen)
        near.square().sum().backward()
        found.append((near, *(table.grad for table in tables)))
    for expected, made in zip(*found, strict=True):
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-6)


def test_a_rest_that_is_nothing_is_near_to_nothing() -> None:
    sums, items = torch.ones(1, 3, requires_grad=True), torch.ones(1, 3)
    asked = Asked(sums, np.zeros(1, np.int64), items, np.zeros(1, np.int64), np.ones(1, np.float32))
    near = asked.near(items, np.zeros((1, 1), np.int64))
    near.sum().backward()
    assert near.item() == 0
    assert sums.grad is not None
    assert sums.grad.isfinite().all()


def test_every_relation_is_normalised_by_itself_then_by_their_number(graph: kg.KnowledgeGraph) -> None:
    for (relation, part), expected in zip(bridges(graph, Weighting()).items(), whole(graph), strict=True):
        rows, columns = (graph.nodes[end].range for end in relation[::2])
        block = expected[rows.start : rows.stop, columns.start : columns.stop]
        np.testing.assert_allclose(part.toarray(), block, rtol=1e-5)


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4])
def test_propagation_and_its_gradients_are_the_dense_ones(graph: kg.KnowledgeGraph, n_layers: int) -> None:
    plan = Plan.of(graph, bridges(graph, Weighting()), n_layers, CPU)
    dense = torch.from_numpy(np.stack(whole(graph))).float()
    rng = torch.Generator().manual_seed(0)
    first = torch.randn(graph.n_nodes - graph.n_users, 3, generator=rng)
    weights = torch.rand(n_layers, 2, generator=rng) + 0.5
    ours, twins = ([each.clone().requires_grad_() for each in (weights, first)] for _ in range(2))
    made = propagate(plan, *ours)
    layer = total = torch.cat([torch.zeros(graph.n_users, 3), twins[1]])
    for own in twins[0]:
        layer = torch.einsum("r,rij,jd->id", own, dense, layer)
        total = total + layer
    expected = total[graph.n_users :] / (n_layers + 1)
    torch.testing.assert_close(made, expected)
    made.square().sum().backward()
    expected.square().sum().backward()
    for mine, twin in zip(ours, twins, strict=True):
        torch.testing.assert_close(mine.grad, twin.grad)


def test_messages_skip_the_events_left_out(graph: kg.KnowledgeGraph) -> None:
    plan = Plan.of(graph, bridges(graph, Weighting()), 3, CPU)
    kept = torch.from_numpy(np.random.default_rng(0).integers(0, 2, plan.layers[1][0].edges[0].numel()).astype("f4"))
    layers = plan.without(0, kept).layers
    users, items = graph.nodes["user"].range, graph.nodes["item"].range
    whole_one = bridges(graph, Weighting())["user", "", "item"].tocoo()
    expected = np.zeros((len(users), len(items)), np.float32)
    expected[whole_one.row, whole_one.col] = whole_one.data * kept.numpy()
    for message, twin in zip(layers[1][:2], (expected.T, expected), strict=True):
        np.testing.assert_allclose(message.matrix.to_dense().numpy(), twin)
        np.testing.assert_allclose(message.turned.to_dense().numpy(), twin.T)
    assert layers[0][0].matrix is layers[1][1].matrix is layers[1][0].turned, "masked once"
    assert layers[1][2:] == plan.layers[1][2:], "the facts carry on"


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_propagation_is_the_mean_of_powers_and_users_begin_at_nothing(graph: kg.KnowledgeGraph, n_layers: int) -> None:
    made = model(graph, n_layers)
    first = np.vstack([np.zeros((graph.n_users, 4)), made.parameters["nodes"].detach().numpy()])
    A = sum(whole(graph))
    expected = np.mean([np.linalg.matrix_power(A, power) @ first for power in range(n_layers + 1)], axis=0)
    others = slice(graph.n_users, None)  # what users hear last, nobody asks
    np.testing.assert_allclose(made.now()[others], expected[others], atol=1e-6)


@pytest.mark.parametrize("sharpness", [0.5, 1.0])
def test_spectral_embeddings_begin_where_the_interactions_end(graph: kg.KnowledgeGraph, sharpness: float) -> None:
    size = graph.n_items + 3  # more than there are singular values
    made = Embeddings(graph, Weighting(), Weighting(), Shape(size, 2, "spectral", 0, sharpness), CPU)
    nodes = made.parameters["nodes"].detach().numpy()
    parts = bridges(graph, Weighting())["user", "", "item"].toarray()
    gram = nodes[: graph.n_items] @ nodes[: graph.n_items].T
    values, vectors = np.linalg.eigh(parts.T @ parts)
    expected = (vectors * values.clip(min=0) ** sharpness) @ vectors.T  # eigenvalues are squares of singular ones
    np.testing.assert_allclose(gram / np.trace(gram), expected / np.trace(expected), atol=1e-5)
    assert not nodes[graph.n_items :].any()


def asked(made: Embeddings, batch: Batch, name: str, seed: int) -> np.ndarray:
    return made.losses(np.random.default_rng(seed), slice(None), batch, named(name)).detach().numpy()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_that_of_its_definition_without_the_rest_of_the_query(graph: kg.KnowledgeGraph, name: str) -> None:
    made = model(graph)
    batch = Batch(5, 99, 0.5)
    losses = asked(made, batch, name, 3)
    rng = np.random.default_rng(3)
    wanted = np.sort(rng.random(5)) * made.pairs.chances[-1]
    picked = np.searchsorted(made.pairs.chances, wanted, side="right")
    nodes = made.now()
    items = nodes[made.items.start : made.items.stop]
    items = items / np.linalg.norm(items, axis=1, keepdims=True)
    for loss, user, target in zip(losses, made.pairs.users[picked], made.pairs.targets[picked], strict=True):
        own = graph.query(np.array([user])).nodes - made.items.start
        rest = own[own != target]
        query = nodes[rest + made.items.start].sum(axis=0)
        logits = items @ (query / np.linalg.norm(query)) / 0.5
        others = np.setdiff1d(np.arange(graph.n_items), own)
        lost = np.log1p(np.exp(logits[others] - logits[target]))
        expected = {
            "softmax": np.log1p(np.exp(logits[others] - logits[target]).sum()),
            "bpr": lost.mean(),
            "hard_bpr": np.pad(np.sort(lost)[::-1], (0, 16))[:16].mean(),
        }
        assert loss == pytest.approx(expected[name], rel=1e-4)


@pytest.mark.parametrize("name", ["softmax", "bpr"])
def test_a_loss_over_drawn_items_estimates_the_whole(graph: kg.KnowledgeGraph, name: str) -> None:
    made = model(graph)
    means = [np.mean([asked(made, Batch(16, n, 0.5), name, seed) for seed in range(60)]) for n in (99, 12, 0)]
    assert means[1] == pytest.approx(means[0], rel=0.05)
    assert means[2] == pytest.approx(means[0], rel=0.1)


@pytest.mark.parametrize("name", ["softmax", "bpr"])
def test_a_loss_over_a_pairs_own_negatives_estimates_the_whole(graph: kg.KnowledgeGraph, name: str) -> None:
    made = model(graph)
    own = Batch(16, 99, 0.5, n_negatives=40)
    means = [np.mean([asked(made, batch, name, seed) for seed in range(60)]) for batch in (Batch(16, 99, 0.5), own)]
    assert means[1] == pytest.approx(means[0], rel=0.05)


@pytest.mark.parametrize("batch", [Batch(16, 99, 0.5), Batch(16, 8, 0.5), Batch(16, 99, 0.5, n_negatives=9)], ids=str)
def test_what_nobody_had_nobody_has_passed_over(graph: kg.KnowledgeGraph, batch: Batch) -> None:
    """An item that only its attributes tell of is no negative: nothing pushes its embedding away from anybody."""
    made = model(without_events(graph, 3), 0)
    asked_of = made.losses(np.random.default_rng(0), slice(None), batch, named("softmax"))
    asked_of.sum().backward()
    heard = made.parameters["nodes"].grad
    assert heard is not None
    assert made.linked[3]
    assert not heard[made.first_item + 3].any()
    assert heard[made.first_item : made.first_item + graph.n_items].any(dim=1).sum() > graph.n_items / 2


@pytest.mark.parametrize("n_layers", [0, 2])
def test_hidden_items_are_what_they_would_be_without_events_and_an_embedding(
    graph: kg.KnowledgeGraph, n_layers: int
) -> None:
    made = model(graph, n_layers)
    hidden = np.arange(graph.n_items) % 3 == 0
    kept = made.pairs.kept(np.random.default_rng(0), np.arange(4), Batch(4, 9, 1.0), hidden)
    found = made.propagated(torch.from_numpy(kept), torch.from_numpy(hidden)).detach().numpy()
    first = np.vstack([np.zeros((graph.n_users, 4)), made.parameters["nodes"].detach().numpy()])
    items = graph.nodes["item"].start + np.flatnonzero(hidden)
    first[items] = 0
    events, brands = whole(graph)
    events[items], events[:, items] = 0, 0
    powers = (np.linalg.matrix_power(events + brands, power) for power in range(n_layers + 1))
    expected = np.mean([power @ first for power in powers], axis=0)
    np.testing.assert_allclose(found, expected[graph.n_users :], atol=1e-6)


def test_a_share_of_the_items_is_hidden_in_every_step(graph: kg.KnowledgeGraph) -> None:
    pairs, rng = model(graph).pairs, np.random.default_rng(0)
    assert pairs.hidden(rng, Batch(1, 9, 1.0)) is None
    found = np.mean([pairs.hidden(rng, Batch(1, 9, 1.0, hidden=0.3)) for _ in range(200)], axis=0)
    np.testing.assert_allclose(found, 0.3, atol=0.12)


@pytest.mark.parametrize("n_negatives", [0, 3])
def test_parts_of_a_batch_are_the_batch(graph: kg.KnowledgeGraph, n_negatives: int) -> None:
    made = model(graph)
    batch = Batch(7, 12, 0.5, dropout=0.3, own_messages=False, n_negatives=n_negatives, hidden=0.2)
    whole_one = asked(made, batch, "softmax", 1)
    for part in (slice(0, None, 2), slice(1, None, 2)):
        losses = made.losses(np.random.default_rng(1), part, batch, named("softmax"))
        np.testing.assert_allclose(losses.detach().numpy(), whole_one[part], rtol=1e-5)


def test_the_filter_begins_as_the_spectral_scorer(graph: kg.KnowledgeGraph) -> None:
    """The products of the first embeddings are what that scorer knows of two items, but for how loud it is."""
    made = Embeddings(graph, Weighting(), Weighting(), Shape(6, 2, "filter", 0, sharpness=0.5), CPU)
    known = Spectral(rank=6, sharpness=1.0, train_half_life=None).fit(graph)
    assert isinstance(known.operator_, Factors)
    expected = known.operator_.left @ known.operator_.right.T * known.degrees_**-known.item_power
    items = made.parameters["nodes"].detach().numpy()[made.first_item : made.first_item + graph.n_items]
    found = items @ items.T
    np.testing.assert_allclose(found / np.linalg.norm(found), expected / np.linalg.norm(expected), atol=1e-5)


def test_a_batch_without_its_own_messages_leaves_the_others(graph: kg.KnowledgeGraph) -> None:
    made = model(graph)
    kept = made.pairs.kept(np.random.default_rng(0), np.array([0, 5, 5]), Batch(3, 9, 1.0, own_messages=False))
    pairs = made.bridges["user", "", "item"].tocoo()
    gone = {(int(pairs.row[edge]), int(pairs.col[edge])) for edge in np.flatnonzero(kept == 0)}
    assert gone == {(int(made.pairs.users[place]), int(made.pairs.targets[place])) for place in (0, 5)}
    some = made.pairs.kept(np.random.default_rng(0), np.array([0]), Batch(1, 9, 1.0, dropout=0.4))
    assert 0.45 < some.mean() < 0.75


def test_training_ranks_better_than_the_first_embeddings(graph: kg.KnowledgeGraph) -> None:
    losses: list[Progress] = []
    replace(SMALL, n_epochs=10).fit(graph, run=Run(progress=losses.append))
    assert losses[-1].loss < losses[0].loss


def test_validation_teaches_the_number_of_epochs(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    told: list[Progress] = []
    scorer = replace(SMALL, n_epochs=30, patience=2).fit(graph, validation, Run(progress=told.append))
    best = max(told, key=lambda progress: progress.validation or 0)
    assert scorer.taught_ == {"n_epochs": best.epoch}
    again = replace(SMALL, **scorer.taught_).fit(graph)
    np.testing.assert_array_equal(again.score(graph.query()), scorer.score(graph.query()))


def test_a_broken_fit_goes_on_bit_for_bit(graph: kg.KnowledgeGraph, validation: Holdout, tmp_path: Path) -> None:
    whole = SMALL.fit(graph, validation).score(graph.query())

    def unplug(progress: Progress) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SMALL.fit(graph, validation, Run(checkpoint=tmp_path / "state", progress=unplug))
    resumed = SMALL.fit(graph, validation, Run(checkpoint=tmp_path / "state"))
    np.testing.assert_array_equal(resumed.score(graph.query()), whole)
    with pytest.raises(RecsysError, match="another graph, version or parameters"):
        replace(SMALL, seed=1).fit(graph, validation, Run(checkpoint=tmp_path / "state"))


@pytest.mark.parametrize(
    "given",
    [
        {"loss": "bpr"},
        {"loss": "hard_bpr"},
        {"dropout": 0.2},
        {"own_messages": False},
        {"hidden": 0.3},
        {"loss": "bpr", "n_negatives": 2},
        {"first": "spectral"},
        {"first": "filter"},
        {"similarity": "dot"},
    ],
    ids=str,
)
def test_every_option_learns(graph: kg.KnowledgeGraph, given: dict[str, object]) -> None:
    losses: list[Progress] = []
    scorer = replace(SMALL, n_epochs=10, **given).fit(graph, run=Run(progress=losses.append))
    assert losses[-1].loss < losses[0].loss
    assert np.isfinite(scorer.score(graph.query())).all()
    assert losses[0].traffic > 0
    assert losses[0].share > 0


def test_nodes_and_relations_without_edges_are_no_trouble(graph: kg.KnowledgeGraph) -> None:
    """A relation that nobody uses, and an item that nothing is known of: it has no score, the others keep theirs."""
    nothing = np.empty(0, np.int64)
    relations = {**graph.relations, ("item", "colour", "brand"): Edges.of(nothing, nothing, graph.n_items)}
    with_empty = replace(graph, relations=relations)
    parts = bridges(with_empty, Weighting())
    assert list(parts) == list(bridges(graph, Weighting()))
    lonely = replace(with_empty, relations={name: without_item(edges, name, 3) for name, edges in relations.items()})
    scorer = replace(SMALL, n_epochs=1).fit(lonely)
    scores = scorer.score(lonely.query())
    assert np.isnan(scores[:, 3]).all()
    assert np.isfinite(np.delete(scores, 3, axis=1)).all()


def test_the_memory_needed_is_said_first(graph: kg.KnowledgeGraph) -> None:
    told: list[str] = []
    replace(SMALL, n_epochs=1).fit(graph, run=Run(say=told.append, progress=lambda now: told.append(str(now))))
    assert "MB beside the graph" in told[0]
    assert "GB/s" in told[1]


def test_too_little_memory_is_said_before_it_is_taken(
    graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(RecsysError, match=r"lightgcn needs.*walks"):
        SMALL.fit(graph)
