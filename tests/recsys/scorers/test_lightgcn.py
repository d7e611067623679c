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
from kg.query import Weighting
from recsys.errors import RecsysError
from recsys.holdout import popularity
from recsys.scorers import memory
from recsys.scorers.embeddings import Embeddings
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.propagation import adjacency, product, to_torch
from recsys.training import Progress, Run
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


def model(graph: kg.KnowledgeGraph, n_layers: int = 2) -> Embeddings:
    cpu = torch.device("cpu")
    return Embeddings(graph, Weighting(), Weighting(), size=4, n_layers=n_layers, seed=0, device=cpu)


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


def test_the_adjacency_is_normalised_by_relation_then_whole(graph: kg.KnowledgeGraph) -> None:
    def normalised(matrix: np.ndarray) -> np.ndarray:
        degrees = matrix.sum(axis=1)
        factor = np.where(degrees > 0, 1 / np.sqrt(np.where(degrees > 0, degrees, 1)), 0)
        return factor[:, None] * matrix * factor

    total = np.zeros((graph.n_nodes, graph.n_nodes))
    for (source, _, target), edges in graph.relations.items():
        one = np.zeros_like(total)
        for head, tail in zip(edges.sources, edges.indices, strict=True):
            a, b = graph.nodes[source].start + head, graph.nodes[target].start + tail
            one[a, b] = one[b, a] = 1
        total += normalised(one)
    np.testing.assert_allclose(adjacency(graph, Weighting()).toarray(), normalised(total), rtol=1e-5)


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_propagation_is_the_mean_of_powers_and_users_begin_at_nothing(graph: kg.KnowledgeGraph, n_layers: int) -> None:
    made = model(graph, n_layers)
    first = np.vstack([np.zeros((graph.n_users, 4)), made.parameters["nodes"].detach().numpy()])
    A = adjacency(graph, Weighting()).toarray()
    expected = np.mean([np.linalg.matrix_power(A, power) @ first for power in range(n_layers + 1)], axis=0)
    np.testing.assert_allclose(made.now(), expected, atol=1e-6)


def test_the_loss_is_that_of_a_softmax_without_the_rest_of_the_query(graph: kg.KnowledgeGraph) -> None:
    made = model(graph)
    loss = made.loss(batch_size=5, n_candidates=99, temperature=0.5)(np.random.default_rng(3)).item()
    rng = np.random.default_rng(3)
    picked = np.searchsorted(made.chances, rng.random(5) * made.chances[-1], side="right")
    nodes = made.now()
    items = nodes[made.items.start : made.items.stop]
    items = items / np.linalg.norm(items, axis=1, keepdims=True)
    expected = []
    for user, target in zip(made.users[picked], made.targets[picked], strict=True):
        own = graph.query(np.array([user])).nodes - made.items.start
        rest = own[own != target]
        asked = nodes[rest + made.items.start].sum(axis=0)
        logits = items @ (asked / np.linalg.norm(asked)) / 0.5
        offered = np.setdiff1d(np.arange(graph.n_items), rest)
        expected.append(np.log(np.exp(logits[offered]).sum()) - logits[target])
    assert loss == pytest.approx(np.mean(expected), rel=1e-5)


def test_a_softmax_over_drawn_items_estimates_the_whole(graph: kg.KnowledgeGraph) -> None:
    made = model(graph)
    whole = made.loss(batch_size=16, n_candidates=99, temperature=0.5)
    some = made.loss(batch_size=16, n_candidates=12, temperature=0.5)
    means = [np.mean([f(np.random.default_rng(seed)).item() for seed in range(60)]) for f in (whole, some)]
    assert means[1] == pytest.approx(means[0], rel=0.05)


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


def test_too_little_memory_is_said_before_it_is_taken(
    graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(RecsysError, match=r"LightGCN needs.*walks"):
        SMALL.fit(graph)
